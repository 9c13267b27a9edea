"""A readout as a page shows it: the sentence first, the drawing, then what stands behind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.analysis.counts import LinkTotal
from app.analysis.headings import Heading
from app.analysis.methods import key_of
from app.analysis.readout_types import (
    ArmCounts,
    Estimate,
    Evidence,
    Guardrail,
    LookAt,
    Readout,
    Segment,
)
from app.experiments.metrics import Source, Words
from app.experiments.vocabulary import HOLDOUT
from app.platform import figures
from app.web.experiments import awaited
from app.web.experiments.awaited import Awaited
from app.web.experiments.result_charts import Drawn, Forest, drawn, forest
from app.web.kit import formatting
from app.web.kit.waffles import Waffle, waffle

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # where a chart's axis may end


@dataclass(frozen=True, slots=True)
class Machines:
    """Recipients by who clicked their links."""

    sentence: str
    drawn: Waffle | None
    rows: tuple[tuple[str, str, int, float], ...]  # kind, its words, recipients, their share


@dataclass(frozen=True, slots=True)
class Moved:
    """What the result says about one key result."""

    id: str
    title: str
    says: str
    linked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The result at the head of a page: what experiments/result.html may use."""

    state: str
    provisional: bool
    sentence: str
    because: tuple[str, ...]
    versus: str
    estimate: Estimate | None
    threshold: float | None
    scale: float
    caption: str
    forest: Forest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Panel):
    """Everything the templates in readouts/ may use."""

    arms: tuple[Estimate, ...]
    is_rate: bool
    words: Words
    is_clicked: bool
    looks: tuple[LookAt, ...]
    cohort: tuple[tuple[str, int, float, float], ...]
    figures: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    waiting_for: tuple[str, ...]
    funnel: tuple[tuple[str, int], ...]
    got_nothing: int  # people of the holdout, left out wherever versions are not compared
    machines: Machines
    guardrails: tuple[Guardrail, ...]
    links: tuple[LinkTotal, ...]
    courses: tuple[Drawn, ...]
    segments: tuple[Segment, ...]
    novelty: str
    key_results: tuple[Moved, ...]
    as_of: datetime
    clicks_until: datetime | None
    method: str
    method_key: str | None
    rule_version: str
    awaited: Awaited | None  # while nothing or little has come


def result_of(readout: Readout, titles: Mapping[str, str], zone: ZoneInfo) -> Result:
    """Lay a readout out for reading; `titles` names its key results."""
    told = [row.method for row in readout.comparisons if row.method]
    estimate = _measured(readout)
    method = told[0] if told else estimate.method if estimate else ""
    return Result(
        **_head(readout),
        arms=readout.estimates if readout.comparisons else (),
        is_rate=not readout.rule.counts.is_value,
        words=readout.rule.words,
        is_clicked=readout.rule.counts.source is Source.CLICK,
        looks=readout.looks if len(readout.looks) > 1 else (),
        cohort=tuple(_cohort(readout)),
        figures=_figures(readout),
        warnings=readout.health.warnings,
        waiting_for=readout.why_not_yet,
        funnel=readout.funnel,
        got_nothing=sum(arm.enrolled for arm in readout.arms if arm.key == HOLDOUT),
        machines=_machines(readout),
        guardrails=readout.guardrails,
        links=tuple(sorted(readout.links, key=lambda link: _place(readout, link.arm))),
        courses=tuple(drawn(timeline, zone, readout.rule) for timeline in readout.timelines),
        segments=readout.segments,
        novelty=readout.novelty,
        key_results=tuple(_moved(link, titles) for link in readout.key_results),
        as_of=readout.as_of,
        clicks_until=readout.health.ingested_until,
        method=method,
        method_key=key_of(method),
        rule_version=readout.rule_version,
        awaited=awaited.awaited(readout, zone),
    )


def panel(heading: Heading) -> Panel:
    """Lay out what a readout says first."""
    return Panel(**_head(heading))


def _head(told: Readout | Heading) -> dict[str, Any]:
    estimate, threshold = _measured(told), told.rule.threshold
    return {
        "state": told.call.state,
        "provisional": told.call.provisional,
        "sentence": told.call.sentence,
        "because": told.call.because,
        "versus": told.headline,
        "estimate": estimate,
        "threshold": threshold,
        "scale": _scale(estimate, threshold) if threshold else 1.0,
        "caption": _caption(estimate, threshold, told.rule.words) if threshold else "",
        "forest": forest(told),
    }


def _measured(told: Readout | Heading) -> Estimate | None:
    return next((estimate for estimate in told.estimates if estimate.rate is not None), None)


def _scale(estimate: Estimate | None, threshold: float) -> float:
    """Where the axis ends.

    While windows are open the interval may reach 100 %: it then runs off the edge, so that the
    estimate stays legible.
    """
    known = estimate.rate or 0 if estimate else 0
    high = estimate.high * 1.15 if estimate else 0
    reach = max(threshold * 1.5, min(high, 2.5 * max(known, threshold)))
    return next((step for step in _STEPS if step >= reach), 1.0)


def _caption(estimate: Estimate | None, threshold: float, verbs: Words) -> str:
    if estimate is None:
        return ""
    return (
        f"{formatting.points(estimate.rate)} of"
        f" {formatting.plural(estimate.people, 'person', 'people')} {verbs.did};"
        f" between {formatting.points(estimate.low)} and {formatting.points(estimate.high)},"
        f" {estimate.label}. Your line is at {formatting.rate(threshold)}."
        f"{_still_open(estimate, verbs)}"
    )


def _still_open(estimate: Estimate, verbs: Words) -> str:
    if not estimate.people_open:
        return ""
    people = formatting.plural(estimate.people_open, "person", "people")
    return f" The upper end comes down as time runs out for the {people} who may still {verbs.do}."


def _cohort(readout: Readout) -> Iterator[tuple[str, int, float, float]]:
    """Day, people who first did it then, the share until then, and the same for a bar."""
    released = sum(arm.released for arm in _mailed(readout))
    everybody = sum(count for _, count in readout.days)
    if everybody > sum(arm.did for arm in _mailed(readout)):
        return  # frozen when days held the holdout's people, too
    so_far = 0
    for day, count in readout.days:
        so_far += count
        name = "The same day" if day == 0 else formatting.plural(day, "day") + " later"
        yield name, count, so_far / released if released else 0.0, so_far / everybody


def _mailed(readout: Readout) -> tuple[ArmCounts, ...]:
    """Everybody but the holdout, which stands beside them where versions are compared."""
    return tuple(arm for arm in readout.arms if arm.key != HOLDOUT)


def _place(readout: Readout, arm: str) -> int:
    """Versions stand in the order of the design, wherever they stand."""
    return next(
        (place for place, arm_counts in enumerate(readout.arms) if arm_counts.key == arm), -1
    )


def _figures(readout: Readout) -> tuple[tuple[str, str, str], ...]:
    mailed = _mailed(readout)
    if not mailed:
        return ()
    verbs, rule = readout.rule.words, readout.rule
    released = sum(arm.released for arm in mailed)
    enrolled = sum(arm.enrolled for arm in mailed)
    did = sum(arm.did for arm in mailed)
    still = sum(arm.open for arm in mailed)
    needed = readout.call.pass_count
    return (
        (
            "People released",
            formatting.number(released),
            f"of {formatting.number(enrolled)} enrolled",
        ),
        (
            f"People who {verbs.did}",
            formatting.number(did),
            f"{formatting.number(needed)} needed" if needed is not None else "",
        ),
        _per_person(readout, released)
        if rule.counts.is_value
        else (
            "That is",
            formatting.points(did / released) if released else "–",
            "of everybody released",
        ),
        (f"Can still {verbs.do}", formatting.number(still), "whose window is open, or yet to open"),
    )


def _per_person(readout: Readout, released: int) -> tuple[str, str, str]:
    value = sum(arm.value for arm in _mailed(readout))
    each = figures.value(value / released) if released else "–"
    return "Value per person", each, f"{formatting.number(value)} in all, before any cap"


def _machines(readout: Readout) -> Machines:
    released = sum(arm.released for arm in _mailed(readout))
    human = sum(arm.human_clickers for arm in readout.arms)
    unknown = sum(arm.unknown_clickers for arm in readout.arms)
    machine = sum(arm.machine_clickers for arm in readout.arms)
    nobody = max(0, released - human - unknown - machine)
    rows = (
        ("person", "People", human),
        ("unsure", "Not sure: not counted", unknown),
        ("machine", "Machines only: never counted", machine),
        ("nobody", _no_click(readout), nobody),
    )
    return Machines(
        sentence=_survives(readout),
        drawn=waffle([(kind, n) for kind, _, n in rows]),
        rows=tuple((kind, label, n, n / released if released else 0.0) for kind, label, n in rows),
    )


def _no_click(readout: Readout) -> str:
    """Of whoever is not tracked, nobody knows."""
    return "No click yet" + (", or not tracked" if any(a.untracked for a in readout.arms) else "")


def _survives(readout: Readout) -> str:
    reach = readout.range_with_unknown
    if reach is None or reach.low_rate == reach.high_rate:
        return "Each recipient is one mark: people first, then not sure, then machines."
    ends = f"{formatting.points(reach.low_rate)} to {formatting.points(reach.high_rate)}"
    outcome = "the result stays the same" if reach.survives else "the result would be another"
    return f"With everybody unsure left out or taken in: {ends}; {outcome}."


def _moved(link: Evidence, titles: Mapping[str, str]) -> Moved:
    says = link.assumption or link.reason or "Stands there as evidence; the value is not touched."
    title = titles.get(link.key_result_id, "Key result")
    return Moved(link.key_result_id, title, says, link.linked_at)

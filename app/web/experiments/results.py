"""A readout as a page shows it: the sentence first, the drawing, then what stands behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.analysis.cohorts import mailed
from app.analysis.counts import LinkTotal
from app.analysis.headings import Heading
from app.analysis.methods import key_of
from app.analysis.readout_types import (
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
from app.web.experiments import awaited, readout_charts
from app.web.experiments.awaited import Awaited
from app.web.experiments.machines import Machines, machines_of
from app.web.experiments.result_charts import Drawn, Forest, drawn, forest
from app.web.kit import charts, formatting
from app.web.kit.charts import Charts


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
    charts: Charts


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Panel):
    """Everything the templates in readouts/ may use."""

    arms: tuple[Estimate, ...]
    is_rate: bool
    words: Words
    is_clicked: bool
    looks: tuple[LookAt, ...]
    figures: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    waiting_for: tuple[str, ...]
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
    courses = tuple(drawn(timeline, zone, readout.rule) for timeline in readout.timelines)
    links = tuple(sorted(readout.links, key=lambda link: _place(readout, link.arm)))
    head, waits = _head(readout, readout.experiment_id), awaited.awaited(readout, zone)
    parts = _Parts(readout, courses, links, machines_of(readout), waits)
    return Result(
        **head | {"charts": {**head["charts"], **_charts(parts, zone)}},
        arms=readout.estimates if readout.comparisons else (),
        is_rate=not readout.rule.counts.is_value,
        words=readout.rule.words,
        is_clicked=readout.rule.counts.source is Source.CLICK,
        looks=readout.looks if len(readout.looks) > 1 else (),
        figures=_figures(readout),
        warnings=readout.health.warnings,
        waiting_for=readout.why_not_yet,
        got_nothing=sum(arm.enrolled for arm in readout.arms if arm.key == HOLDOUT),
        machines=parts.machines,
        guardrails=readout.guardrails,
        links=links,
        courses=courses,
        segments=readout.segments,
        novelty=readout.novelty,
        key_results=tuple(_moved(link, titles) for link in readout.key_results),
        as_of=readout.as_of,
        clicks_until=readout.health.ingested_until,
        method=method,
        method_key=key_of(method),
        rule_version=readout.rule_version,
        awaited=waits,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What charts are made of."""

    readout: Readout
    courses: tuple[Drawn, ...]
    links: tuple[LinkTotal, ...]
    machines: Machines
    awaited: Awaited | None


def _charts(parts: _Parts, zone: ZoneInfo) -> Charts:
    readout, machines = parts.readout, parts.machines
    is_many = bool(readout.comparisons)
    found = (
        readout_charts.awaited(parts.awaited, readout.rule.words.did),
        readout_charts.funnel(readout.funnel, readout.rule.words.noun),
        readout_charts.people(machines, machines.rows, machines.sentence)
        if machines.drawn
        else None,
        *(
            readout_charts.hours(course, number, zone, is_one_of_many=is_many)
            for number, course in enumerate(parts.courses, 1)
        ),
        readout_charts.days(readout),
        readout_charts.links(
            parts.links, {arm.key: arm.released for arm in readout.arms}, is_compared=is_many
        ),
    )
    return charts.standing_at(readout_charts.home(readout.experiment_id), found)


def panel(heading: Heading, experiment_id: str) -> Panel:
    """Lay out what a readout says first."""
    return Panel(**_head(heading, experiment_id))


def _head(told: Readout | Heading, experiment_id: str) -> dict[str, Any]:
    estimate, threshold = _measured(told), told.rule.threshold
    scale = _scale(estimate, threshold) if threshold else 1.0
    caption = _caption(estimate, threshold, told.rule.words) if threshold else ""
    compared = forest(told)
    first = (
        readout_charts.versions(compared)
        if compared
        else readout_charts.result(estimate, threshold, scale, told.call.state, caption)
    )
    return {
        "state": told.call.state,
        "provisional": told.call.provisional,
        "sentence": told.call.sentence,
        "because": told.call.because,
        "versus": told.headline,
        "estimate": estimate,
        "threshold": threshold,
        "scale": scale,
        "caption": caption,
        "forest": compared,
        "charts": charts.standing_at(readout_charts.home(experiment_id), (first,)),
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
    return figures.axis_end(reach)


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


def _place(readout: Readout, arm: str) -> int:
    """Versions stand in the order of the design, wherever they stand."""
    return next(
        (place for place, arm_counts in enumerate(readout.arms) if arm_counts.key == arm), -1
    )


def _figures(readout: Readout) -> tuple[tuple[str, str, str], ...]:
    arms = mailed(readout)
    if not arms:
        return ()
    verbs, rule = readout.rule.words, readout.rule
    released = sum(arm.released for arm in arms)
    enrolled = sum(arm.enrolled for arm in arms)
    did = sum(arm.did for arm in arms)
    still = sum(arm.open for arm in arms)
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
    value = sum(arm.value for arm in mailed(readout))
    each = figures.value(value / released) if released else "–"
    return "Value per person", each, f"{formatting.number(value)} in all, before any cap"


def _moved(link: Evidence, titles: Mapping[str, str]) -> Moved:
    says = link.assumption or link.reason or "Stands there as evidence; the value is not touched."
    title = titles.get(link.key_result_id, "Key result")
    return Moved(link.key_result_id, title, says, link.linked_at)

"""A readout as a page shows it: the sentence first, the drawing, then what stands behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.analysis.counts import LinkTotal
from app.analysis.shapes import ArmCounts, Estimate, Evidence, Guardrail, Readout
from app.web import words
from app.web.plots import Plot, growth

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)  # where a chart's axis may end


@dataclass(frozen=True, slots=True)
class Machines:
    """Recipients by who clicked their links."""

    sentence: str
    total: int
    parts: tuple[tuple[int, str], ...]
    rows: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What the result says about one key result."""

    id: str
    title: str
    says: str


@dataclass(frozen=True, slots=True)
class Result:
    """Everything the templates in readouts/ may use."""

    state: str
    provisional: bool
    sentence: str
    because: tuple[str, ...]
    versus: str
    estimate: Estimate | None
    threshold: float
    scale: float
    caption: str
    figures: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    waiting_for: tuple[str, ...]
    funnel: tuple[tuple[str, int], ...]
    machines: Machines
    guardrails: tuple[Guardrail, ...]
    links: tuple[LinkTotal, ...]
    plot: Plot | None
    key_results: tuple[Moved, ...]
    as_of: datetime
    method: str
    rule_version: str


def of(readout: Readout, titles: Mapping[str, str], zone: ZoneInfo) -> Result:
    """Lay a readout out for reading; `titles` names its key results."""
    estimate = next((e for e in readout.estimates if e.rate is not None), None)
    return Result(
        state=readout.call.state,
        provisional=readout.call.provisional,
        sentence=readout.call.sentence,
        because=readout.call.because,
        versus=readout.headline,
        estimate=estimate,
        threshold=readout.rule.threshold,
        scale=_scale(estimate, readout.rule.threshold),
        caption=_caption(estimate, readout.rule.threshold),
        figures=_figures(readout.arms[0], readout.call.pass_count) if readout.arms else (),
        warnings=readout.health.warnings,
        waiting_for=readout.why_not_yet,
        funnel=readout.funnel,
        machines=_machines(readout),
        guardrails=readout.guardrails,
        links=readout.links,
        plot=growth(readout.series, readout.rule.threshold, zone),
        key_results=tuple(_moved(link, titles) for link in readout.key_results),
        as_of=readout.as_of,
        method=estimate.method if estimate else "",
        rule_version=readout.rule_version,
    )


def _scale(estimate: Estimate | None, threshold: float) -> float:
    """Where the axis ends.

    While windows are open the interval may reach 100 %: it then runs off the edge, so that the
    estimate stays legible.
    """
    known = estimate.rate or 0 if estimate else 0
    high = estimate.high * 1.15 if estimate else 0
    reach = max(threshold * 1.5, min(high, 2.5 * max(known, threshold)))
    return next((step for step in _STEPS if step >= reach), 1.0)


def _caption(estimate: Estimate | None, threshold: float) -> str:
    if estimate is None:
        return ""
    return (
        f"{words.points(estimate.rate)} of {words.plural(estimate.people, 'person', 'people')}"
        f" clicked; between {words.points(estimate.low)} and {words.points(estimate.high)},"
        f" {estimate.label}. The threshold is {words.points(threshold)}.{_still_open(estimate)}"
    )


def _still_open(estimate: Estimate) -> str:
    if not estimate.people_open:
        return ""
    people = words.plural(estimate.people_open, "person", "people")
    return f" The upper end comes down as time runs out for the {people} who may still click."


def _figures(arm: ArmCounts, pass_count: int | None) -> tuple[tuple[str, str, str], ...]:
    needed = f"{words.number(pass_count)} needed" if pass_count is not None else ""
    share = words.points(arm.human_clickers / arm.released) if arm.released else ""
    return (
        (
            "People released",
            words.number(arm.released),
            f"of {words.number(arm.enrolled)} enrolled",
        ),
        ("People who clicked", words.number(arm.human_clickers), needed),
        ("That is", share or "–", "of everybody released"),
        ("Window still open", words.number(arm.live), "people may still click"),
    )


def _machines(readout: Readout) -> Machines:
    released = sum(arm.released for arm in readout.arms)
    human = sum(arm.human_clickers for arm in readout.arms)
    unknown = sum(arm.unknown_clickers for arm in readout.arms)
    machine = sum(arm.machine_clickers for arm in readout.arms)
    rows = (("People", human), ("Not sure", unknown), ("Machines only", machine))
    return Machines(
        sentence=_survives(readout),
        total=released,
        parts=((human, "better"), (unknown, "caution"), (machine, "quiet")),
        rows=tuple((label, n, n / released if released else 0.0) for label, n in rows),
    )


def _survives(readout: Readout) -> str:
    reach = readout.range_with_unknown
    if reach is None or reach.low_rate == reach.high_rate:
        return "Each recipient stands in one line: people first, then not sure, then machines."
    ends = f"{words.points(reach.low_rate)} to {words.points(reach.high_rate)}"
    outcome = "the result stays the same" if reach.survives else "the result would be another"
    return f"With all unsure clicks left out or taken in: {ends}; {outcome}."


def _moved(link: Evidence, titles: Mapping[str, str]) -> Moved:
    says = link.assumption or link.reason or "Stands there as evidence; the value is not touched."
    return Moved(link.key_result_id, titles.get(link.key_result_id, "Key result"), says)

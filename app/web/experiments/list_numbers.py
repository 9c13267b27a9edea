"""The number of an experiment in one line: what was measured, against what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.analysis import gathered
from app.analysis.list_calls import Told
from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Comparison, Estimate
from app.experiments.models import Experiment
from app.platform import figures


@dataclass(frozen=True, slots=True)
class Number:
    """In words, and as shares for the drawing, where it is one: empty where nothing is promised."""

    main: str  # `10.3 %`
    against: str  # `against 8 %`
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    line: float | None = None


NONE = Number("", "")


def number_of(experiment: Experiment, known: Told | None) -> Number:
    """What an experiment's list says of it. Its design can be read."""
    rule = gathered.rule_of(experiment)
    if rule.kind == "comparison":
        return _difference(rule, known.comparisons if known else ())
    return _share(rule, known.estimates if known else ())


def told(number: Number) -> tuple[str, str, str]:
    """Share, range and line of one that has a line."""
    line = figures.limit(number.line or 0.0)
    if number.rate is None or number.low is None or number.high is None:
        return "–", "–", line
    return number.main, f"{figures.share(number.low)} to {figures.share(number.high)}", line


def scale_of(numbers: Sequence[Number]) -> float:
    """Where one axis for all of them ends; an upper end that is still open runs off it."""
    known = [
        end
        for one in numbers
        if one.line is not None
        for end in (1.5 * one.line, 1.3 * (one.rate or 0.0))
    ]
    return figures.axis_end(max(known, default=0.0))


def _share(rule: Rule, estimates: Sequence[Estimate]) -> Number:
    measured = next((one for one in estimates if one.rate is not None), None)
    line = rule.threshold
    said = "" if line is None else f"against {figures.limit(line)}"
    if measured is None or measured.rate is None:
        return Number("", said, line=line)
    return Number(
        figures.share(measured.rate), said, measured.rate, measured.low, measured.high, line
    )


def _difference(rule: Rule, comparisons: Sequence[Comparison]) -> Number:
    """Of several versions the one that is furthest ahead."""
    known = [one for one in comparisons if one.difference is not None]
    best = max(known, key=lambda one: one.difference or 0.0, default=None)
    against = f"against “{rule.baseline}”"
    if best is None or best.difference is None:
        return Number("", against)
    say = figures.signed_value if rule.counts.is_value else figures.points
    return Number(say(best.difference), against)

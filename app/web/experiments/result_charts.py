"""What a readout draws: versions around their baseline, and how an estimate came about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.analysis.headings import Heading
from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Comparison, Readout, Timeline
from app.platform import figures
from app.web.kit.plots import Plot, timeline

_ROWS = 12  # moments of a course that stand in its table


@dataclass(frozen=True, slots=True)
class Versus:
    """A version against its baseline: a line of the forest, and of its table. Places are 0..1."""

    name: str
    state: str
    low: float | None
    middle: float | None
    high: float | None
    difference: str
    interval: str
    relative: str
    p_value: str
    chance: str
    says: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Every version against the baseline, on one axis."""

    baseline: str
    rows: tuple[Versus, ...]
    zero: float
    ends: tuple[str, str]
    caption: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a version's estimate came about: drawn, and some moments of it in numbers."""

    arm: str
    caption: str
    plot: Plot | None
    rows: tuple[tuple[datetime, str, str], ...]


def drawn(told: Timeline, zone: ZoneInfo, rule: Rule) -> Drawn:
    """A course with its caption; a dozen moments of it at most as a table."""
    is_share, say = rule.kind == "threshold", _said_of(rule)
    of_what = (
        f"Share of people released so far who {rule.words.did}"
        if is_share
        else f"Lead over the baseline, in {'values' if rule.counts.is_value else 'points'}"
    )
    against = "your line" if is_share else "no difference"
    step = max(1, -(-len(told.points) // _ROWS))
    chosen = told.points[::-step][::-1]
    return Drawn(
        arm=told.arm,
        caption=f"{of_what}, with its range; the dashed line is {against}.",
        plot=timeline(told, zone, _marked(rule)),
        rows=tuple(
            (
                timeline_point.at,
                say(timeline_point.estimate),
                f"{say(timeline_point.low)} to {say(timeline_point.high)}",
            )
            for timeline_point in chosen
        ),
    )


def _said_of(rule: Rule) -> Callable[[float], str]:
    """How an estimate reads: a share, a difference of shares, or a difference of values."""
    if rule.kind == "threshold":
        return figures.share
    return figures.signed_value if rule.counts.is_value else figures.points


def _marked(rule: Rule) -> Callable[[float], str]:
    """The same beside an axis, where there is little room."""
    if rule.kind == "threshold":
        return figures.axis
    return figures.signed_value if rule.counts.is_value else figures.axis_points


def forest(readout: Readout | Heading) -> Forest | None:
    """The differences from the baseline, each with its interval, on one axis around zero."""
    if not readout.comparisons:
        return None
    known = [end for row in readout.comparisons for end in (row.low, row.high) if end is not None]
    is_rate = not readout.rule.counts.is_value
    reach = max([abs(end) for end in known] or [readout.rule.mde or 1.0]) * 1.1

    def place(value: float | None) -> float | None:
        return None if value is None else (value + reach) / (2 * reach)

    return Forest(
        baseline=readout.rule.baseline,
        rows=tuple(
            Versus(
                name=row.arm,
                state=row.state,
                low=place(row.low),
                middle=place(row.difference),
                high=place(row.high),
                difference=_amount(row.difference, is_rate=is_rate),
                interval=_between(row.low, row.high, is_rate=is_rate),
                relative=_relative(row),
                p_value="–" if row.p_value is None else figures.p_value(row.p_value),
                chance="–" if row.chance_to_beat is None else figures.chance(row.chance_to_beat),
                says=row.reason or row.method,
            )
            for row in readout.comparisons
        ),
        zero=0.5,
        ends=(_amount(-reach, is_rate=is_rate), _amount(reach, is_rate=is_rate)),
        caption=f"Difference from “{readout.rule.baseline}”; right of the line is better.",
    )


def _relative(row: Comparison) -> str:
    """The difference as a share of the baseline's, with its bounds where they are known."""
    if row.relative is None:
        return "–"
    said = figures.relative(row.relative)
    if row.relative_low is None:
        return said
    low = figures.relative(row.relative_low)
    if row.relative_high is None:  # so few in the baseline did it that no ratio is too large
        return f"{said} (at least {low})"
    return f"{said} ({low} to {figures.relative(row.relative_high)})"


def _amount(value: float | None, *, is_rate: bool) -> str:
    """`+1.6 points`, or `+12.50` of a value."""
    if value is None:
        return "–"
    return figures.points(value) if is_rate else figures.signed_value(value)


def _between(low: float | None, high: float | None, *, is_rate: bool) -> str:
    if low is None or high is None:
        return "–"
    return f"{_amount(low, is_rate=is_rate)} to {_amount(high, is_rate=is_rate)}"

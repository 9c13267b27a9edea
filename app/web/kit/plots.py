"""Where a drawing's points stand: values on a plane of 0..1 by 0..1, with labelled axes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.analysis.readout_types import Timeline
from app.platform import figures

_NEARLY = 1e-9  # a number that is round but for how it is kept

Place = tuple[float, float]
Label = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Plot:
    """A line, an even way or goal to compare it with, and what stands at the axes."""

    points: tuple[Place, ...]
    plan: tuple[Place, ...]
    levels: tuple[Label, ...]
    dates: tuple[Label, ...]
    band: tuple[Place, ...] = ()  # around the line
    goal: Label | None = None  # said at the line that it is compared with
    now: str = ""  # said at the end of the line
    cut: str = ""  # what of it the drawing does not show, in a sentence


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of bars: its name, parts of a whole as (share, kind), and what is said beside it."""

    label: str
    parts: tuple[tuple[float, str], ...]
    said: str


def shares_of_weeks(
    weeks: Sequence[tuple[str, float]], beside: Sequence[float] = ()
) -> Plot | None:
    """A share week by week, oldest first, and a second one to compare; two weeks at least."""
    if len(weeks) < 2:
        return None
    shares = [share for _, share in weeks]
    marks = round_marks(0.0, max([*shares, *beside]) or 1.0)
    high = marks[-1]
    last = len(weeks) - 1

    def line(values: Sequence[float]) -> tuple[Place, ...]:
        return tuple((index / last, value / high) for index, value in enumerate(values))

    return Plot(
        points=line(shares),
        plan=line(beside),
        levels=tuple((mark / high, figures.axis(mark)) for mark in marks),
        dates=((0, weeks[0][0]), (1, weeks[-1][0])),
    )


def timeline(told: Timeline, zone: ZoneInfo, say: Callable[[float], str]) -> Plot | None:
    """An estimate hour by hour with its interval, beside what it is held against."""
    points = told.points
    if len(points) < 2:
        return None
    marks = round_marks(*_window(told))
    low, high = marks[0], marks[-1]
    first, last = points[0].at, points[-1].at

    def place(at: datetime, value: float) -> Place:
        return _between(at, first, last), min(1.0, max(0.0, _share(value, low, high)))

    goal = _share(told.goal, low, high)
    return Plot(
        points=tuple(place(point.at, point.estimate) for point in points),
        plan=((0, goal), (1, goal)),
        levels=tuple((_share(v, low, high), say(v)) for v in marks),
        goal=(goal, "no difference" if told.goal == 0 else f"your line, {say(told.goal)}"),
        now=say(points[-1].estimate),
        dates=tuple((x, f"{_day(at)}, {at:%H:%M}") for x, at in _ends(first, last, zone)),
        band=(
            *(place(timeline_point.at, timeline_point.low) for timeline_point in points),
            *(place(point.at, point.high) for point in reversed(points)),
        ),
        cut=_cut(told, low, high),
    )


def round_marks(low: float, high: float) -> tuple[float, ...]:
    """Four to seven round numbers, evenly, that hold both ends: 0, 4, 8, 12, 16 of 0 to 14.4."""
    span = high - low
    size = 10.0 ** math.floor(math.log10(span / 5))
    step = next(size * factor for factor in (1, 2, 2.5, 4, 5, 10) if span <= 5 * size * factor)
    first, last = math.floor(low / step + _NEARLY), math.ceil(high / step - _NEARLY)
    return tuple(round(step * place, 12) for place in range(first, last + 1))


def _window(told: Timeline) -> tuple[float, float]:
    """Room for the estimate, the goal and the last interval; the first ones run off the edge."""
    last = told.points[-1]
    shown = [told.goal, last.low, last.high, *(point.estimate for point in told.points[1:])]
    low, high = min(shown), max(shown)
    room = (high - low) * 0.15 or 0.01
    return (0.0 if low >= 0 and told.goal > 0 else low - room), high + room


def _cut(told: Timeline, low: float, high: float) -> str:
    """That the first ranges run off the edge, where they do."""
    if all(low <= point.low and point.high <= high for point in told.points):
        return ""
    return "Cut: ranges that reach the edge go on beyond it. The table has them whole."


def _ends(first: datetime, last: datetime, zone: ZoneInfo) -> tuple[tuple[float, datetime], ...]:
    return ((0, first.astimezone(zone)), (1, last.astimezone(zone)))


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _between(at: datetime, first: datetime, last: datetime) -> float:
    return _share(at.timestamp(), first.timestamp(), last.timestamp())


def _day(value: date) -> str:
    return f"{value.day} {value:%b}"

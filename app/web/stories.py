"""A key result's course in its cycle: values, goal, pace, forecast, and the experiments on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.okr.forecast import Landing
from app.okr.models import Cycle, KeyResult
from app.okr.views import KeyResultView
from app.web import words
from app.web.plots import Label, Place

_ON_PACE = 0.7  # of the even way; where green begins (okr.progress)


@dataclass(frozen=True, slots=True)
class Mark:
    """An experiment on the line of time; `number` stands in the drawing and in the list below."""

    x: float
    number: int
    name: str
    href: str
    when: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything parts/story.html draws, on a plane of 0..1 by 0..1, and the same in words."""

    title: str
    points: tuple[Place, ...]
    plan: tuple[Place, ...]
    band: tuple[Place, ...]
    goal: float | None
    heading: tuple[Place, ...]
    fan: tuple[Place, ...]
    levels: tuple[Label, ...]
    dates: tuple[Label, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a day and a value stand."""

    first: date
    last: date
    low: float
    high: float

    def x(self, day: date) -> float:
        """0 at the first day, 1 at the last."""
        whole = (self.last - self.first).days or 1
        return min(1.0, max(0.0, (day - self.first).days / whole))

    def y(self, value: float) -> float:
        """0 at the bottom, 1 at the top; what lies outside stands at the edge."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def at(self, day: date, value: float) -> Place:
        """Both."""
        return self.x(day), self.y(value)


def of(
    view: KeyResultView, cycle: Cycle, experiments: Sequence[tuple[date, str, str]]
) -> Story | None:
    """The drawing, once there is a value. `experiments` are (day, name, address)."""
    if not view.values:
        return None
    row, plane = view.row, _plane(view, cycle)
    heading, fan = _ahead(view, plane)
    return Story(
        title=_title(view),
        points=tuple(plane.at(one.date, one.value) for one in view.values),
        plan=_plan(row, cycle, plane),
        band=_band(row, cycle, plane),
        goal=None if row.kind == "maintain" else plane.y(row.target),
        heading=heading,
        fan=fan,
        levels=tuple((plane.y(value), words.amount(value, row.unit)) for value in _levels(row)),
        dates=((0, _day(plane.first)), (1, _day(plane.last))),
        marks=_marks(experiments, plane),
    )


def ahead(landing: Landing | None, unit: str) -> str:
    """`1,720 on 31 Dec 2026 (1,610 to 1,830, 8 times in 10)`, or why there is none."""
    if landing is None:
        return "Four values of the last six weeks make a forecast."
    low, high = (words.amount(_roughly(one), unit) for one in (landing.low, landing.high))
    return (
        f"{words.amount(_roughly(landing.value), unit)} on {words.short(landing.on)}"
        f" ({low} to {high}, 8 times in 10), if the last weeks go on."
    )


def _roughly(value: float) -> float:
    """A forecast shows no digits that it does not know."""
    return float(round(value)) if abs(value) >= 100 else round(value, 1)


def _plane(view: KeyResultView, cycle: Cycle) -> Plane:
    row, values = view.row, view.values
    known = [*_levels(row), *(one.value for one in values)]
    span = (max(known) - min(known)) or 1.0
    seen = [view.forecast.low, view.forecast.high] if view.forecast else []
    # A wild forecast may fill half of the drawing, not squeeze the values into a line.
    known += [min(max(one, min(known) - span / 2), max(known) + span / 2) for one in seen]
    low, high = min(known), max(known)
    room = (high - low) * 0.05 or 1.0
    return Plane(
        first=min(cycle.starts, values[0].date),
        last=max(cycle.ends, values[-1].date),
        low=low if low == 0 else low - room,
        high=high + room,
    )


def _levels(row: KeyResult) -> tuple[float, ...]:
    if row.kind == "maintain":
        return (row.low or 0.0, row.high or 0.0)
    return (row.start, row.target)


def _plan(row: KeyResult, cycle: Cycle, plane: Plane) -> tuple[Place, ...]:
    if row.kind in {"maintain", "milestone"}:
        return ()
    return (plane.at(cycle.starts, row.start), plane.at(cycle.ends, row.target))


def _band(row: KeyResult, cycle: Cycle, plane: Plane) -> tuple[Place, ...]:
    """Where it is on pace; for a band, the band."""
    if row.kind == "milestone":
        return ()
    if row.kind == "maintain":
        low, high = _levels(row)
        along = [(cycle.starts, low), (cycle.ends, low), (cycle.ends, high), (cycle.starts, high)]
        return tuple(plane.at(day, value) for day, value in along)
    least = row.start + _ON_PACE * (row.target - row.start)
    corners = [(cycle.starts, row.start), (cycle.ends, row.target), (cycle.ends, least)]
    return tuple(plane.at(day, value) for day, value in corners)


def _ahead(view: KeyResultView, plane: Plane) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The line to the end of the cycle, and the range around it."""
    landing = view.forecast
    if landing is None:
        return (), ()
    last = view.values[-1]
    here = plane.at(last.date, last.value)
    line = (here, plane.at(landing.on, landing.value))
    fan = (here, plane.at(landing.on, landing.high), plane.at(landing.on, landing.low))
    return line, fan


def _marks(experiments: Sequence[tuple[date, str, str]], plane: Plane) -> tuple[Mark, ...]:
    inside = sorted(one for one in experiments if plane.first <= one[0] <= plane.last)
    return tuple(
        Mark(plane.x(day), number, name, href, words.short(day))
        for number, (day, name, href) in enumerate(inside, start=1)
    )


def _title(view: KeyResultView) -> str:
    if view.row.kind == "maintain":
        return "Values so far, and the band to stay in."
    if view.row.kind == "milestone":
        return "Not reached yet is 0, reached is 1."
    title = "Values so far; the dashed line is an even way to the target, the shade is on pace."
    return f"{title} The wedge is where the last weeks lead." if view.forecast else title


def _day(value: date) -> str:
    return f"{value.day} {value:%b}"

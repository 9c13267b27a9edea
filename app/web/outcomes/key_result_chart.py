"""A key result's course in its cycle: values, noise, goal, forecast, and experiments on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.okr import amounts, sayings
from app.okr.cycle_weeks import CycleWeeks
from app.okr.forecast import Forecast
from app.okr.models import KeyResult
from app.okr.pace_words import SHADED
from app.okr.progress import ON_PACE
from app.okr.sayings import Statement
from app.okr.statements import State, bounds_of
from app.okr.views import KeyResultView
from app.web.kit import formatting
from app.web.kit.plots import Label, Place


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
    """What kit/key_result_chart.html draws, on a plane of 0..1 by 0..1, and the same in words."""

    title: str
    points: tuple[Place, ...]
    plan: tuple[Place, ...]
    band: tuple[Place, ...]
    goal: float | None
    noise: tuple[Place, ...]  # where single values lie if nothing moved
    course: tuple[Place, ...]  # the line from the start to now
    range: tuple[Place, ...]  # of that line's end
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


def story_of(view: KeyResultView, experiments: Sequence[tuple[date, str, str]]) -> Story | None:
    """The drawing, once there is a value. `experiments` are (day, name, address)."""
    if not view.values:
        return None
    row, plane = view.row, _plane(view)
    heading, fan = _ahead(view, plane)
    noise, course, span = _moved(view, plane)
    return Story(
        title=_title(view),
        points=tuple(plane.at(one.date, one.value) for one in view.values),
        plan=_plan(view, plane),
        band=_band(view, plane),
        goal=None if row.kind == "maintain" else plane.y(row.target),
        noise=noise,
        course=course,
        range=span,
        heading=heading,
        fan=fan,
        levels=tuple(
            (plane.y(value), formatting.amount(value, row.unit)) for value in _levels(row)
        ),
        dates=((0, _day(plane.first)), (1, _day(plane.last))),
        marks=_marks(experiments, plane),
    )


def ahead(forecast: Forecast | None, unit: str) -> str:
    """`1,720 on 31 Dec 2026 (1,610 to 1,830, 8 times in 10)`, or why there is none."""
    if forecast is None:
        return "Five weeks with values make a forecast."
    ends = (forecast.value, forecast.low, forecast.high)
    told = amounts.rounded(ends, width=forecast.high - forecast.low)
    value, low, high = (formatting.amount(one, unit) for one in told)
    return (
        f"{value} on {formatting.short(forecast.on)} ({low} to {high}, 8 times in 10),"
        f" if what moves it goes on: {sayings.chance_in_words(forecast.chance, forecast.on)}."
    )


def _plane(view: KeyResultView) -> Plane:
    """As large as everything that is drawn: a forecast is drawn where it is."""
    row, values = view.row, view.values
    known = [*_levels(row), *(value.value for value in values), *_drawn(view)]
    if view.forecast:
        known += [view.forecast.low, view.forecast.high]
    low, high = min(known), max(known)
    room = (high - low) * 0.05 or 1.0
    return Plane(
        first=min(view.cycle.starts, values[0].date),
        last=max(view.cycle.ends, values[-1].date),
        low=low if low == 0 else low - room,
        high=high + room,
    )


def _line_of(view: KeyResultView) -> Statement | None:
    """The statement, where its line can stand among the values: not of what a week adds."""
    told = view.statement
    return None if told is None or told.p is None or view.row.running_total else told


def _drawn(view: KeyResultView) -> list[float]:
    told = _line_of(view)
    if told is None:
        return []
    ends = (told.noise_low, told.noise_high, told.begins, told.now, *_range(told))
    return [_possible(view, end) for end in ends if end is not None]


def _possible(view: KeyResultView, value: float) -> float:
    """Cut at what the unit allows: no noise reaches below 0 %."""
    lowest, highest = bounds_of(view.row, [one.value for one in view.values])
    return min(max(value, lowest), highest)


def _range(told: Statement) -> tuple[float, float]:
    """Where the end of the line may lie."""
    begins, low, high = told.begins or 0.0, told.low or 0.0, told.high or 0.0
    if told.state in {State.HOLDING, State.OUT_OF_BAND}:
        return low, high  # a level, not a move
    return (begins * low, begins * high) if told.as_factors else (begins + low, begins + high)


def _moved(
    view: KeyResultView, plane: Plane
) -> tuple[tuple[Place, ...], tuple[Place, ...], tuple[Place, ...]]:
    """The noise, the line from the start to now, and the range at its end."""
    told = _line_of(view)
    if told is None:
        return (), (), ()
    weeks = CycleWeeks(view.cycle.starts, view.cycle.ends)
    until = weeks.last_day(told.cycle_week)
    low, high = (_possible(view, one or 0.0) for one in (told.noise_low, told.noise_high))
    corners = [(plane.first, low), (plane.last, low), (plane.last, high), (plane.first, high)]
    line = [(view.cycle.starts, told.begins or 0.0), (until, told.now or 0.0)]
    return (
        tuple(plane.at(*corner) for corner in corners),
        tuple(plane.at(*one) for one in line),
        tuple(plane.at(until, _possible(view, one)) for one in _range(told)),
    )


def _levels(row: KeyResult) -> tuple[float, ...]:
    if row.kind == "maintain":
        return (row.low or 0.0, row.high or 0.0)
    return (row.start, row.target)


def _plan(view: KeyResultView, plane: Plane) -> tuple[Place, ...]:
    row, cycle = view.row, view.cycle
    if row.kind in {"maintain", "milestone"}:
        return ()
    return (plane.at(cycle.starts, row.start), plane.at(cycle.ends, row.target))


def _band(view: KeyResultView, plane: Plane) -> tuple[Place, ...]:
    """Where it is on pace; for a band, the band."""
    row, cycle = view.row, view.cycle
    if row.kind == "milestone":
        return ()
    if row.kind == "maintain":
        low, high = _levels(row)
        along = [(cycle.starts, low), (cycle.ends, low), (cycle.ends, high), (cycle.starts, high)]
        return tuple(plane.at(day, value) for day, value in along)
    least = row.start + ON_PACE * (row.target - row.start)
    corners = [(cycle.starts, row.start), (cycle.ends, row.target), (cycle.ends, least)]
    return tuple(plane.at(day, value) for day, value in corners)


def _ahead(view: KeyResultView, plane: Plane) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The line to the end of the cycle, and the range around it."""
    ahead = view.forecast
    if ahead is None:
        return (), ()
    last = view.values[-1]
    here = plane.at(last.date, last.value)
    line = (here, plane.at(ahead.on, ahead.value))
    fan = (here, plane.at(ahead.on, ahead.high), plane.at(ahead.on, ahead.low))
    return line, fan


def _marks(experiments: Sequence[tuple[date, str, str]], plane: Plane) -> tuple[Mark, ...]:
    inside = sorted(
        experiment for experiment in experiments if plane.first <= experiment[0] <= plane.last
    )
    return tuple(
        Mark(plane.x(day), number, name, href, formatting.short(day))
        for number, (day, name, href) in enumerate(inside, start=1)
    )


def _title(view: KeyResultView) -> str:
    if view.row.kind == "milestone":
        return "Not reached yet is 0, reached is 1."
    said = ["Values so far."]
    if _line_of(view):
        said.append("Grey: where 19 of 20 values would lie if nothing had moved.")
        said.append("The line runs from the start to the last whole week, its range at the end.")
    if view.row.kind == "maintain":
        said.append("The shade is the band to stay in.")
    else:
        said.append(f"Dashed: an even way to the target; {SHADED}.")
    if view.forecast:
        said.append("The wedge is where it lands 8 times in 10.")
    return " ".join(said)


def _day(value: date) -> str:
    return f"{value.day} {value:%b}"

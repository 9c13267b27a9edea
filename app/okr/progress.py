"""How far a key result is, and whether that is far enough for the day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from enum import StrEnum

_TOO_EARLY = timedelta(days=14)  # no pace before: a week's noise is not a trend
_LATE = timedelta(days=3)  # after the cadence, a value is stale
ON_PACE, BEHIND_PACE = 0.7, 0.5  # of the expected progress
_SCORED_GREEN, _SCORED_YELLOW = 0.7, 0.4  # after Doerr
_CADENCE = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=31)}


class Pace(StrEnum):
    """Progress beside what the day would ask for."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    TOO_EARLY = "too early"
    NONE = "none"  # maintain and milestone have no pace, nor has what has no value


class Grade(StrEnum):
    """What a score at the close says."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Goal:
    """What a key result asks for."""

    kind: str
    start: float
    target: float
    low: float | None = None
    high: float | None = None


def progress(goal: Goal, current: float) -> float:
    """The share of the way gone; raw, so it may exceed 1 or fall under 0."""
    if goal.kind == "maintain":
        low, high = goal.low or 0.0, goal.high or 0.0
        return 1.0 if low <= current <= high else 0.0
    return (current - goal.start) / (goal.target - goal.start)


def expected(starts: Date, ends: Date, today: Date) -> float:
    """The share of the cycle that has gone by, 0..1; both its days belong to it."""
    gone = (today - starts).days + 1
    return min(1.0, max(0.0, gone / ((ends - starts).days + 1)))


def pace(goal: Goal, done: float | None, *, starts: Date, ends: Date, today: Date) -> Pace:
    """Green from 0.7 of what the day asks for, yellow from 0.5, red below."""
    if done is None or goal.kind in {"maintain", "milestone"}:
        return Pace.NONE
    if today < starts + _TOO_EARLY:
        return Pace.TOO_EARLY
    ratio = done / expected(starts, ends, today)
    if ratio >= ON_PACE:
        return Pace.GREEN
    return Pace.YELLOW if ratio >= BEHIND_PACE else Pace.RED


def stale(cadence: str, last: Date | None, today: Date) -> bool:
    """Whether the last value is more than three days late: silence is never green."""
    often = _CADENCE[cadence]
    return last is None or today > last + often + _LATE


def clamped(done: float) -> float:
    """Progress as it counts where several are put together, and as a first score: 0..1."""
    return min(1.0, max(0.0, done))


def grade(score: float) -> Grade:
    """Green from 0.7, yellow from 0.4, red below; 0.6 to 0.7 on average is the sweet spot."""
    if score >= _SCORED_GREEN:
        return Grade.GREEN
    return Grade.YELLOW if score >= _SCORED_YELLOW else Grade.RED


def stretched(goal: Goal, stretch: float | None, current: float) -> bool:
    """Whether even the stretch target is reached."""
    return stretch is not None and progress(goal, current) >= progress(goal, stretch)


def rolled_up(parts: Sequence[tuple[float, float | None]]) -> float | None:
    """An objective's progress from (weight, progress) of its key results, each clamped to 0..1.

    One without a value counts as no way gone beside others that have one; None where none has.
    """
    total = sum(weight for weight, _ in parts)
    if not total or all(done is None for _, done in parts):
        return None
    return sum(weight * clamped(done or 0.0) for weight, done in parts) / total

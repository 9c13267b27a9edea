"""Weekly values of a number: which weeks count, on which scale, how finely written down.

Weeks are counted from the start of a cycle: 1 is its first, 0 and below lie before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import floor, isfinite, log, log10
from typing import TYPE_CHECKING

from app.stats.checks import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FIRST_WEEK = -25  # earlier weeks say little about the noise of today
LEAST = 5  # weekly values, before anything is said
_LEAST_BEFORE = 4  # before the cycle: from then on the past trend is modelled
_SINCE = 2  # values since the start, before a move is said
_LOG_FROM = 3  # largest over smallest: from then on moves are read as factors
_FINEST = 1e-6  # of the largest value: finer digits are not believed
_CLOSE = 1e-9  # relative: whether a value is a multiple of a step


@dataclass(frozen=True, slots=True)
class Weekly:
    """One value a week, in order. `people` are those behind each, of experiments' results."""

    weeks: tuple[int, ...]
    values: tuple[float, ...]
    people: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weeks) != len(self.values) or list(self.weeks) != sorted(set(self.weeks)):
            raise ValueError("weeks must rise, with one value each")
        if self.people and (len(self.people) != len(self.weeks) or min(self.people) <= 0):
            raise ValueError("people must be above 0, one number for each week")
        if not all(map(isfinite, self.values)):
            raise ValueError("values must be finite")

    def until(self, week: int) -> Weekly:
        """What was known by the end of a week, of the weeks that count."""
        return self.without({one for one in self.weeks if not FIRST_WEEK <= one <= week})

    def without(self, weeks: Collection[int]) -> Weekly:
        """The same but for some weeks."""
        kept = [place for place, one in enumerate(self.weeks) if one not in weeks]
        return Weekly(
            tuple(self.weeks[place] for place in kept),
            tuple(self.values[place] for place in kept),
            tuple(self.people[place] for place in kept) if self.people else (),
        )

    def increments(self) -> Weekly:
        """What each week added, from the value before it; over a gap, the mean of its weeks."""
        pairs = list(zip(self.weeks, self.values, strict=True))
        steps = [
            (week, (value - held) / (week - before))
            for (before, held), (week, value) in pairwise(pairs)
        ]
        return Weekly(tuple(week for week, _ in steps), tuple(step for _, step in steps))

    @property
    def has_history(self) -> bool:
        """Whether enough lies before the cycle to model a trend that ended with its start."""
        return sum(week <= 0 for week in self.weeks) >= _LEAST_BEFORE

    def check(self) -> None:
        """Refuse what is too little for a move. Raises NotEnoughData."""
        since = sum(week > 0 for week in self.weeks)
        if len(self.weeks) < LEAST or since < _SINCE:
            raise NotEnoughData(
                f"a move needs {LEAST} weekly values, {_SINCE} of them since the start; got"
                f" {len(self.weeks)} and {since}"
            )


def reads_as_factors(values: Sequence[float], target: float) -> bool:
    """Whether a number is read on the log scale: all above 0, and the largest thrice the least."""
    return min(values) > 0 and target > 0 and max(values) >= _LOG_FROM * min(values)


def rounding_step(values: Sequence[float]) -> float:
    """How finely values were written down: their rounding alone is noise of variance step²/12.

    Args:
        values: at least one, finite.

    Returns:
        The largest power of ten that divides them all, at least a millionth of the largest;
        1 where all are 0.
    """
    largest = max(abs(value) for value in values)
    if largest == 0:
        return 1.0
    for power in range(floor(log10(largest)), -400, -1):
        step = 10.0**power
        if step <= _FINEST * largest:
            break
        if all(abs(value - round(value / step) * step) <= _CLOSE * abs(value) for value in values):
            return step
    return _FINEST * largest


def scaled(values: Sequence[float], *, as_factors: bool) -> tuple[tuple[float, ...], float]:
    """The values as they are compared, and the step that they were rounded to."""
    step = rounding_step(values)
    if not as_factors:
        return tuple(values), step
    return tuple(log(value) for value in values), step * len(values) / sum(values)

"""The score test of a difference between two rates, and its inversion."""

from dataclasses import dataclass
from math import acos, copysign, cos, pi, sqrt
from typing import TYPE_CHECKING

from app.stats.methods import Method, Topic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEPS = 80  # of a bracketed secant that takes four to eight; bisection alone would need fifty
_CLOSE = 1e-13  # in rates; a ten-millionth of a click among a million people


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms as four numbers: those who did it and all, in an arm and in its baseline."""

    hits: int
    people: int
    base_hits: int
    base_people: int

    @property
    def difference(self) -> float:
        """Rate of the arm less rate of the baseline, in [-1, 1]."""
        return self.hits / self.people - self.base_hits / self.base_people

    @property
    def pooled(self) -> float:
        """The rate if both arms were one, in [0, 1]."""
        return (self.hits + self.base_hits) / (self.people + self.base_people)

    def turned(self) -> "Pair":
        """The baseline against the arm."""
        return Pair(self.base_hits, self.base_people, self.hits, self.people)


def score_low(pair: Pair, *, critical: float) -> float:
    """The smallest difference that the score test does not reject.

    Args:
        pair: counts. critical: quantile of the normal curve, 1.96 for 95 % to both sides.

    Returns:
        A difference in [-1, pair.difference]; above 0 exactly if the test rejects 0 upwards.

    Source:
        Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226, the statistic inverted.

    >>> round(score_low(Pair(60, 500, 40, 500), critical=1.96), 4)
    0.0028
    """
    left, right, gap = -1.0, pair.difference, -critical * _error(pair, pair.difference)
    if right > 0:
        at_zero = right - critical * _error(pair, 0.0)
        left, right, gap = (0.0, right, gap) if at_zero > 0 else (-1.0, 0.0, at_zero)
    return _root(pair, critical, left, right, gap)


def _root(pair: Pair, critical: float, low: float, high: float, gap: float) -> float:
    """Where difference - d = critical × error at d: a secant that stays between low and high.

    gap: left side less right side at `high`, not above 0. To the left of the root it is positive.
    """
    before, before_gap = high, gap
    # Without any error at `high` (none or all in each arm) it is no root: start in the middle.
    now = max(low, high + gap) if gap < -_CLOSE else (low + high) / 2
    for _ in range(_STEPS):
        gap = pair.difference - now - critical * _error(pair, now)
        if abs(gap) < _CLOSE or high - low < _CLOSE:
            return now
        low, high = (now, high) if gap > 0 else (low, now)
        slope = (gap - before_gap) / (now - before) if now != before else 0.0
        before, before_gap = now, gap
        now = now - gap / slope if slope else low
        if not low < now < high:
            now = (low + high) / 2
    return low


def _error(pair: Pair, difference: float) -> float:
    """The standard error of the difference where it is truly `difference`."""
    base = restricted_rate(pair, difference)
    rate = min(1.0, max(0.0, base + difference))
    everybody = pair.people + pair.base_people
    variance = rate * (1 - rate) / pair.people + base * (1 - base) / pair.base_people
    return sqrt(variance * everybody / (everybody - 1))


def restricted_rate(pair: Pair, difference: float) -> float:
    """The baseline's likeliest rate, given that the arm's is `difference` above it.

    Args:
        pair: counts. difference: in [-1, 1].

    Returns:
        A rate in [max(0, -difference), min(1, 1 - difference)].

    Source:
        Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226; a step of
        Newton's after the closed form mends the digits which its arc cosine loses at small rates.

    >>> restricted_rate(Pair(60, 500, 40, 500), 0.0)
    0.1
    """
    everybody, hits = pair.people + pair.base_people, pair.hits + pair.base_hits
    if difference == 0:
        return hits / everybody
    square = ((pair.people + 2 * pair.base_people) * difference - everybody - hits) / everybody
    once = (pair.base_people * difference - everybody - 2 * pair.base_hits) * difference + hits
    linear, fixed = once / everybody, pair.base_hits * difference * (1 - difference) / everybody
    third = square / 3
    half = third * third * third - square * linear / 6 + fixed / 2
    radius = copysign(sqrt(max(0.0, third * third - linear / 3)), half)
    cosine = min(1.0, max(-1.0, half / (radius * radius * radius))) if radius else 1.0
    rate = 2 * radius * cos((pi + acos(cosine)) / 3) - third
    slope = (3 * rate + 2 * square) * rate + linear
    if abs(slope) > 1e-9:  # at a double root the closed form is as good as it gets
        rate -= (((rate + square) * rate + linear) * rate + fixed) / slope
    return min(max(rate, 0.0, -difference), 1.0, 1 - difference)


def score_gaps(pairs: "Floats", difference: float, *, critical: float) -> "Floats":
    """How far above `difference` the seen ones lie, beyond `critical` standard errors.

    Args:
        pairs: four rows: hits, people, base hits, base people; a column is a pair.
        difference: in [-1, 1], the same for all.
        critical: quantile of the normal curve.

    Returns:
        One a column; not negative where `score_low` is `difference` or more.

    Source:
        As `score_low`.

    >>> import numpy as np
    >>> pairs = np.array([[60.0], [500.0], [40.0], [500.0]])
    >>> score_gaps(pairs, 0.0, critical=1.96).round(4).tolist()
    [0.0028]
    """
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    seen = pairs[0] / pairs[1] - pairs[2] / pairs[3]
    gaps: Floats = seen - difference - critical * _errors(pairs, np.full_like(seen, difference))
    return gaps


def _errors(pairs: "Floats", difference: "Floats") -> "Floats":
    """`_error` for many pairs."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    base = restricted_rates(pairs, difference)
    rate = np.clip(base + difference, 0.0, 1.0)
    everybody = pairs[1] + pairs[3]
    variance = rate * (1 - rate) / pairs[1] + base * (1 - base) / pairs[3]
    errors: Floats = np.sqrt(variance * everybody / (everybody - 1))
    return errors


def restricted_rates(pairs: "Floats", difference: "Floats") -> "Floats":
    """`restricted_rate` for many pairs.

    Args:
        pairs: as in `score_gaps`. difference: one a column, in [-1, 1].

    Returns:
        Rates, one a column.

    Source:
        As `restricted_rate`.

    >>> import numpy as np
    >>> pairs = np.array([[60.0], [500.0], [40.0], [500.0]])
    >>> restricted_rates(pairs, np.array([0.0])).tolist()
    [0.1]
    """
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    hits, people, base_hits, base_people = pairs
    everybody = people + base_people
    square = ((people + 2 * base_people) * difference - everybody - hits - base_hits) / everybody
    linear = (base_people * difference - everybody - 2 * base_hits) * difference + hits + base_hits
    linear, fixed = linear / everybody, base_hits * difference * (1 - difference) / everybody
    third = square / 3
    half = third * third * third - square * linear / 6 + fixed / 2
    radius = np.copysign(np.sqrt(np.maximum(0.0, third * third - linear / 3)), half)
    cube = radius * radius * radius
    cosine = np.clip(half / np.where(cube == 0, 1.0, cube), -1.0, 1.0)
    rate = 2 * radius * np.cos((np.pi + np.arccos(cosine)) / 3) - third
    slope = (3 * rate + 2 * square) * rate + linear
    wrong = ((rate + square) * rate + linear) * rate + fixed
    rate = rate - np.where(np.abs(slope) > 1e-9, wrong / np.where(slope == 0, 1.0, slope), 0.0)
    rate = np.clip(rate, np.maximum(0.0, -difference), np.minimum(1.0, 1 - difference))
    rates: Floats = np.where(difference == 0, (hits + base_hits) / everybody, rate)
    return rates


METHODS: tuple[Method, ...] = (
    Method(
        key="score",
        name="Miettinen–Nurminen score",
        topic=Topic.TWO_ARMS,
        functions=(
            "score_low",
            "score_gaps",
            "restricted_rate",
            "restricted_rates",
        ),
        decides=True,
        plainly=(
            "It asks of each possible difference: would counts like ours be a surprise?",
            "To judge the surprise it takes the two rates that fit best and differ by just that.",
            "The differences that would not surprise form the interval.",
            "It keeps its promise for small rates, where the textbook formula does not.",
            "At planned looks it is held against the count that was worked out for that look.",
        ),
        assumes=("people act independently",),
        formula="z(d) = (p1 - p0 - d) / sqrt((q1(1-q1)/n1 + q0(1-q0)/n0) N/(N-1)), q restricted ML",
        source="Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226",
    ),
)

"""The score test of two rates with its skewness taken out: right where the arms differ in size."""

from math import erfc, sqrt
from typing import TYPE_CHECKING

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.score import Pair, restricted_rate, restricted_rates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NAME = "score, corrected for skewness"
_STRAIGHT = 1e-12  # skewness under which the curve is taken as a normal one
_FARTHEST = 1e6  # z where a rate of 0 or 1 leaves no spread
_STEPS = 100
_CLOSE = 1e-13  # in rates
_SETTLED = 1e-12  # in z


def skewed_z(pair: Pair, difference: float) -> float:
    """How surprising the counts are if the rates truly differ by this, on the normal curve.

    Args:
        pair: counts of distinct people; both arms have somebody. difference: in [-1, 1].

    Returns:
        z, falling as the difference rises; near 0 where the difference is the one seen.

    Source:
        Laud (2017), Pharmaceutical Statistics 16:334-348, equations of the skewness-corrected
        score (R package ratesci, `scoreci`); restricted rates of Miettinen & Nurminen (1985).

    >>> round(skewed_z(Pair(60, 500, 40, 500), 0.0), 3)
    2.107
    """
    base = restricted_rate(pair, difference)
    rate = min(1.0, max(0.0, base + difference))
    everybody = pair.people + pair.base_people
    own, other = rate * (1 - rate) / pair.people, base * (1 - base) / pair.base_people
    variance = (own + other) * everybody / (everybody - 1)
    gap = pair.difference - difference
    if variance <= 0:
        return 0.0 if abs(gap) < _CLOSE else _FARTHEST if gap > 0 else -_FARTHEST
    t = gap / sqrt(variance)
    third = own * (1 - 2 * rate) / pair.people - other * (1 - 2 * base) / pair.base_people
    return bent(t, third / (6 * variance * sqrt(variance)))


def bent(t: float, s: float) -> float:
    """The z of a normal curve for a score t whose own curve is skewed by s: z + s(z² - 1) = t."""
    if abs(s) < _STRAIGHT:
        return t
    return (sqrt(max(0.0, 1 + 4 * s * (t + s))) - 1) / (2 * s)


def skewed_p(pair: Pair) -> float:
    """How often two arms of equal rate would lie this far apart or further, to either side.

    Args:
        pair: counts; somebody did it, and not all.

    Returns:
        A two-sided p-value in (0, 1].

    Raises:
        NotEnoughData: nobody or everybody did it, so that the curve has no width.

    Source:
        As `skewed_z`, at a difference of 0.

    >>> round(skewed_p(Pair(60, 500, 40, 500)), 4)
    0.0351
    """
    if not 0 < pair.pooled < 1:
        raise NotEnoughData("nobody or everybody did it in both arms: only an exact test answers")
    return erfc(abs(skewed_z(pair, 0.0)) / sqrt(2))


def skewed_low(pair: Pair, *, critical: float) -> float:
    """The smallest difference that the corrected test does not reject.

    Args:
        pair: counts. critical: quantile of the normal curve, 1.96 for 95 % to both sides.

    Returns:
        A difference in [-1, pair.difference]; above 0 exactly if the test rejects 0 upwards.

    Source:
        As `skewed_z`, solved for the difference.

    >>> round(skewed_low(Pair(70, 500, 40, 500), critical=1.96), 4)
    0.0214
    """
    at_zero = skewed_z(pair, 0.0) - critical
    low, high = (0.0, 1.0) if at_zero > 0 else (-1.0, 0.0)
    before, before_gap = 0.0, at_zero
    now = _guess(pair, critical, low, high)
    for _ in range(_STEPS):
        gap = skewed_z(pair, now) - critical
        if abs(gap) < _SETTLED or high - low < _CLOSE:
            return min(now, pair.difference)
        low, high = (now, high) if gap > 0 else (low, now)
        rise = gap - before_gap
        step = gap * (now - before) / rise if rise else 0.0
        before, before_gap = now, gap
        now = now - step
        if not low < now < high:
            now = (low + high) / 2
    return min(low, pair.difference)


def _guess(pair: Pair, critical: float, low: float, high: float) -> float:
    """Where a normal curve would have it, kept inside."""
    p, q = pair.hits / pair.people, pair.base_hits / pair.base_people
    spread = sqrt(p * (1 - p) / pair.people + q * (1 - q) / pair.base_people)
    found = p - q - critical * spread
    return found if low < found < high else (low + high) / 2


def skewed_zs(pairs: "Floats", difference: "Floats") -> "Floats":
    """`skewed_z` for many pairs.

    Args:
        pairs: four rows: hits, people, base hits, base people; a column is a pair.
        difference: one a column, in [-1, 1].

    Returns:
        z, one a column.

    Source:
        As `skewed_z`.

    >>> import numpy as np
    >>> pairs = np.array([[60.0], [500.0], [40.0], [500.0]])
    >>> skewed_zs(pairs, np.array([0.0])).round(3).tolist()
    [2.107]
    """
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    base = restricted_rates(pairs, difference)
    rate = np.clip(base + difference, 0.0, 1.0)
    own, other = rate * (1 - rate) / pairs[1], base * (1 - base) / pairs[3]
    everybody = pairs[1] + pairs[3]
    variance = (own + other) * everybody / (everybody - 1)
    gap = pairs[0] / pairs[1] - pairs[2] / pairs[3] - difference
    width = np.sqrt(np.where(variance > 0, variance, 1.0))
    t = gap / width
    s = (own * (1 - 2 * rate) / pairs[1] - other * (1 - 2 * base) / pairs[3]) / (6 * width**3)
    bent = np.abs(s) >= _STRAIGHT
    root = np.sqrt(np.maximum(0.0, 1 + 4 * s * (t + s)))
    z = np.where(bent, (root - 1) / np.where(bent, 2 * s, 1.0), t)
    none = np.where(np.abs(gap) < _CLOSE, 0.0, np.copysign(_FARTHEST, gap))
    found: Floats = np.where(variance > 0, z, none)
    return found


METHODS: tuple[Method, ...] = (
    Method(
        key="score-skewed",
        name=NAME,
        topic=Topic.TWO_ARMS,
        functions=("skewed_z", "skewed_p", "skewed_low", "skewed_zs"),
        decides=True,
        plainly=(
            "It asks of each possible difference: would counts like ours be a surprise?",
            "To judge the surprise it takes the two rates that fit best and differ by just that.",
            "Where one group is small, luck reaches further to one side; that is allowed for.",
            "The differences that would not surprise form the interval.",
            "The p-value is the surprise at a difference of zero, so the two always agree.",
        ),
        assumes=("each cell expected under equal rates is 5 or more", "people act independently"),
        formula="z + s(z² − 1) = t, t = (p1 − p0 − d)/√V, V = (q1(1−q1)/n1 + q0(1−q0)/n0) N/(N−1),"
        " s = [q1(1−q1)(1−2q1)/n1² − q0(1−q0)(1−2q0)/n0²]/(6 V^1.5), q restricted ML",
        source="Laud (2017), Pharmaceutical Statistics 16:334-348, after Gart & Nam (1990),"
        " Biometrics 46:637-643; R package ratesci",
    ),
)

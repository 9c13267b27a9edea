"""How many times as much as the baseline: the deciding test of two rates, asked of ratios."""

from collections.abc import Callable
from functools import lru_cache
from math import exp, inf, log, sqrt
from typing import TYPE_CHECKING

from app.stats import special
from app.stats.checks import NotEnoughData, check_share
from app.stats.exact import Gaps, tail_of, with_rare_hits
from app.stats.methods import Method, Topic
from app.stats.ratio import restricted_base
from app.stats.score import Pair
from app.stats.skewed import bent
from app.stats.two_arm import Arm, critical_value, sparse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_FARTHEST = 1e6  # z where the likeliest rates leave no spread
_LAST = 60.0  # a logarithm: ratios further from 1 are told as 0
_CLOSE = 1e-11
_KEPT = 4_096  # answers: the same counts are read by every page that shows them


@lru_cache(maxsize=_KEPT)
def relative_bounds(
    arm: Arm, baseline: Arm, *, difference: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Bound the difference as a share of the baseline's rate, by the test that `compare` uses.

    At a ratio of 1 the score of a ratio and that of a difference are one. Where tails are counted,
    tables are put in the order of ratios; where that order and the call's part, the bound is the
    call's. So these bounds leave out 0 exactly where those of the difference do.

    Args:
        arm, baseline: distinct people; somebody in the baseline did it.
        difference: low and high of `compare`, of the same people and confidence.
        confidence: two-sided, in (0, 1).

    Returns:
        (low, high), -1 <= low <= high: 0.25 is a quarter more. High is infinite where no ratio is
        too large.

    Raises:
        NotEnoughData: nobody in the baseline did it, or everybody in both. ValueError: confidence
        out of range.

    Source:
        Laud (2017), Pharmaceutical Statistics 16:334-348, the corrected score of a ratio, with the
        restricted rates of Koopman (1984), Biometrics 40:513-517; where cells are sparse Buehler
        (1957), JASA 52:482-493, with that score's order of tables.

    >>> arm, baseline = Arm(500, 70), Arm(500, 40)
    >>> low, high = relative_bounds(arm, baseline, difference=(0.021, 0.1), confidence=0.95)
    >>> round(low, 2), round(high, 2)
    (0.22, 1.55)
    """
    check_share(confidence, "confidence")
    if not baseline.rate:
        raise NotEnoughData("nobody in the baseline did it, so nothing is a multiple of it")
    if arm.rate == baseline.rate == 1:
        raise NotEnoughData("everybody did it in both arms, so the ratio has no width")
    pair = Pair(arm.hits, arm.people, baseline.hits, baseline.people)
    bound = _exact_low if sparse(arm, baseline) else _score_low
    low, high = difference
    least = bound(pair, confidence, is_told=low > 0)
    most = bound(pair.turned(), confidence, is_told=high < 0)
    return least - 1, 1 / most - 1 if most else inf


def ratio_z(pair: Pair, ratio: float) -> float:
    """How surprising the counts are if the arm's rate is truly so many times the baseline's.

    Args:
        pair: counts of distinct people; both arms have somebody, and somebody did it.
        ratio: above 0.

    Returns:
        z, falling as the ratio rises; at 1 that of equal rates.

    Source:
        As `relative_bounds`.

    >>> round(ratio_z(Pair(60, 500, 40, 500), 1.0), 2)
    2.11
    """
    base = restricted_base(
        Arm(pair.people, pair.hits), Arm(pair.base_people, pair.base_hits), ratio
    )
    rate, everybody = min(1.0, ratio * base), pair.people + pair.base_people
    own = rate * (1 - rate) / pair.people
    other = ratio * ratio * base * (1 - base) / pair.base_people
    variance = (own + other) * everybody / (everybody - 1)
    gap = pair.hits / pair.people - ratio * pair.base_hits / pair.base_people
    if variance <= 0:
        return 0.0 if abs(gap) < _CLOSE else _FARTHEST if gap > 0 else -_FARTHEST
    third = own * (1 - 2 * rate) / pair.people
    third -= ratio * other * (1 - 2 * base) / pair.base_people
    return bent(gap / sqrt(variance), third / (6 * variance * sqrt(variance)))


def _score_low(pair: Pair, confidence: float, *, is_told: bool) -> float:
    """The smallest ratio that the corrected score does not reject."""
    critical = critical_value(confidence)
    found = _bound(pair, lambda ratio: ratio_z(pair, ratio) - critical)
    return found if is_told else min(1.0, found)


def _exact_low(pair: Pair, confidence: float, *, is_told: bool) -> float:
    """The smallest ratio at which the tables that lie as far up as the one seen are likely enough.

    is_told: the call says that the arm's rate is the higher one.
    """
    if not pair.hits:
        return 0.0
    critical = critical_value(confidence)
    seen = _bound(pair, lambda ratio: float(_gaps(_column(pair), ratio, critical)[0]))
    found = _counted(pair, confidence, lambda tables: _gaps(tables, seen, critical))
    if not is_told:
        return min(1.0, found)
    return found if found > 1 else _counted(pair, confidence, None)


def _counted(pair: Pair, confidence: float, gaps: Gaps | None) -> float:
    """The bound that an order of tables gives; without `gaps`, the call's."""
    alpha, rare = (1 - confidence) / 2, with_rare_hits(pair)
    is_turned = rare is not pair
    order = (lambda tables: gaps(_turned(tables))) if gaps and is_turned else gaps
    tail = tail_of(rare, critical_value(confidence), gaps=order)
    return _bound(
        pair,
        lambda ratio: alpha - tail.largest(_others(tail.rates, ratio, tail.sign, turned=is_turned)),
    )


def _gaps(tables: "Floats", ratio: float, critical: float) -> "Floats":
    """How far the scores of this ratio lie above the critical one; a column is a table."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    hits, people, base_hits, base_people = tables
    once = ratio * (people + base_hits) + hits + base_people
    inner = once * once - 4 * (people + base_people) * ratio * (hits + base_hits)
    base = 2 * (hits + base_hits) / (once + np.sqrt(np.maximum(0.0, inner)))
    base = np.minimum(base, min(1.0, 1 / ratio))
    rate = np.minimum(1.0, ratio * base)
    variance = rate * (1 - rate) / people + ratio * ratio * base * (1 - base) / base_people
    gap = hits / people - ratio * base_hits / base_people
    width = np.sqrt(np.where(variance > 0, variance, 1.0))
    none = np.where(np.abs(gap) < _CLOSE, 0.0, np.copysign(_FARTHEST, gap))
    found: Floats = np.where(variance > 0, gap / width, none) - critical
    return found


def _column(pair: Pair) -> "Floats":
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    counts = [pair.hits, pair.people, pair.base_hits, pair.base_people]
    return np.array(counts, dtype=np.float64)[:, None]


def _turned(tables: "Floats") -> "Floats":
    """Tables of those who did not, as `with_rare_hits` makes them, told by those who did."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    base_missed, base_people, missed, people = tables
    return np.stack([people - missed, people, base_people - base_missed, base_people])


def _others(rates: "Floats", ratio: float, sign: int, *, turned: bool) -> "Floats":
    """The smaller arm's rate beside each of the larger one's; `turned`: of those who did not.

    sign: +1 if the arm of the tail is the smaller, -1 if its baseline is.
    """
    if not turned:
        return rates * ratio if sign == 1 else rates / ratio
    return 1 - (1 - rates) / ratio if sign == 1 else 1 - ratio * (1 - rates)


def _bound(pair: Pair, beyond: Callable[[float], float]) -> float:
    """The smallest ratio that is not too low; 0 where every one would do."""
    if not pair.hits:
        return 0.0
    seen = pair.hits * pair.base_people / (pair.base_hits * pair.people) if pair.base_hits else 0.0
    if beyond(1.0) > 0:
        return _crossing(beyond, 0.0, log(seen) if seen else 1.0, is_end=seen > 0)
    start = -1.0
    while beyond(exp(start)) <= 0:
        start *= 2
        if start < -_LAST:
            return 0.0
    found = _crossing(beyond, start, 0.0, is_end=True)
    return min(found, seen) if seen else found


def _crossing(beyond: Callable[[float], float], low: float, high: float, *, is_end: bool) -> float:
    """Where a side stops being beyond, from `low` on; at the end if nowhere before it."""
    while beyond(exp(high)) > 0:
        if is_end:
            return exp(high)
        low, high = high, 2 * high
    return exp(float(special.brentq(lambda at: beyond(exp(at)), low, high, xtol=_CLOSE)))


METHODS: tuple[Method, ...] = (
    Method(
        key="relative",
        name="Relative difference, by the deciding test",
        topic=Topic.TWO_ARMS,
        functions=("relative_bounds", "ratio_z"),
        decides=False,
        plainly=(
            "It says by what share more people did it than in the baseline, with a range.",
            "A quarter more may be from 4 to 5 % or from 40 to 50 %: look at the points, too.",
            "The range asks of each ratio what the call asks of a difference of zero.",
            "So it leaves out zero exactly where the range in points does.",
            "If nobody in the baseline did it, there is no share of it, and none is shown.",
        ),
        assumes=("people act independently", "somebody in the baseline did it"),
        formula="z + s(z² − 1) = t, t = (p1 − R·p0)/√V, V = (q1(1−q1)/n1 + R²q0(1−q0)/n0) N/(N−1),"
        " s = [q1(1−q1)(1−2q1)/n1² − R³q0(1−q0)(1−2q0)/n0²]/(6 V^1.5), q restricted ML at R;"
        " exact if min E < 5 or N < 200",
        source="Laud (2017), Pharmaceutical Statistics 16:334-348; Koopman (1984), Biometrics"
        " 40:513-517; Buehler (1957), JASA 52:482-493",
    ),
)

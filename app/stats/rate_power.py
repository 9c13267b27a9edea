"""How often a difference of two rates is told, counted over what may come, for arms of any size."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from app.stats import special
from app.stats.checks import NotEnoughData, check_share
from app.stats.exact import exact_above
from app.stats.methods import Method, Topic
from app.stats.score import Pair
from app.stats.skewed import skewed_zs
from app.stats.two_arm import Arm, critical_value, sparse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_DEVIATIONS = 5  # of the baseline's hits; what lies beyond is rarer than 1e-6
_TOLERANCE = 1e-5  # of a rise, in shares
_MOST_PEOPLE = 10_000_000  # ours: as many as an audience may have
_FEW = 512  # ours: where the doubling begins
_CLOSE = 200  # a number of people is found to half a hundredth


def hits_needed(people: int, base_people: int, base_hits: "Floats", *, critical: float) -> "Floats":
    """The fewest hits of the arm that show it better, for each count of the baseline's.

    Args:
        people, base_people: in each arm. base_hits: counts. critical: of the normal curve.

    Returns:
        One a count; people + 1 where even all would not do.

    Source:
        `skewed_zs` at a difference of 0, which rises with the hits, halved.

    >>> import numpy as np
    >>> hits_needed(500, 500, np.array([20.0, 40.0]), critical=1.96).tolist()
    [35.0, 59.0]
    """
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    low, high = np.full_like(base_hits, -1.0), np.full_like(base_hits, people + 1.0)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        hits = np.clip(middle, 0.0, people)
        pairs = np.stack(np.broadcast_arrays(hits, float(people), base_hits, float(base_people)))
        shows = (skewed_zs(pairs, np.zeros_like(base_hits)) > critical) & (middle <= people)
        is_open = high - low > 1
        low, high = np.where(is_open & ~shows, middle, low), np.where(is_open & shows, middle, high)
    return high


def hits_called(
    people: int, base_people: int, base_hits: "Floats", *, confidence: float
) -> "Floats":
    """The fewest hits with which a call says better: where cells are sparse, counted exactly.

    Args:
        people, base_people: in each arm. base_hits: counts. confidence: two-sided, in (0, 1).

    Returns:
        One a count, nowhere under that of `hits_needed`; people + 1 where even all would not do.

    Source:
        `hits_needed`, raised until `exact_above` agrees where `compare` would count exactly.

    >>> import numpy as np
    >>> hits_called(500, 500, np.array([2.0, 40.0]), confidence=0.95).tolist()
    [9.0, 59.0]
    """
    needed = hits_needed(people, base_people, base_hits, critical=critical_value(confidence))
    last = 0
    for place, (hits, base) in enumerate(zip(needed, base_hits, strict=True)):
        last = max(last, int(hits))  # more hits of the baseline never ask for fewer
        baseline = Arm(base_people, int(base))
        while last <= people and _is_too_few(Arm(people, last), baseline, confidence):
            last += 1
        needed[place] = last
    return needed


def _is_too_few(arm: Arm, baseline: Arm, confidence: float) -> bool:
    """Whether the exact count, where it is that which decides, does not call the arm better."""
    if not sparse(arm, baseline):
        return False
    pair = Pair(arm.hits, arm.people, baseline.hits, baseline.people)
    return not exact_above(pair, confidence=confidence)


def power_of_counts(
    needed: "Floats", base_hits: "Floats", people: int, base_people: int, *, base_rate: float,
    rise: float,
) -> float:  # fmt: skip
    """How often the arm reaches what its baseline's hits ask of it.

    Args:
        needed, base_hits: of one length, from `hits_needed`. people, base_people: in each arm.
        base_rate: of the baseline. rise: of the arm above it; the sum in (0, 1).

    Returns:
        A probability in [0, 1].

    Raises:
        ValueError: rates out of range.

    Source:
        Sum over both binomials.

    >>> import numpy as np
    >>> base_hits = np.arange(5.0, 95.0)
    >>> needed = hits_needed(500, 500, base_hits, critical=1.96)
    >>> round(power_of_counts(needed, base_hits, 500, 500, base_rate=0.08, rise=0.06), 3)
    0.862
    """
    check_share(base_rate, "base_rate")
    check_share(base_rate + rise, "base_rate + rise")
    ways = (
        special.gammaln(base_people + 1)
        - special.gammaln(base_hits + 1)
        - special.gammaln(base_people - base_hits + 1)
    )
    logs = (
        ways
        + special.xlogy(base_hits, base_rate)
        + special.xlog1py(base_people - base_hits, -base_rate)
    )
    reached = special.bdtrc(needed - 1, people, base_rate + rise)
    reached[needed <= 0] = 1.0
    reached[needed > people] = 0.0
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    return float(np.exp(logs) @ reached)


@lru_cache(maxsize=64)
def smallest_rise(
    people: int, base_people: int, *, base_rate: float, confidence: float, power: float = 0.8,
    times: float = 1.0,
) -> float:  # fmt: skip
    """The smallest rise over the baseline's rate that is told with this power.

    Args:
        people, base_people: in each arm. base_rate: in (0, 1). confidence: two-sided.
        power: in (0, 1). times: how many times as far apart as for one look they must lie.

    Returns:
        A difference in shares, in (0, 1 - base_rate).

    Raises:
        NotEnoughData: so few people that no rise would do. ValueError: out of range.

    Source:
        `power_of_counts`, halved; looks cost as many people as a drift that much larger.

    >>> round(smallest_rise(500, 500, base_rate=0.08, confidence=0.95), 3)
    0.055
    """
    check_share(base_rate, "base_rate")
    check_share(power, "power")
    people, base_people = int(people / times**2), int(base_people / times**2)
    if min(people, base_people) < 1:
        raise NotEnoughData("an arm has no people, so nothing can be compared")
    base_hits = _likely_hits(base_people, base_rate)
    needed = hits_called(people, base_people, base_hits, confidence=confidence)

    def told(rise: float) -> bool:
        return (
            power_of_counts(needed, base_hits, people, base_people, base_rate=base_rate, rise=rise)
            >= power
        )

    low, high = 0.0, (1 - base_rate) * (1 - 1e-9)
    if not told(high):
        raise NotEnoughData(f"groups of {people:,} and {base_people:,} are too few to compare")
    while high - low > _TOLERANCE:
        half = (low + high) / 2
        low, high = (low, half) if told(half) else (half, high)
    return high


@lru_cache(maxsize=64)
def people_for_rise(
    rise: float, split: tuple[float, float], *, base_rate: float, confidence: float,
    power: float = 0.8, times: float = 1.0,
) -> int:  # fmt: skip
    """About how many people it takes to be told of a rise with this power.

    Args:
        rise: above 0; with base_rate under 1. split: shares of all people in the arm and in its
            baseline. base_rate: in (0, 1). confidence: two-sided. power: in (0, 1). times: as in
            `smallest_rise`.

    Returns:
        All people, those of other arms too; within half a hundredth of the fewest.

    Raises:
        NotEnoughData: it takes more than an audience can have. ValueError: out of range.

    Source:
        `power_of_counts`, doubled until it is enough and halved.

    >>> people_for_rise(0.06, (0.5, 0.5), base_rate=0.08, confidence=0.95)
    840
    """
    check_share(power, "power")

    def told(everybody: int, *, exactly: bool) -> bool:
        people, base_people = (max(1, int(everybody * share / times**2)) for share in split)
        base_hits = _likely_hits(base_people, base_rate)
        needed = (
            hits_called(people, base_people, base_hits, confidence=confidence)
            if exactly
            else hits_needed(people, base_people, base_hits, critical=critical_value(confidence))
        )
        found = power_of_counts(
            needed, base_hits, people, base_people, base_rate=base_rate, rise=rise
        )
        return found >= power

    # Counting exactly takes long and never asks for fewer people, so it begins where curves end.
    by_curve = _fewest(partial(told, exactly=False), 1, _FEW)
    if told(by_curve, exactly=True):
        return by_curve
    return _fewest(partial(told, exactly=True), by_curve, by_curve + by_curve // 16 + 1)


def _fewest(told: Callable[[int], bool], low: int, high: int) -> int:
    """The fewest people above low of whom it is told, within half a hundredth, by halving."""
    while not told(high):
        if high >= _MOST_PEOPLE:
            raise NotEnoughData(f"more than {_MOST_PEOPLE:,} people would be needed")
        low, high = high, min(2 * high, _MOST_PEOPLE)
    while high - low > max(1, low // _CLOSE):
        half = (low + high) // 2
        low, high = (low, half) if told(half) else (half, high)
    return high


def _likely_hits(base_people: int, base_rate: float) -> "Floats":
    """Every count of the baseline's that may come."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    middle, spread = base_people * base_rate, (base_people * base_rate * (1 - base_rate)) ** 0.5
    first = max(0, int(middle - _DEVIATIONS * spread - _DEVIATIONS))
    last = min(base_people, int(middle + _DEVIATIONS * spread + _DEVIATIONS))
    return np.arange(first, last + 1.0)


METHODS: tuple[Method, ...] = (
    Method(
        key="rate-power",
        name="Smallest difference of two rates",
        topic=Topic.PLANNING,
        functions=(
            "hits_needed",
            "hits_called",
            "power_of_counts",
            "smallest_rise",
            "people_for_rise",
        ),
        decides=False,
        plainly=(
            "It says which difference would be told four times in five.",
            "For every number of the baseline that may come it works out what the version needs.",
            "Then it adds up how often that is reached, without a curve in place of counting.",
            "So it is right for a small holdout, where usual formulas promise too much.",
            "It needs a guess of the baseline's rate, and says which.",
        ),
        assumes=("The baseline's rate is as you say.", "People act independently."),
        formula="power(δ) = Σ_k Bin(k; n0, p0) P(Bin(n1, p0 + δ) ≥ a(k)), a(k) the least count that"
        " a call takes for better; looks: people ÷ f², f = drift of the looks/drift of one",
        source="Sum over both binomials, as Suissa & Shuster (1985), JRSS A 148:317-327",
    ),
)

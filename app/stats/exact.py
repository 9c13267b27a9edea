"""Two rates where cells are sparse: tails counted exactly, not read off a normal curve."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from statistics import NormalDist
from typing import TYPE_CHECKING

from app.stats import special
from app.stats.methods import Method, Topic
from app.stats.score import Pair, score_gaps, score_low

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Gaps = Callable[["Floats"], "Floats"]  # of tables, as `score_gaps` has them
NAME = "exact unconditional, score order"
_SET_ASIDE = (
    1e-7  # of the error, for the rate's own interval; Berger and Boos allow any small share
)
_GRID = 96  # rates tried over some ten standard errors: a tenth of one apart
_KEPT = 4_096  # answers: the same counts are read by every page that shows them
_CLOSE = 1e-10
_SLACK = 1e-9  # in rates: equal tables must not part by rounding


@dataclass(frozen=True, slots=True)
class ExactAnswer:
    """A two-sided exact test of equal rates and the interval that inverts it."""

    low: float
    high: float
    p_value: float


@lru_cache(maxsize=_KEPT)
def exact_difference(pair: Pair, *, confidence: float) -> ExactAnswer:
    """Test equal rates exactly and bound their difference with the same test, each side by itself.

    One order of tables serves every difference, so the chance of a tail only rises with it: a
    bound leaves out 0 exactly if the p-value is under 1 - confidence.

    Args:
        pair: counts of distinct people; both arms have somebody.
        confidence: two-sided, in (0, 1).

    Returns:
        -1 <= low <= high <= 1, and twice the smaller one-sided chance, in (0, 1]; not below 2e-7,
        which is set aside for the rate that both arms would share.

    Source:
        Suissa & Shuster (1985), JRSS A 148:317-327 (largest chance over the common rate); Berger &
        Boos (1994), JASA 89:1012-1016 (that rate kept to its interval); Buehler (1957), JASA
        52:482-493, and Kabaila & Lloyd (1997), Australian Journal of Statistics 39:193-204 (the
        bound that one order of tables gives, here that of the score's bound).

    >>> found = exact_difference(Pair(7, 34, 1, 34), confidence=0.95)
    >>> round(found.low, 3), round(found.high, 3), round(found.p_value, 3)
    (0.019, 0.358, 0.03)
    """
    alpha = (1 - confidence) / 2
    critical = -NormalDist().inv_cdf(alpha)
    pair = with_rare_hits(pair)
    upper, lower = tail_of(pair, critical), tail_of(pair.turned(), critical)
    p_value = min(1.0, 2 * min(upper.chance(0.0), lower.chance(0.0)))
    return ExactAnswer(_bound(upper, alpha), -_bound(lower, alpha), p_value)


def exact_above(pair: Pair, *, confidence: float) -> bool:
    """Whether the low bound of `exact_difference` is above 0, without working it out.

    Args:
        pair, confidence: as there.

    Returns:
        Whether an arm is shown to be better than its baseline.

    Source:
        As `exact_difference`.

    >>> exact_above(Pair(12, 34, 1, 34), confidence=0.95)
    True
    """
    alpha = (1 - confidence) / 2
    tail = tail_of(with_rare_hits(pair), -NormalDist().inv_cdf(alpha))
    return tail.chance(0.0) < alpha


@dataclass(frozen=True, slots=True)
class ExactTail:
    """The tables in which an arm lies at least as far above its baseline as seen.

    sign: +1 if the arm is the smaller of the two, -1 if its baseline is.
    people: of the smaller arm. counts: its hits, summed over; ways: logarithm of their number.
    rates: of the larger arm, tried in turn. inside: for each rate (row) and count (column) the
    chance that the larger arm completes a table of the tail. beyond: the same, at most, for
    counts past the last column.
    """

    sign: int
    people: int
    counts: "Floats"
    ways: "Floats"
    rates: "Floats"
    inside: "Floats"
    beyond: "Floats"

    def chance(self, difference: float) -> float:
        """The largest chance of the tail over all pairs of rates with this difference."""
        return self.largest(self.rates + self.sign * difference)

    def largest(self, shifted: "Floats") -> float:
        """The same over pairs: beside each of `rates` the smaller arm's rate, rising with it."""
        import numpy as np  # noqa: PLC0415 - most pages need no arrays

        # No rate below 0 or above 1; the last one past the edge stands in for those up to it.
        if self.sign == 1:
            below = int(np.searchsorted(shifted, 0.0))
            possible, none = slice(max(0, below - 1), None), below == len(shifted)
        else:
            within = int(np.searchsorted(shifted, 1.0, side="right"))
            possible, none = slice(within + 1), within == 0
        if none:
            return _SET_ASIDE
        rate = np.clip(shifted[possible], 0.0, 1.0)[:, None]
        rest = self.people - self.counts
        weight = np.exp(self.ways + special.xlogy(self.counts, rate) + special.xlog1py(rest, -rate))
        past = np.maximum(0.0, 1 - weight.sum(axis=1)) * self.beyond[possible]
        chances = (weight * self.inside[possible]).sum(axis=1) + past
        return float(min(1.0, chances.max() + _SET_ASIDE))


def _bound(tail: ExactTail, alpha: float) -> float:
    """The smallest difference at which the tail's chance reaches alpha."""
    at_zero = tail.chance(0.0)
    low, high = (0.0, 1.0) if at_zero < alpha else (-1.0, 0.0)
    if low < 0 and tail.chance(-1.0) >= alpha:
        return -1.0
    if high > 0 and tail.chance(1.0) <= alpha:
        return 1.0
    return float(
        special.brentq(lambda d: tail.chance(d) - alpha, low, high, xtol=_CLOSE, rtol=1e-9)
    )


def with_rare_hits(pair: Pair) -> Pair:
    """The same difference, told by those who did not where most did: then few are to be summed."""
    if pair.pooled <= 0.5:
        return pair
    missed, base_missed = pair.people - pair.hits, pair.base_people - pair.base_hits
    return Pair(base_missed, pair.base_people, missed, pair.people)


def tail_of(pair: Pair, critical: float, *, gaps: Gaps | None = None) -> ExactTail:
    """The tables whose score bound is at least the one seen; `gaps`: by another score's."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    sign = 1 if pair.people <= pair.base_people else -1
    small = pair if sign == 1 else pair.turned()  # its first two numbers are the smaller arm's
    hits, people = small.base_hits, small.base_people
    low = special.betaincinv(hits, people - hits + 1, _SET_ASIDE / 2) if hits else 0.0
    high = special.betaincinv(hits + 1, people - hits, 1 - _SET_ASIDE / 2) if hits < people else 1.0
    angles = np.linspace(np.arcsin(np.sqrt(low)), np.arcsin(np.sqrt(high)), _GRID)
    rates = np.sin(angles) ** 2
    last = min(small.people, int(small.hits + 8 * (small.hits + 1) ** 0.5 + 40))
    counts = np.arange(last + 1.0)
    ways = (
        special.gammaln(small.people + 1)
        - special.gammaln(counts + 1)
        - special.gammaln(small.people - counts + 1)
    )
    if gaps is None:
        seen = score_low(pair, critical=critical)
        gaps = partial(score_gaps, difference=seen, critical=critical)
    edge = _edge(pair, sign, counts, gaps)
    inside = _completions(edge, sign, people, rates)
    beyond = np.ones_like(rates) if sign == 1 else inside[:, -1]
    return ExactTail(sign, small.people, counts, ways, rates, inside, beyond)


def _completions(edge: "Floats", sign: int, people: int, rates: "Floats") -> "Floats":
    """The chance, a row for each rate, that the large arm's count puts the table in the tail."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    if sign == 1:  # in the tail: the large arm has `edge` hits at most
        inside = special.bdtr(np.maximum(edge, 0.0), people, rates[:, None])
        return np.where(edge >= 0, inside, 0.0)
    inside = special.bdtrc(np.clip(edge - 1, 0.0, people), people, rates[:, None])
    return np.where(edge <= 0, 1.0, inside)


def _edge(pair: Pair, sign: int, counts: "Floats", gaps: Gaps) -> "Floats":
    """For each count of the small arm the last of the large one's that keeps the table in."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays

    large = pair.base_people if sign == 1 else pair.people
    inside, outside = np.full_like(counts, -1.0), np.full_like(counts, large + 1.0)
    while np.any(outside - inside > 1):
        middle = np.clip(np.floor((inside + outside) / 2), 0.0, large)
        hits, base_hits = (counts, middle) if sign == 1 else (middle, counts)
        tables = np.stack(np.broadcast_arrays(hits, pair.people, base_hits, pair.base_people))
        kept = gaps(tables) >= -_SLACK
        over = kept if sign == 1 else ~kept
        inside = np.where(over & (outside - inside > 1), middle, inside)
        outside = np.where(over | (outside - inside <= 1), outside, middle)
    return inside if sign == 1 else outside


METHODS: tuple[Method, ...] = (
    Method(
        key="exact",
        name=NAME,
        topic=Topic.TWO_ARMS,
        functions=(
            "exact_difference",
            "exact_above",
        ),
        decides=True,
        plainly=(
            "With few people or few clicks the usual curve is a poor guide to luck.",
            "So we count instead: of all ways it could have come out, how many look like ours?",
            "We do so for every rate the two groups might share and take the least favourable.",
            "The interval asks the same question of every difference, so it fits the p-value.",
            "Its promise holds without any approximation, which costs a little width.",
        ),
        assumes=("people act independently",),
        formula="1e-7 + sup of P(score bound >= seen | p0 + d, p0), p0 in its 1 - 1e-7 interval",
        source="Suissa & Shuster (1985), JRSS A 148:317-327; Berger & Boos (1994), JASA "
        "89:1012-1016; Buehler (1957), JASA 52:482-493; Kabaila & Lloyd (1997), "
        "Australian Journal of Statistics 39:193-204",
    ),
)

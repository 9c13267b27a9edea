"""Two arms with few people or few hits: tests that enumerate what could have happened."""

from functools import lru_cache
from typing import TYPE_CHECKING

from app.stats.checks import check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import clopper_pearson
from app.stats.two_arm import Arm, Comparison

if TYPE_CHECKING:
    import numpy as np

_GAMMA = 1e-6  # Berger & Boos: the nuisance rate may lie outside its range this often
_TAIL = 1e-12  # outcomes rarer than this are left out and counted as if they were extreme
_NUISANCE = 65  # points of the nuisance rate's range
_HALVINGS = 30


def compare_exactly(arm: Arm, baseline: Arm, *, confidence: float = 0.95) -> Comparison:
    """The exact unconditional test of two rates, and the differences that it does not reject.

    Outcomes are ordered by the score statistic; the p-value is the largest over the rates that
    the baseline may have (those within a 99.9999 % interval, whose error is added). Two-sided is
    twice the smaller side. Exact for every number of people.

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        A comparison, difference = arm - baseline; p_value < alpha where 0 lies outside.

    Raises:
        ValueError: confidence out of range.

    Source:
        Chan & Zhang (1999), Biometrics 55:1202-1209; range of the nuisance rate: Berger & Boos
        (1994), JASA 89:1012-1016.
    """
    check_share(confidence, "confidence")
    side = (1 - confidence) / 2
    seen = arm.rate - baseline.rate
    above, below = _upper_tail(arm, baseline, 0.0), _upper_tail(baseline, arm, 0.0)
    low = _edge(arm, baseline, side, zero_is_out=above <= side)
    high = -_edge(baseline, arm, side, zero_is_out=below <= side)
    return Comparison(
        difference=seen,
        low=min(low, seen),
        high=max(high, seen),
        p_value=min(1.0, 2 * min(above, below)),
        method=EXACT.name,
    )


def fisher(arm: Arm, baseline: Arm) -> float:
    """Fisher's exact test, two-sided, of equal rates; descriptive.

    Args:
        arm, baseline: distinct people.

    Returns:
        A p-value in (0, 1].

    Source:
        Fisher (1935), Journal of the Royal Statistical Society 98:39-82; computed by SciPy.
    """
    from scipy.stats import fisher_exact  # noqa: PLC0415 - SciPy takes long to import

    return float(fisher_exact(_table(arm, baseline)).pvalue)


def boschloo(arm: Arm, baseline: Arm, *, alternative: str = "two-sided") -> float:
    """Boschloo's exact test: Fisher's p-value as statistic, unconditional; descriptive.

    Args:
        arm, baseline: distinct people; small numbers, for it takes seconds at 500 each.
        alternative: "greater" (the arm's rate is higher), "less" or "two-sided".

    Returns:
        A p-value in [0, 1].

    Raises:
        ValueError: more than 500 people in an arm, or an unknown alternative.

    Source:
        Boschloo (1970), Statistica Neerlandica 24:1-9; computed by SciPy.
    """
    if max(arm.people, baseline.people) > 500:
        raise ValueError("Boschloo's test takes too long with more than 500 people in an arm")
    from scipy.stats import boschloo_exact  # noqa: PLC0415 - SciPy takes long to import

    table = _table(arm, baseline)
    return float(boschloo_exact(table, alternative=alternative).pvalue)


def _table(arm: Arm, baseline: Arm) -> list[list[int]]:
    """Columns are arms, rows are hits and misses: what SciPy takes."""
    return [
        [arm.hits, baseline.hits],
        [arm.people - arm.hits, baseline.people - baseline.hits],
    ]


def _edge(arm: Arm, baseline: Arm, side: float, *, zero_is_out: bool) -> float:
    """The smallest difference that is not rejected from below.

    Whether 0 is rejected was decided by the p-value; the search stays on that side of 0.
    """
    seen = arm.rate - baseline.rate
    rejected, kept = (0.0, max(seen, 0.0)) if zero_is_out else (-1.0, min(0.0, seen))
    if not zero_is_out and seen >= 0 and _upper_tail(arm, baseline, -1e-9) > side:
        kept = 0.0
    for _ in range(_HALVINGS):
        middle = (rejected + kept) / 2
        if _upper_tail(arm, baseline, middle) <= side:
            rejected = middle
        else:
            kept = middle
    return rejected if zero_is_out else kept


@lru_cache(maxsize=4096)
def _upper_tail(arm: Arm, baseline: Arm, difference: float) -> float:
    """P(a score as high as the one seen), at most, if the true difference were this."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    rates = _nuisance(arm, baseline, difference)
    if rates is None:
        return _GAMMA  # no baseline's rate that fits what was seen is that far from the arm's
    mine = _support(arm.people, rates + difference)
    theirs = _support(baseline.people, rates)
    scores = _score_table(arm.people, baseline.people, mine, theirs, difference)
    seen = _score_table(
        arm.people, baseline.people, np.array([arm.hits]), np.array([baseline.hits]), difference
    )[0, 0]
    extreme = (scores >= seen - 1e-9).astype(np.float64)
    p, q = (
        _binomial(arm.people, mine, rates + difference),
        _binomial(baseline.people, theirs, rates),
    )
    missed = 2 - p.sum(axis=1) - q.sum(axis=1)
    tails = np.einsum("ri,ij,rj->r", p, extreme, q, optimize=True) + np.maximum(missed, 0)
    return float(min(1.0, tails.max() + _GAMMA))


def _nuisance(arm: Arm, baseline: Arm, difference: float) -> "np.ndarray | None":
    """Rates of the baseline that fit what was seen: in its interval, and in the arm's."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    theirs = clopper_pearson(baseline.hits, baseline.people, confidence=1 - _GAMMA / 4)
    mine = clopper_pearson(arm.hits, arm.people, confidence=1 - _GAMMA / 4)
    low = max(theirs.low, mine.low - difference, 0.0, -difference)
    high = min(theirs.high, mine.high - difference, 1.0, 1 - difference)
    if low > high:
        return None
    return np.linspace(low, high, _NUISANCE)


def _support(people: int, rates: "np.ndarray") -> "np.ndarray":
    """Counts that are not out of the question under any of these rates."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import
    from scipy.stats import binom  # noqa: PLC0415 - SciPy takes long to import

    lowest, highest = (float(np.clip(one, 0, 1)) for one in (rates.min(), rates.max()))
    first = int(binom.ppf(_TAIL, people, lowest)) if lowest > 0 else 0
    last = int(binom.isf(_TAIL, people, highest)) if highest < 1 else people
    return np.arange(max(0, first), min(people, last) + 1)


def _binomial(people: int, counts: "np.ndarray", rates: "np.ndarray") -> "np.ndarray":
    """One row per rate: the probability of each count."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import
    from scipy.special import gammaln, xlog1py, xlogy  # noqa: PLC0415 - SciPy takes long

    ways = gammaln(people + 1) - gammaln(counts + 1) - gammaln(people - counts + 1)
    rate = np.clip(rates, 0, 1)[:, None]
    chances: np.ndarray = np.exp(ways + xlogy(counts, rate) + xlog1py(people - counts, -rate))
    return chances


def _score_table(
    people: int,
    baseline_people: int,
    hits: "np.ndarray",
    baseline_hits: "np.ndarray",
    difference: float,
) -> "np.ndarray":
    """The score statistic of every pair of counts."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    from app.stats.vectors import scores  # noqa: PLC0415 - NumPy takes long to import

    x1, x0 = (one.ravel().astype(float) for one in np.meshgrid(hits, baseline_hits, indexing="ij"))
    n1, n0 = np.full_like(x1, people), np.full_like(x1, baseline_people)
    found = scores([n1, x1, n0, x0], np.full_like(x1, difference))
    return found.reshape(len(hits), len(baseline_hits))


EXACT = Method(
    key="exact-difference",
    name="Exact unconditional test",
    topic=Topic.TWO_ARMS,
    functions=("compare_exactly",),
    decides=True,
    plainly=(
        "It takes over from the score test where clicks are so few that approximations break.",
        "It adds up the chances of everything that could have happened, instead of a bell curve.",
        "Nobody knows the true rate of the baseline, so the worst of those that fit is taken.",
        "So it never says yes too often, not even with 0 clicks against 12.",
        "The interval holds the differences that the test does not reject.",
    ),
    assumes=("People were assigned to versions at random and count once.",),
    formula="p(δ) = max over p₂ ∈ C of P(z(δ; X₁, X₂) ≥ z(δ; x₁, x₂)) + γ, C a (1−γ) interval of"
    " p₂, γ = 10⁻⁶; two-sided: twice the smaller side",
    source="Chan & Zhang (1999), Biometrics 55:1202–1209; Berger & Boos (1994), JASA 89:1012–1016",
)
FISHER = Method(
    key="fisher",
    name="Fisher's exact test",
    topic=Topic.TWO_ARMS,
    functions=("fisher", "boschloo"),
    decides=False,
    plainly=(
        "It asks how often chance alone would split the same clicks as unevenly as this.",
        "It is exact, and known for being a little too strict.",
        "Boschloo's test uses its p-value as a yardstick and is less strict.",
        "Both are shown so that other tools' numbers can be compared.",
        "Neither makes a call.",
    ),
    assumes=("People were assigned to versions at random and count once.",),
    formula="the hypergeometric distribution of the table given its margins",
    source="Fisher (1935), JRSS 98:39–82; Boschloo (1970), Statistica Neerlandica 24:1–9",
)
METHODS = (EXACT, FISHER)

"""Did as many people land in each arm as were meant to? If not, nothing below can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, fsum, isfinite, lgamma, log

from app.stats import special
from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic

_ALPHA = 0.0005  # of each of two alarms, 0.001 together: a false one stops a good experiment
_LEAST = 8  # expected in an arm; of the design
_STRENGTH = 1000.0  # of the prior: looks for shares off by some 1.5 points. Chosen by us


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether the arms have the people they should: p_value in [0, 1]."""

    p_value: float
    ok: bool


def sample_ratio(people: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Test the numbers of released people against the weights, once.

    Args:
        people: released in each arm. weights: of each arm, 0 or more; shares or not.

    Returns:
        The p-value of the arms with positive weight. Not ok below 0.0005, and wherever an arm that
        should have people has none or an arm of weight 0 has some (p = 0: it cannot happen).

    Raises:
        NotEnoughData: an arm expects fewer than 8: too early. ValueError: counts or weights that
            cannot be; fewer than two arms with a weight.

    Source:
        Pearson (1900), Philosophical Magazine 50:157-175; threshold as in Fabijan et al. (2019),
        KDD, "Diagnosing sample ratio mismatch in online controlled experiments".

    >>> found = sample_ratio([5200, 4800], [1, 1])
    >>> round(found.p_value, 6), found.ok
    (6.3e-05, False)
    """
    counts, shares, strays = _weighted(people, weights)
    if strays:
        return SampleRatio(0.0, ok=False)
    total = sum(counts)
    if total * min(shares) < _LEAST:
        raise NotEnoughData(f"too early: an arm expects fewer than {_LEAST} people so far")
    p_value = _chi_square(tuple(counts), tuple(total * share for share in shares))
    return SampleRatio(p_value, ok=p_value >= _ALPHA and min(counts) > 0)


@lru_cache(maxsize=4096)
def _chi_square(seen: tuple[int, ...], expected: tuple[float, ...]) -> float:
    """A page of many experiments asks for each, whether anybody came since or not."""
    return float(special.chisquare(seen, expected).pvalue)


@dataclass(frozen=True, slots=True)
class RatioEvidence:
    """Evidence against the weights that may be looked at every day.

    log_e: logarithm of the e-value. p_value: min(1, 1/e), valid at every look.
    """

    log_e: float
    p_value: float
    ok: bool


def sample_ratio_evidence(people: Sequence[int], weights: Sequence[float]) -> RatioEvidence:
    """Weigh the numbers of released people against the weights, at any time and again.

    Args:
        people: released in each arm so far. weights: of each arm, 0 or more.

    Returns:
        Not ok once the e-value reaches 2,000: in a fair experiment that happens to less than one
        in two thousand, however often it is looked at. No evidence yet (log_e 0) without anybody.

    Raises:
        ValueError: counts or weights that cannot be; fewer than two arms with a weight.

    Source:
        Lindon & Malek (2022), NeurIPS 35, "Anytime-valid inference for multinomial count data",
        with the Dirichlet prior centred at the weights.

    >>> sample_ratio_evidence([5400, 4600], [1, 1]).ok
    False
    """
    counts, shares, strays = _weighted(people, weights)
    if strays:
        return RatioEvidence(float("inf"), 0.0, ok=False)
    total = sum(counts)
    log_e = lgamma(_STRENGTH) - lgamma(_STRENGTH + total)
    for n, share in zip(counts, shares, strict=True):
        prior = _STRENGTH * share
        log_e += lgamma(prior + n) - lgamma(prior) - n * log(share)
    return RatioEvidence(log_e, min(1.0, exp(-max(0.0, log_e))), ok=log_e < -log(_ALPHA))


def _weighted(
    people: Sequence[int], weights: Sequence[float]
) -> tuple[list[int], list[float], int]:
    """Counts and shares of the arms with a weight, and how many people are in the others."""
    if len(people) != len(weights):
        raise ValueError(f"{len(people)} counts and {len(weights)} weights do not match")
    if not all(isfinite(weight) and weight >= 0 for weight in weights):
        raise ValueError(f"weights must be 0 or more, got {list(weights)}")
    if not all(n >= 0 for n in people):
        raise ValueError(f"counts must be 0 or more, got {list(people)}")
    both = list(zip(people, weights, strict=True))
    total = fsum(weights)
    counts = [n for n, weight in both if weight > 0]
    shares = [weight / total for _, weight in both if weight > 0]
    if len(counts) < 2:
        raise ValueError("a ratio takes two arms with a weight above 0 at least")
    return counts, shares, sum(n for n, weight in both if weight == 0)


METHODS: tuple[Method, ...] = (
    Method(
        key="sample-ratio",
        name="Sample ratio",
        topic=Topic.HEALTH,
        functions=("sample_ratio",),
        decides=False,
        plainly=(
            "You asked for, say, half the people in each arm, and luck moves that a little.",
            "This says whether the numbers are further off than luck would move them.",
            "If they are, something put people into arms, or lost them, in a way that matters.",
            "Then the arms no longer hold alike people, and no comparison below is to be trusted.",
            "It is read once, when everybody was sent to, and warns in one fair case of 2,000.",
        ),
        assumes=("8 people or more expected in each arm", "looked at once"),
        formula="chi2 = sum (n_i - N w_i)^2 / (N w_i), k - 1 degrees; mismatch at p < 0.0005",
        source="Pearson (1900), Philosophical Magazine 50:157-175; Fabijan et al. (2019), KDD",
        library="SciPy, chisquare",
    ),
    Method(
        key="sample-ratio-evidence",
        name="Sample ratio, looked at daily",
        topic=Topic.HEALTH,
        functions=("sample_ratio_evidence",),
        decides=False,
        plainly=(
            "Whoever looks every day gives luck many chances to look like a fault.",
            "This measure gathers evidence from day to day and allows for all the looking.",
            "It bets against the planned shares, and without a fault it cannot win for long.",
            "Once it has won two thousandfold, we say that the shares are wrong.",
            "In a fair experiment that happens less than once in two thousand, ever.",
        ),
        assumes=("people are drawn one after another by the same weights",),
        formula="e = B(a + n)/B(a) / prod w_i^n_i, a_i = 1000 w_i; mismatch at e >= 2000",
        source="Lindon & Malek (2022), NeurIPS 35, Anytime-valid inference for multinomial count "
        "data",
    ),
)

"""What is likely, given the counts: chances and losses. They describe; none makes a call."""

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from app.stats.checks import check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import Interval
from app.stats.two_arm import Arm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NODES = 400  # of Gauss and Legendre; the chance then has nine digits


@dataclass(frozen=True, slots=True)
class Prior:
    """Beliefs about a rate before any count: Beta(hits, misses), both above 0."""

    hits: float = 1.0
    misses: float = 1.0

    def __post_init__(self) -> None:
        if not all(isfinite(one) and one > 0 for one in (self.hits, self.misses)):
            raise ValueError(f"a prior's numbers must be above 0, got {self}")


JEFFREYS = Prior(0.5, 0.5)


def chance_to_beat(arm: Arm, baseline: Arm) -> float:
    """How likely the arm's rate is above the baseline's, each rate as likely as any before.

    Args:
        arm, baseline: distinct people.

    Returns:
        A probability in [0, 1].

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Miller (2015), "Formulas for Bayesian A/B Testing", closed form for two betas.
    """
    _ = arm.rate, baseline.rate
    return _beats(_posterior(arm), _posterior(baseline))


def expected_loss(arm: Arm, baseline: Arm) -> float:
    """How much rate is lost on average by taking the arm where the baseline is better.

    Args:
        arm, baseline: distinct people.

    Returns:
        E[(baseline - arm)+], in [0, 1].

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Stucchio (2015), "Bayesian A/B Testing at VWO", section on expected loss.
    """
    _ = arm.rate, baseline.rate
    own, base = _posterior(arm), _posterior(baseline)
    base_mean, own_mean = base[0] / sum(base), own[0] / sum(own)
    gain = base_mean * _beats((base[0] + 1, base[1]), own)
    return max(0.0, gain - own_mean * _beats(base, (own[0] + 1, own[1])))


def _posterior(arm: Arm) -> tuple[int, int]:
    return arm.hits + 1, arm.people - arm.hits + 1


def _beats(one: tuple[int, int], other: tuple[int, int]) -> float:
    """P(Beta(one) > Beta(other)) as the shortest of four equal sums."""
    (a, b), (c, d) = one, other
    shortest = min(a, b, c, d)
    if shortest == a:
        return _miller(a, b, c, d)
    if shortest == d:  # 1 - other > 1 - one
        return _miller(d, c, b, a)
    return 1 - (_miller(c, d, a, b) if shortest == c else _miller(b, a, d, c))


def _miller(a: int, b: int, c: int, d: int) -> float:
    """P(Beta(a, b) > Beta(c, d)), a sum of `a` terms."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays
    from scipy.special import betaln  # noqa: PLC0415 - SciPy takes long to import

    i = np.arange(a, dtype=np.float64)
    logs = betaln(c + i, b + d) - np.log(b + i) - betaln(1 + i, b) - betaln(c, d)
    return float(min(1.0, np.exp(logs).sum()))


def posterior_interval(
    hits: int, people: int, *, confidence: float, prior: Prior | None = None
) -> Interval:
    """Where a rate lies with the given probability, leaving as much out on each side.

    Args:
        hits, people: distinct people. confidence: in (0, 1). prior: flat, unless told.

    Returns:
        0 < low < high < 1. Unlike `jeffreys` it does not stretch to 0 or 1 at the ends.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 2.4.
    """
    check_counts(hits, people)
    check_share(confidence, "confidence")
    from scipy.special import betaincinv  # noqa: PLC0415 - SciPy takes long to import

    prior = prior or Prior()
    a, b, tail = hits + prior.hits, people - hits + prior.misses, (1 - confidence) / 2
    return Interval(float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1 - tail)), "Posterior")


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of an effect. Chance 0..1; losses 0 or more, in the effect's unit.

    loss: on average, by taking the arm. loss_baseline: by staying with the baseline.
    """

    mean: float
    low: float
    high: float
    chance_to_beat: float
    loss: float
    loss_baseline: float


def posterior_difference(
    arm: Arm, baseline: Arm, *, confidence: float, prior: Prior | None = None
) -> Belief:
    """What is believed of the difference of two rates, from any prior.

    Args:
        arm, baseline: distinct people. confidence: in (0, 1). prior: of both, flat unless told.

    Returns:
        Mean, equal-tailed interval, chance and losses of arm less baseline.

    Raises:
        NotEnoughData: an arm has nobody. ValueError: out of range.

    Source:
        Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 3.4; integrated over the
        baseline's quantiles by Gauss and Legendre.
    """
    check_share(confidence, "confidence")
    _ = arm.rate, baseline.rate
    prior = prior or Prior()
    a, b = arm.hits + prior.hits, arm.people - arm.hits + prior.misses
    base, weights = _quantiles(baseline, prior)
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy takes long to import
    from scipy.special import betainc  # noqa: PLC0415 - SciPy takes long to import

    def under(difference: float) -> float:
        return float((weights * betainc(a, b, (base + difference).clip(0, 1))).sum())

    mean, tail = a / (a + b) - float((weights * base).sum()), (1 - confidence) / 2
    low, high = (brentq(lambda d, t=t: under(d) - t, -1, 1) for t in (tail, 1 - tail))
    rest = betainc(a + 1, b, base) * a / (a + b)  # E[arm; arm < base]
    loss = float((weights * (base * betainc(a, b, base) - rest)).sum())
    return Belief(mean, low, high, 1 - under(0.0), loss, loss + mean)


def _quantiles(arm: Arm, prior: Prior) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Rates of an arm's belief and the weight of each."""
    import numpy as np  # noqa: PLC0415 - most pages need no arrays
    from scipy.special import betaincinv  # noqa: PLC0415 - SciPy takes long to import

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    a, b = arm.hits + prior.hits, arm.people - arm.hits + prior.misses
    return betaincinv(a, b, (nodes + 1) / 2), weights / 2


METHODS: tuple[Method, ...] = (
    Method(
        key="chance-to-beat",
        name="Chance to beat the baseline",
        topic=Topic.TWO_ARMS,
        functions=("chance_to_beat", "posterior_interval", "posterior_difference"),
        decides=False,
        plainly=(
            "It says how likely the arm is better, given the counts and nothing known before.",
            "90 % means that you would be wrong one time in ten to prefer it.",
            "It says nothing about how much better, so read it beside the interval.",
            "Whoever stops as soon as it looks high is fooled by luck, like with any other number.",
            "It therefore describes and never makes a call.",
        ),
        assumes=("before the counts every rate was as likely as any other",),
        formula="P(B > A) = sum_{i < aB} B(aA + i, bA + bB)/((bB + i) B(1 + i, bB) B(aA, bA))",
        source="Miller (2015), Formulas for Bayesian A/B Testing",
    ),
    Method(
        key="expected-loss",
        name="Expected loss",
        topic=Topic.TWO_ARMS,
        functions=("expected_loss",),
        decides=False,
        plainly=(
            "If you take the new mail and it is worse after all, you lose something.",
            "This is that loss on average, with every possible difference weighed by its chance.",
            "It is in points of the rate: 0.1 points is one click in a thousand people.",
            "A small loss can justify a choice even if nobody can say which arm is better.",
            "It describes and never makes a call.",
        ),
        assumes=("before the counts every rate was as likely as any other",),
        formula="E[(pA - pB)+] = E[pA] P(pA' > pB) - E[pB] P(pA > pB')",
        source="Stucchio (2015), Bayesian A/B Testing at VWO",
    ),
)

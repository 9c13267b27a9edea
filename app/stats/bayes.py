"""What is likely, given the counts: chances and losses. They describe; none makes a call."""

from dataclasses import dataclass
from math import erfc, exp, inf, isfinite, pi, sqrt
from typing import TYPE_CHECKING

from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import Interval
from app.stats.two_arm import Arm, critical_value

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


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate and its standard error, both in the effect's unit."""

    estimate: float
    error: float

    def __post_init__(self) -> None:
        if not (isfinite(self.estimate) and isfinite(self.error) and self.error >= 0):
            raise ValueError(f"an effect takes a number and an error of 0 or more, got {self}")
        if self.error == 0:
            raise NotEnoughData("without any spread the effect's error is unknown, not nil")


def relative_effect(mean: Effect, base: Effect) -> Effect:
    """The relative change from one mean to another, with its delta error.

    Args:
        mean, base: means with their standard errors; the base's mean is not 0.

    Returns:
        mean/base - 1 and its standard error.

    Raises:
        NotEnoughData: the base's mean is 0.

    Source:
        Deng, Knoblich & Lu (2018), KDD, "Applying the delta method in metric analytics", eq. 3.
    """
    if base.estimate == 0:
        raise NotEnoughData("the baseline is 0, so nothing is a share of it")
    ratio = mean.estimate / base.estimate
    error = sqrt(mean.error**2 + ratio**2 * base.error**2) / abs(base.estimate)
    return Effect(ratio - 1, error)


def normal_belief(
    effect: Effect, *, confidence: float, prior_mean: float = 0.0, prior_variance: float = inf
) -> Belief:
    """What is believed of an effect whose estimate is about normal, from a normal or flat prior.

    Args:
        effect: absolute or relative. confidence: in (0, 1).
        prior_mean, prior_variance: in the effect's unit; infinite variance is a flat prior.

    Returns:
        Mean, interval, chance of more than 0 and losses.

    Raises:
        NotEnoughData: an error of 0. ValueError: out of range.

    Source:
        Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 2.5.
    """
    check_share(confidence, "confidence")
    if not (prior_variance > 0 and isfinite(prior_mean)):
        raise ValueError("a prior takes a mean and a variance above 0")
    precision = 1 / prior_variance + 1 / effect.error**2
    mean = (prior_mean / prior_variance + effect.estimate / effect.error**2) / precision
    error = 1 / sqrt(precision)
    half = critical_value(confidence) * error
    loss, loss_baseline = normal_losses(mean, error)
    chance = erfc(-mean / error / sqrt(2)) / 2
    return Belief(mean, mean - half, mean + half, chance, loss, loss_baseline)


def normal_losses(mean: float, error: float) -> tuple[float, float]:
    """What is lost on average by taking, and by leaving, something of normal effect.

    Args:
        mean, error: of the effect; error above 0.

    Returns:
        E[max(-X, 0)] and E[max(X, 0)], both 0 or more.

    Raises:
        ValueError: not numbers, or an error not above 0.

    Source:
        Raiffa & Schlaifer (1961), Applied Statistical Decision Theory, section 5.3: unit normal
        linear loss.
    """
    if not (isfinite(mean) and isfinite(error) and error > 0):
        raise ValueError("mean and error must be numbers, the error above 0")
    z = abs(mean) / error
    density = exp(-z * z / 2) / sqrt(2 * pi)
    small = max(0.0, error * (density - z * erfc(z / sqrt(2)) / 2))
    return (small, small + mean) if mean >= 0 else (small - mean, small)


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
        formula="P(B > A) = sum_{i < a_B} B(a_A + i, b_A + b_B)/((b_B + i) B(1 + i, b_B) B(a_A, b_A))",
        source="Miller (2015), Formulas for Bayesian A/B Testing",
    ),
    Method(
        key="expected-loss",
        name="Expected loss",
        topic=Topic.TWO_ARMS,
        functions=("expected_loss", "normal_losses"),
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
        source="Stucchio (2015), Bayesian A/B Testing at VWO; Raiffa & Schlaifer (1961), Applied "
        "Statistical Decision Theory",
    ),
    Method(
        key="normal-belief",
        name="Belief about an effect",
        topic=Topic.VALUES,
        functions=("normal_belief", "relative_effect"),
        decides=False,
        plainly=(
            "It mixes what the experiment shows with what was believed before it.",
            "The surer the experiment, the less the earlier belief counts.",
            "Without an earlier belief the result is the experiment's own interval.",
            "A cautious earlier belief pulls surprising results towards the ordinary.",
            "It describes and never makes a call.",
        ),
        assumes=("the estimate is about normal", "the prior was chosen before the counts"),
        formula="1/v = 1/v0 + 1/se^2; m = v (m0/v0 + d/se^2)",
        source="Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 2.5",
    ),
)

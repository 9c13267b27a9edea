"""What is believed of an effect whose estimate is about normal. It describes; it makes no call."""

from dataclasses import dataclass
from math import erfc, exp, inf, isfinite, pi, sqrt

from app.stats.bayes import Belief
from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.two_arm import critical_value


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
        key="normal-belief",
        name="Belief about an effect",
        topic=Topic.VALUES,
        functions=("normal_belief", "relative_effect", "normal_losses"),
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

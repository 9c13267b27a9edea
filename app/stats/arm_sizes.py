"""How many people two arms take: the formulas that calculators use, each by its name."""

from math import ceil, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic


def people_an_arm_miller(
    base_rate: float, difference: float, *, confidence: float = 0.95, power: float = 0.8
) -> int:
    """People in each of two equal arms, as Evan Miller's calculator counts them.

    Args:
        base_rate: in (0, 1). difference: absolute, not 0; base_rate + difference in (0, 1).
        confidence: two-sided. power: in (0, 1).

    Returns:
        People, rounded to the nearest as the calculator does.

    Raises:
        ValueError: out of range.

    Source:
        Evan Miller, Sample Size Calculator: the variance under no difference is the baseline's.
    """
    _check_rates(base_rate, difference)
    rate = base_rate + difference
    alone = 2 * base_rate * (1 - base_rate)
    apart = base_rate * (1 - base_rate) + rate * (1 - rate)
    return round(_needed(alone, apart, difference, confidence, power))


def people_an_arm(
    base_rate: float,
    difference: float,
    *,
    confidence: float = 0.95,
    power: float = 0.8,
    ratio: float = 1.0,
) -> tuple[int, int]:
    """People in the baseline and in the arm, by the pooled formula (statsmodels').

    Args:
        base_rate: in (0, 1). difference: absolute, not 0; base_rate + difference in (0, 1).
        confidence: two-sided. power: in (0, 1). ratio: people of the arm for one of the baseline.

    Returns:
        (baseline, arm), each rounded up.

    Raises:
        ValueError: out of range.

    Source:
        Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, equation 4.14
        without continuity correction; unequal arms as 4.19.
    """
    _check_rates(base_rate, difference)
    if not 0 < ratio < float("inf"):
        raise ValueError(f"ratio must be above 0, got {ratio}")
    alone, apart = _spreads(base_rate, base_rate + difference, ratio)
    needed = _needed(alone, apart, difference, confidence, power)
    return ceil(needed), ceil(needed * ratio)


def power_of_rates(
    base_rate: float,
    rate: float,
    *,
    baseline_people: int,
    people: int,
    confidence: float = 0.95,
) -> float:
    """How often two arms of these sizes would be told apart if these were their rates.

    Args:
        base_rate, rate: in (0, 1). baseline_people, people: in each arm.
        confidence: two-sided, in (0, 1).

    Returns:
        The chance of a difference in either direction, in [0, 1].

    Raises:
        NotEnoughData: an arm without people. ValueError: a rate out of range.

    Source:
        Normal approximation, pooled under no difference; statsmodels `power_proportions_2indep`.
    """
    check_share(base_rate, "base_rate")
    check_share(rate, "rate")
    _need_people(baseline_people, people)
    alone, apart = _spreads(base_rate, rate, people / baseline_people)
    return _power(rate - base_rate, alone, apart, baseline_people, confidence)


def power_of_means(
    difference: float,
    variance: float,
    *,
    baseline_people: int,
    people: int,
    confidence: float = 0.95,
) -> float:
    """How often two means that lie this far apart would be told apart.

    Args:
        difference: in units of the value. variance: of one person, the same in both arms.
        baseline_people, people: in each arm. confidence: two-sided, in (0, 1).

    Returns:
        The chance of a difference in either direction, in [0, 1].

    Raises:
        NotEnoughData: an arm without people. ValueError: variance not above 0.

    Source:
        Normal approximation, Chow, Shao & Wang, Sample Size Calculations in Clinical Research,
        section 3.2.
    """
    if not 0 < variance < float("inf"):
        raise ValueError(f"variance must be above 0, got {variance}")
    _need_people(baseline_people, people)
    spread = variance * (1 + baseline_people / people)
    return _power(difference, spread, spread, baseline_people, confidence)


def _spreads(base_rate: float, rate: float, ratio: float) -> tuple[float, float]:
    """The variance without a difference, and with it, times the baseline's people."""
    pooled = (base_rate + ratio * rate) / (1 + ratio)
    alone = pooled * (1 - pooled) * (1 + 1 / ratio)
    return alone, base_rate * (1 - base_rate) + rate * (1 - rate) / ratio


def _needed(
    alone: float, apart: float, difference: float, confidence: float, power: float
) -> float:
    check_share(confidence, "confidence")
    check_share(power, "power")
    from scipy.special import ndtri  # noqa: PLC0415 - SciPy takes long to import

    sure, seen = float(ndtri(1 - (1 - confidence) / 2)), float(ndtri(power))
    return ((sure * sqrt(alone) + seen * sqrt(apart)) / difference) ** 2


def _power(difference: float, alone: float, apart: float, people: int, confidence: float) -> float:
    check_share(confidence, "confidence")
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - SciPy takes long to import

    bar = float(ndtri(1 - (1 - confidence) / 2)) * sqrt(alone / apart)
    shift = difference * sqrt(people / apart)
    return float(ndtr(shift - bar) + ndtr(-shift - bar))


def _check_rates(base_rate: float, difference: float) -> None:
    check_share(base_rate, "base_rate")
    check_share(base_rate + difference, "base_rate + difference")
    if difference == 0:
        raise ValueError("no number of people tells two equal rates apart")


def _need_people(baseline_people: int, people: int) -> None:
    if min(baseline_people, people) < 1:
        raise NotEnoughData("an arm has no people, so nothing can be compared")


ARM_SIZES = Method(
    key="arm-sizes",
    name="People for two arms",
    topic=Topic.PLANNING,
    functions=("people_an_arm_miller", "people_an_arm", "power_of_rates", "power_of_means"),
    decides=False,
    plainly=(
        "It says how many people two versions take to be told apart.",
        "You say how many do it today, and which difference would be worth having.",
        "Calculators disagree, because they guess differently how much luck there is.",
        (
            "From 2 % to 3 %, Evan Miller's says 3,292 people a version and the pooled formula"
            " 3,826; both are shown by name."
        ),
        "Plan with the larger one, for people are easier to find before the launch than after.",
    ),
    assumes=("Enough people for rates to behave like a bell curve.",),
    formula="n = (z₁₋α⁄₂·√V₀ + z₁₋β·√V₁)²/δ², V₁ = p₁q₁ + p₂q₂;"
    " V₀ = 2p₁q₁ (Miller) or 2p̄q̄ (pooled)",
    source="Evan Miller, Sample Size Calculator; Fleiss, Levin & Paik (2003), Statistical Methods"
    " for Rates and Proportions, section 4.2",
)
METHODS = (ARM_SIZES,)

"""People for two arms where few people make it matter: by Student's t, exactly."""

from collections.abc import Callable
from math import ceil, inf, isfinite, pi, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic

RANKS_EFFICIENCY = 3 / pi  # of Mann and Whitney's test against Student's, for a bell curve
_MOST_PEOPLE = 1e12
_TOLERANCE = 1e-9
# Standard errors beyond which a tail is under 1e-15 and SciPy's series has no number for it: the
# other tail's; and, as a multiple of the bar, so that it holds for few degrees, too, the missed.
_FAR, _FARTHEST = 8.0, 15.0


def power_of_t(
    effect: float, *, people: float, baseline_people: float, confidence: float = 0.95
) -> float:
    """How often Student's t tells two means apart that lie this far from each other.

    Args:
        effect: the difference over the standard deviation of one person.
        people, baseline_people: in each arm, together more than two.
        confidence: two-sided, in (0, 1).

    Returns:
        The chance of a difference in either direction, in [0, 1].

    Raises:
        NotEnoughData: two people or fewer. ValueError: out of range.

    Source:
        The noncentral t distribution; Cohen (1988), Statistical Power Analysis for the Behavioral
        Sciences, section 2.
    """
    check_share(confidence, "confidence")
    if not isfinite(effect):
        raise ValueError(f"an effect must be a number, got {effect}")
    degrees = people + baseline_people - 2
    if min(people, baseline_people) <= 0 or degrees <= 0:
        raise NotEnoughData("Student's t needs more than two people")
    from scipy.special import nctdtr, stdtrit  # noqa: PLC0415 - SciPy takes long to import

    drift = abs(effect) * sqrt(people * baseline_people / (people + baseline_people))
    bar = float(stdtrit(degrees, 1 - (1 - confidence) / 2))
    wrong_way = float(nctdtr(degrees, drift, -bar)) if drift < _FAR else 0.0
    missed = float(nctdtr(degrees, drift, bar)) if drift < _FARTHEST * bar else 0.0
    return 1 - missed + wrong_way


def people_for_t(effect: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """People in each of two equal arms for Student's t to see an effect; a fraction, not rounded.

    Args:
        effect: the difference over the standard deviation, not 0; Cohen's h for two rates.
        confidence: two-sided. power: in (0, 1), above 1 - confidence.

    Returns:
        People in each arm, 2 or more.

    Raises:
        NotEnoughData: a million million would not do. ValueError: out of range.

    Source:
        `power_of_t` solved for the people.
    """
    _check(effect, power, confidence)

    def short(people: float) -> float:
        seen = power_of_t(effect, people=people, baseline_people=people, confidence=confidence)
        return seen - power

    if short(2.0) >= 0:
        return 2.0
    high = 4.0
    while short(high) < 0:
        high *= 2
        if high > _MOST_PEOPLE:
            raise NotEnoughData("no number of people shows so small an effect")
    return _solved(short, high / 2, high)


def total_for_t(effect: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """People in two equal arms together: `people_for_t` in each, rounded up.

    Args:
        effect, confidence, power: as `people_for_t`.

    Returns:
        An even number.

    Raises:
        NotEnoughData, ValueError: as `people_for_t`.

    Source:
        `people_for_t`.
    """
    return 2 * ceil(people_for_t(effect, confidence=confidence, power=power))


def people_for_ranks(effect: float, *, confidence: float = 0.95, power: float = 0.8) -> float:
    """The same for Mann and Whitney's test of ranks, where values follow a bell curve.

    Args:
        effect, confidence, power: as `people_for_t`.

    Returns:
        People in each arm, a fraction.

    Raises:
        NotEnoughData, ValueError: as `people_for_t`.

    Source:
        Its efficiency of 3/pi, Hodges & Lehmann (1956), Annals of Mathematical Statistics
        27:324-335.
    """
    return people_for_t(effect, confidence=confidence, power=power) / RANKS_EFFICIENCY


def effect_for_t(
    *, people: float, baseline_people: float, confidence: float = 0.95, power: float = 0.8
) -> float:
    """The smallest effect that Student's t sees with this power.

    Args:
        people, baseline_people: in each arm. confidence: two-sided. power: in (0, 1), above
            1 - confidence.

    Returns:
        A difference over the standard deviation of one person, above 0.

    Raises:
        NotEnoughData: two people or fewer, or no effect would do. ValueError: out of range.

    Source:
        `power_of_t` solved for the effect.
    """
    _check(1.0, power, confidence)

    def short(effect: float) -> float:
        seen = power_of_t(
            effect, people=people, baseline_people=baseline_people, confidence=confidence
        )
        return seen - power

    high = 1.0
    while short(high) < 0:
        high *= 2
        if high > _MOST_PEOPLE:
            raise NotEnoughData("these people show no effect with this power")
    return _solved(short, 0.0, high)


def people_for_means(
    difference: float, variance: float, *, confidence: float = 0.95, power: float = 0.8
) -> int:
    """People in two equal arms together, by the normal curve, with one variance for both.

    Args:
        difference: in units of the value, not 0. variance: of one person, above 0; p(1 - p) for a
            rate. confidence: two-sided. power: in (0, 1).

    Returns:
        People in both arms, rounded up in each.

    Raises:
        ValueError: out of range.

    Source:
        Chow, Shao & Wang, Sample Size Calculations in Clinical Research, section 3.2.
    """
    check_share(confidence, "confidence")
    check_share(power, "power")
    if not 0 < variance < inf or difference == 0 or not isfinite(difference):
        raise ValueError("the variance must be above 0 and the difference a number other than 0")
    from scipy.special import ndtri  # noqa: PLC0415 - SciPy takes long to import

    drift = float(ndtri(1 - (1 - confidence) / 2) + ndtri(power))
    return 2 * ceil(2 * variance * (drift / difference) ** 2)


def _check(effect: float, power: float, confidence: float) -> None:
    check_share(confidence, "confidence")
    check_share(power, "power")
    if effect == 0 or not isfinite(effect):
        raise ValueError("no number of people shows an effect of 0")
    if power <= 1 - confidence:
        raise ValueError(f"power must be above the error {1 - confidence:.3g}, got {power}")


def _solved(short: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy takes long to import

    return float(brentq(short, low, high, xtol=_TOLERANCE))


T_SIZES = Method(
    key="t-sizes",
    name="People by Student's t",
    topic=Topic.PLANNING,
    functions=(
        "power_of_t",
        "people_for_t",
        "total_for_t",
        "people_for_ranks",
        "effect_for_t",
        "people_for_means",
    ),
    decides=False,
    plainly=(
        "It says how many people two versions take, where averages of a value are compared.",
        "The size of the difference is counted in standard deviations of one person.",
        "For small numbers it is exact; for large ones it agrees with the bell curve's formula.",
        "For two rates, Cohen's h takes the place of that size.",
        "A test of ranks takes 5 % more people where values follow a bell curve.",
    ),
    assumes=("Values spread alike in both versions.",),
    formula="1 − T(t₁₋α⁄₂; ν, δ) + T(−t₁₋α⁄₂; ν, δ) = power, δ = d·√(n₁n₂/(n₁ + n₂)),"
    " ν = n₁ + n₂ − 2; ranks: n·π/3",
    source="Cohen (1988), Statistical Power Analysis for the Behavioral Sciences; Hodges & Lehmann"
    " (1956), Annals of Mathematical Statistics 27:324–335",
)
METHODS = (T_SIZES,)

"""What an audience can show before it is asked: power, smallest rate, people needed. Exact."""

from app.stats.checks import NotEnoughData, check_share
from app.stats.one_arm import p_value, pass_count

_MOST_PEOPLE = 10_000_000  # beyond it an answer helps nobody


def power_of(people: int, threshold: float, true_rate: float, *, confidence: float) -> float:
    """How often the experiment would validate if this were the truth.

    Args:
        people: everybody to be released. threshold, true_rate: rates in (0, 1).
        confidence: one-sided, in (0, 1).

    Returns:
        P(X >= pass count | people, true_rate), in [0, 1].

    Raises:
        NotEnoughData: too few people for any answer. ValueError: out of range.

    Source:
        The binomial distribution's upper tail at the exact test's critical value; Chow, Shao &
        Wang, Sample Size Calculations in Clinical Research, section 4.1 (exact version).
    """
    check_share(true_rate, "true_rate")
    return p_value(pass_count(people, threshold, confidence=confidence), people, true_rate)


def smallest_detectable(
    people: int, threshold: float, *, confidence: float, power: float = 0.8
) -> float:
    """The smallest true rate that this many people would validate with the given power.

    Args:
        people: everybody to be released. threshold: in (0, 1).
        confidence: one-sided, in (0, 1). power: in (0, 1).

    Returns:
        A rate in (threshold, 1) if power > 1 - confidence.

    Raises:
        NotEnoughData: too few people for any answer. ValueError: out of range.

    Source:
        `power_of` solved for the rate: a beta quantile, since P(X >= k | n, p) = I_p(k, n-k+1).
    """
    check_share(power, "power")
    needed = pass_count(people, threshold, confidence=confidence)
    from scipy.special import betaincinv  # noqa: PLC0415 - SciPy takes long to import

    return float(betaincinv(needed, people - needed + 1, power))


def people_needed(
    threshold: float, true_rate: float, *, confidence: float, power: float = 0.8
) -> int:
    """How many people it takes to validate a given truth with the given power.

    The exact test's power rises in a saw-tooth; the answer is where it first reaches `power`
    on a search that doubles and then halves, so a few people fewer may sometimes do as well.

    Args:
        threshold, true_rate: in (0, 1), true_rate above threshold.
        confidence: one-sided. power: in (0, 1).

    Returns:
        A number of people n >= 1 with power_of(n, …) >= power.

    Raises:
        NotEnoughData: more than ten million would be needed. ValueError: out of range.

    Source:
        `power_of`, searched.
    """
    check_share(power, "power")
    if true_rate <= threshold:
        raise ValueError("true_rate must lie above the threshold")
    enough = 1
    while _power_or_none(enough, threshold, true_rate, confidence) < power:
        enough *= 2
        if enough > _MOST_PEOPLE:
            raise NotEnoughData("it would take more than ten million people")
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if _power_or_none(middle, threshold, true_rate, confidence) >= power:
            enough = middle
        else:
            too_few = middle
    return enough


def _power_or_none(people: int, threshold: float, true_rate: float, confidence: float) -> float:
    """Power, where too few people for any answer have none."""
    try:
        return power_of(people, threshold, true_rate, confidence=confidence)
    except NotEnoughData:
        return 0.0

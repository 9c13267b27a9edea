"""What an audience can show before it is asked: power, smallest rate, people needed. Exact."""

from collections.abc import Sequence
from math import ceil

from app.stats import special
from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import p_value, pass_count
from app.stats.sequential import sequential_error

_RATE_TOLERANCE = 1e-6
_MOST_PEOPLE = 10_000_000  # beyond it an answer helps nobody


def power_of(people: int, threshold: float, true_rate: float, *, confidence: float) -> float:
    """How often the experiment would validate if this were the truth.

    Args:
        people: everybody to be released. threshold, true_rate: rates in (0, 1).
        confidence: one-sided, in (0, 1).

    Returns:
        P(X >= critical value | people, true_rate), in [0, 1].

    Raises:
        NotEnoughData: too few people for any answer. ValueError: out of range.

    Source:
        The binomial distribution's upper tail at the exact test's critical value; Chow, Shao &
        Wang, Sample Size Calculations in Clinical Research, section 4.1 (exact version).

    >>> round(power_of(600, 0.08, 0.12, confidence=0.95), 3)
    0.945
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

    >>> round(smallest_detectable(600, 0.08, confidence=0.95), 4)
    0.11
    """
    check_share(power, "power")
    needed = pass_count(people, threshold, confidence=confidence)
    return float(special.betaincinv(needed, people - needed + 1, power))


def people_needed(
    threshold: float, true_rate: float, *, confidence: float, power: float = 0.8
) -> int:
    """How many people it takes to validate a given truth with the given power, from there on.

    The exact test's power rises in a saw-tooth: with a few people more it may fall for a moment.
    The answer lies behind the last dip, so that more people are never too few.

    Args:
        threshold, true_rate: in (0, 1), true_rate above threshold.
        confidence: one-sided. power: in (0, 1).

    Returns:
        The smallest n >= 1 with power_of(m, …) >= power for every m from n to n + 2/threshold, the
        length of two teeth.

    Raises:
        NotEnoughData: more than ten million would be needed. ValueError: out of range.

    Source:
        `power_of`, searched; the saw-tooth is shown by Chernick & Liu (2002), The American
        Statistician 56:149-155.

    >>> people_needed(0.08, 0.12, confidence=0.95)
    383
    """
    check_share(power, "power")
    if true_rate <= threshold:
        raise ValueError("true_rate must lie above the threshold")

    def fails(people: int) -> bool:
        return _power_or_none(people, threshold, true_rate, confidence) < power

    enough = 1
    while fails(enough):
        enough *= 2
        if enough > _MOST_PEOPLE:
            raise NotEnoughData("it would take more than ten million people")
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if fails(middle):
            too_few = middle
        else:
            enough = middle
    teeth = ceil(2 / threshold)
    while dips := [n for n in range(enough, enough + teeth) if fails(n)]:
        enough = dips[-1] + 1
    return enough


def detectable_in_looks(
    looks: Sequence[tuple[int, int | None]], threshold: float, *, power: float = 0.8
) -> float:
    """The smallest true rate for which some look says yes with the given power.

    Args:
        looks: (matured people, boundary) of each look. threshold, power: in (0, 1).

    Returns:
        A rate in (threshold, 1).

    Raises:
        NotEnoughData: no look can say yes. ValueError: out of range.

    Source:
        `sequential_error` solved for the rate by halving.

    >>> round(detectable_in_looks([(300, 36), (600, 60)], 0.08), 3)
    0.11
    """
    check_share(threshold, "threshold")
    check_share(power, "power")
    if all(boundary is None for _, boundary in looks):
        raise NotEnoughData("no look could ever say yes")
    low, high = threshold, 1 - 1e-9
    while high - low > _RATE_TOLERANCE:
        middle = (low + high) / 2
        if sequential_error(looks, middle) >= power:
            high = middle
        else:
            low = middle
    return high


def _power_or_none(people: int, threshold: float, true_rate: float, confidence: float) -> float:
    """Power, where too few people for any answer have none."""
    try:
        return power_of(people, threshold, true_rate, confidence=confidence)
    except NotEnoughData:
        return 0.0


EXACT_POWER = Method(
    key="exact-power",
    name="Exact power",
    topic=Topic.PLANNING,
    functions=("power_of", "smallest_detectable", "people_needed", "detectable_in_looks"),
    decides=False,
    plainly=(
        "It says before the launch what your audience can show.",
        "For a truth that you hope for, it is the share of such experiments that would say yes.",
        "Four in five is the usual wish; with less, a good idea is often missed.",
        "More people show smaller differences.",
        "It is worked out with the very test that will make the call, not with an approximation.",
    ),
    assumes=("As the test that will make the call.",),
    formula="P(X ≥ k* | n, p); several looks: the chance that some look reaches its boundary",
    source="Chow, Shao & Wang, Sample Size Calculations in Clinical Research, section 4.1;"
    " saw-tooth: Chernick & Liu (2002), The American Statistician 56:149–155",
)
METHODS = (EXACT_POWER,)

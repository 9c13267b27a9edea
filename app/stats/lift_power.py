"""Power of a relative lift, as the calculators of experiment platforms count it."""

from collections.abc import Callable
from math import inf, isfinite, log, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.mixtures import normal_mixture_weight

_MOST_TIMES = 1e6  # as many people again: nobody waits for more
_LARGEST_LIFT = 1e3
_TOLERANCE = 1e-9


def lift_error(mean: float, variance: float, lift: float, *, people: float) -> float:
    """The standard error of a relative lift between two arms of as many people.

    Args:
        mean: of the baseline, not 0. variance: of one person, the same in both arms, above 0.
        lift: as a share. people: in each arm, above 0.

    Returns:
        A share above 0.

    Raises:
        NotEnoughData: nobody, or a baseline of 0. ValueError: a variance not above 0, or a lift
        that is no number.

    Source:
        Delta method, Deng, Knoblich & Lu (2018), KDD, with one variance for both arms.
    """
    if not (0 < variance < inf and isfinite(mean) and isfinite(lift)):
        raise ValueError("mean and lift must be numbers and the variance above 0")
    if people <= 0 or mean == 0:
        raise NotEnoughData("a lift needs people in each arm and a baseline other than 0")
    return sqrt(variance / people * (1 + (1 + lift) ** 2)) / abs(mean)


def lift_power(lift: float, error: float, *, confidence: float = 0.95, bar: float = 1.0) -> float:
    """How often a lift with this standard error is told from none.

    Args:
        lift: as a share. error: its standard error, above 0. confidence: two-sided, in (0, 1).
        bar: how many times as wide as one look's the interval is, 1 or more.

    Returns:
        The chance of a difference in either direction, in [0, 1].

    Raises:
        ValueError: out of range.

    Source:
        Normal approximation, Chow, Shao & Wang, Sample Size Calculations in Clinical Research,
        section 3.2.
    """
    check_share(confidence, "confidence")
    if not (error > 0 and bar >= 1 and isfinite(lift)):
        raise ValueError("the error must be above 0 and the bar 1 or more")
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - SciPy takes long to import

    held = bar * float(ndtri(1 - (1 - confidence) / 2))
    return float(ndtr(lift / error - held) + ndtr(-lift / error - held))


def smallest_lift(
    mean: float,
    variance: float,
    *,
    people: float,
    confidence: float = 0.95,
    power: float = 0.8,
    inflation: float = 1.0,
) -> float:
    """The smallest rise, as a share, that is seen as a rise with this power.

    Args:
        mean, variance: as `lift_error`. people: in each arm. confidence: two-sided.
        power: in (0, 1). inflation: of the standard error, 1 or more: some calculators plan a
            rule for any time so, with `anytime_bar`.

    Returns:
        A share above 0.

    Raises:
        NotEnoughData: no lift would do. ValueError: out of range.

    Source:
        Chow, Shao & Wang, section 3.2, solved for the lift; a fall seen by luck is not counted.
    """
    check_share(power, "power")
    check_share(confidence, "confidence")
    from scipy.special import ndtri  # noqa: PLC0415 - SciPy takes long to import

    drift = float(ndtri(1 - (1 - confidence) / 2) + ndtri(power))

    def short(lift: float) -> float:
        return lift / (inflation * lift_error(mean, variance, lift, people=people)) - drift

    if short(_LARGEST_LIFT) < 0:
        raise NotEnoughData(f"{people:,.0f} people in each arm show no lift with this power")
    return _solved(short, 0.0, _LARGEST_LIFT)


def anytime_bar(people: float, n_max: float, *, confidence: float = 0.95) -> float:
    """How many times as wide as one look's the interval for any time is.

    Args:
        people: so far. n_max: people at whom it is tightest. confidence: two-sided, in (0, 1).

    Returns:
        A number above 1.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476, equations 9 and 161, over
        the normal quantile. Power with this bar at one moment alone is a lower bound of the
        rule's own.
    """
    check_share(confidence, "confidence")
    if people <= 0 or n_max <= 0:
        raise NotEnoughData("nobody has been counted")
    from scipy.special import ndtri  # noqa: PLC0415 - SciPy takes long to import

    alpha = 1 - confidence
    ratio = people / normal_mixture_weight(n_max, alpha=alpha)
    held = sqrt(2 * (ratio + 1) / ratio * log(sqrt(ratio + 1) / alpha))
    return held / float(ndtri(1 - alpha / 2))


def times_as_many(
    error: float,
    lift: float,
    *,
    confidence: float = 0.95,
    power: float = 0.8,
    so_far: float | None = None,
    n_max: float | None = None,
) -> float:
    """How many times as many people must come on top of those who came, for a lift to be seen.

    Args:
        error: standard error of the lift with the people so far, above 0. lift: not 0.
        confidence: two-sided. power: in (0, 1). so_far, n_max: people in both arms, and at whom a
            rule for any time is tightest; both or none.

    Returns:
        0 where they are enough; 1 is as many again.

    Raises:
        NotEnoughData: a million times as many would not do. ValueError: out of range.

    Source:
        Chow, Shao & Wang, section 3.2, with an error that falls as 1/sqrt(people), solved for the
        people; a lift seen the wrong way round is not counted.
    """
    check_share(power, "power")
    check_share(confidence, "confidence")
    if not error > 0:
        raise ValueError("the error must be above 0")
    if lift == 0 or (so_far is None) != (n_max is None):
        raise ValueError("a lift of 0 is never seen; so_far and n_max go together")

    from scipy.special import ndtri  # noqa: PLC0415 - SciPy takes long to import

    at_once, seen = float(ndtri(1 - (1 - confidence) / 2)), float(ndtri(power))

    def short(more: float) -> float:
        bar = 1.0
        if so_far is not None and n_max is not None:
            bar = anytime_bar(so_far * (1 + more), n_max, confidence=confidence)
        return abs(lift) / error * sqrt(1 + more) - bar * at_once - seen

    return _more(short)


def times_as_many_believed(
    error: float,
    lift: float,
    *,
    prior_mean: float,
    prior_variance: float,
    confidence: float = 0.95,
    power: float = 0.8,
) -> float:
    """The same for an interval of what is believed, from a normal prior.

    Args:
        error, lift: as `times_as_many`. prior_mean, prior_variance: of the lift, variance above 0.
        confidence: of the interval. power: in (0, 1).

    Returns:
        0 where they are enough; 1 is as many again.

    Raises:
        NotEnoughData: a million times as many would not do. ValueError: out of range.

    Source:
        Gelman et al. (2013), Bayesian Data Analysis, section 2.5: how often the interval of the
        posterior leaves out 0.
    """
    check_share(power, "power")
    check_share(confidence, "confidence")
    if not (error > 0 and prior_variance > 0 and isfinite(prior_mean)):
        raise ValueError("error and prior variance must be above 0")
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - SciPy takes long to import

    bar = float(ndtri(1 - (1 - confidence) / 2))

    def short(more: float) -> float:
        now, prior = error / sqrt(1 + more), 1 / prior_variance
        half = bar * sqrt(prior + 1 / now**2)
        high, low = (now**2 * (side * half - prior_mean * prior) for side in (1, -1))
        return float(ndtr((lift - high) / now) + ndtr((low - lift) / now)) - power

    return _more(short)


def _more(short: Callable[[float], float]) -> float:
    if short(0.0) >= 0:
        return 0.0
    if short(_MOST_TIMES) < 0:
        raise NotEnoughData("even a million times as many people would not show this lift")
    return _solved(short, 0.0, _MOST_TIMES)


def _solved(short: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy takes long to import

    return float(brentq(short, low, high, xtol=_TOLERANCE))


LIFT_POWER = Method(
    key="lift-power",
    name="Power of a relative lift",
    topic=Topic.PLANNING,
    functions=(
        "lift_error",
        "lift_power",
        "smallest_lift",
        "anytime_bar",
        "times_as_many",
        "times_as_many_believed",
    ),
    decides=False,
    plainly=(
        "It says how often a lift, such as 5 % more per person, would be told from none.",
        "It can be asked before the launch, and again on the way with the luck seen so far.",
        "On the way it says how many times as many people must still come.",
        "A rule that may be read at any time needs more of them than one that is read once.",
        "Two calculators may differ here, because they guess differently how values vary.",
    ),
    assumes=("Enough people for averages to behave like a bell curve.", "Values go on varying so."),
    formula="power = Φ(L/se − z) + Φ(−L/se − z), se² = s²(1 + (1 + L)²)/(n·ȳ²);"
    " on the way se² falls as 1/(1 + more)",
    source="Chow, Shao & Wang, Sample Size Calculations in Clinical Research, section 3.2; Deng,"
    " Knoblich & Lu (2018), KDD",
)
METHODS = (LIFT_POWER,)

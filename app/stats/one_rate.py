"""Other programs' answers about one rate, and a test that a harm stays small. They describe."""

from dataclasses import dataclass
from math import erfc, isfinite, log, log1p, sqrt

from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import Interval, p_value
from app.stats.two_arm import critical_value

_TIE = 1e-7  # two counts are as likely where rounding alone tells them apart


@dataclass(frozen=True, slots=True)
class OneRate:
    """A statistic on the normal curve and its two-sided p-value, in [0, 1]."""

    z: float
    p_value: float


def one_sample_z(hits: int, people: int, threshold: float) -> OneRate:
    """A rate against a threshold with the seen rate's own variance. Our call is exact instead.

    Args:
        hits, people: distinct people. threshold: in (0, 1).

    Returns:
        z and its two-sided p-value.

    Raises:
        NotEnoughData: nobody, or none or all did it. ValueError: out of range.

    Source:
        Wald (1943), Transactions of the AMS 54:426-482, for the statistic.
    """
    check_share(threshold, "threshold")
    error = _rate_error(hits, people)
    z = (hits / people - threshold) / error
    return OneRate(z, erfc(abs(z) / sqrt(2)))


def p_below(hits: int, people: int, threshold: float) -> float:
    """P(X <= hits) if the true rate were the threshold: the exact test that it is lower.

    Args:
        hits, people: distinct people. threshold: in (0, 1).

    Returns:
        A probability in (0, 1].

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        The binomial distribution's lower tail, Clopper & Pearson (1934), Biometrika 26:404-413.
    """
    return p_value(people - hits, people, 1 - threshold)


def p_either(hits: int, people: int, threshold: float) -> float:
    """The exact two-sided test: every count that is no likelier than the one seen.

    Args:
        hits, people: distinct people. threshold: in (0, 1).

    Returns:
        A probability in (0, 1].

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Sterne (1954), Biometrika 41:275-278.
    """
    check_counts(hits, people)
    check_share(threshold, "threshold")
    import numpy as np  # noqa: PLC0415 - takes long to import
    from scipy.special import gammaln  # noqa: PLC0415 - SciPy takes long to import

    counts = np.arange(people + 1)
    ways = gammaln(people + 1) - gammaln(counts + 1) - gammaln(people - counts + 1)
    chances = np.exp(ways + counts * log(threshold) + (people - counts) * log1p(-threshold))
    return min(1.0, float(chances[chances <= chances[hits] * (1 + _TIE)].sum()))


def normal_interval(hits: int, people: int, *, confidence: float) -> Interval:
    """The textbook interval of one rate, two-sided, cut to [0, 1].

    Args:
        hits, people: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        0 <= low <= high <= 1.

    Raises:
        NotEnoughData: nobody, or none or all did it, which leaves no width.

    Source:
        Brown, Cai & DasGupta (2001), Statistical Science 16:101-133, section 2.
    """
    check_share(confidence, "confidence")
    half = critical_value(confidence) * _rate_error(hits, people)
    rate = hits / people
    return Interval(max(0.0, rate - half), min(1.0, rate + half), "Wald")


def agresti_coull(hits: int, people: int, *, confidence: float) -> Interval:
    """Wald's interval around Wilson's middle, two-sided, cut to [0, 1].

    Args:
        hits, people: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        0 <= low <= high <= 1.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Agresti & Coull (1998), The American Statistician 52:119-126.
    """
    check_counts(hits, people)
    check_share(confidence, "confidence")
    square = critical_value(confidence) ** 2
    middle = (hits + square / 2) / (people + square)
    half = sqrt(square * middle * (1 - middle) / (people + square))
    return Interval(max(0.0, middle - half), min(1.0, middle + half), "Agresti–Coull")


@dataclass(frozen=True, slots=True)
class Noninferiority:
    """Whether a harm stays under its margin: the one-sided bound and p-value."""

    high: float
    p_value: float


def noninferiority(
    harm: float, error: float, *, margin: float, confidence: float
) -> Noninferiority:
    """Test that something that should not rise rises by less than a margin.

    Args:
        harm: the estimated rise. error: its standard error, above 0. margin: 0 or more.
        confidence: one-sided, in (0, 1).

    Returns:
        The upper bound, below the margin exactly if p_value < 1 - confidence.

    Raises:
        ValueError: error or margin out of range. NotEnoughData: an error of 0.

    Source:
        Blackwelder (1982), Controlled Clinical Trials 3:345-353.
    """
    check_share(confidence, "confidence")
    if not (isfinite(harm) and isfinite(error) and error >= 0 and isfinite(margin) and margin >= 0):
        raise ValueError("harm, error and margin must be numbers, the last two not negative")
    if error == 0:
        raise NotEnoughData("without any spread there is nothing to test")
    high = harm + critical_value(2 * confidence - 1) * error
    return Noninferiority(high, erfc((margin - harm) / error / sqrt(2)) / 2)


def _rate_error(hits: int, people: int) -> float:
    check_counts(hits, people)
    if hits in {0, people}:
        raise NotEnoughData("none or all did it, which leaves this method no width")
    return sqrt(hits / people * (1 - hits / people) / people)


METHODS: tuple[Method, ...] = (
    Method(
        key="one-rate",
        name="Wald, Agresti–Coull and two-sided tests",
        topic=Topic.ONE_ARM,
        functions=("normal_interval", "agresti_coull", "one_sample_z", "p_below", "p_either"),
        decides=False,
        plainly=(
            "These are two more intervals for one rate, and tests that ask what our call does not.",
            "The first is the one from school, and it is too narrow where clicks are few.",
            "The second mends it by adding two clicks and two others before it starts.",
            "You may need them to check our numbers against another program.",
            "Neither makes a call: ours is exact.",
        ),
        assumes=("people act independently", "hits and misses both above 5 or so"),
        formula="p +- z sqrt(p(1-p)/n); the same with z^2/2 hits and misses added",
        source="Brown, Cai & DasGupta (2001), Statistical Science 16:101-133; Agresti & Coull "
        "(1998), The American Statistician 52:119-126",
    ),
    Method(
        key="noninferiority",
        name="Not worse than a margin",
        topic=Topic.HEALTH,
        functions=("noninferiority",),
        decides=False,
        plainly=(
            "Sometimes the question is not whether something is better, but whether it does harm.",
            "You say beforehand how much worse would still be bearable: the margin.",
            "The test shows whether the harm is, beyond reasonable luck, smaller than that.",
            "Only the bad side is tested, so it takes fewer people than asking both ways.",
            "If it fails, harm is not shown; it only could not be ruled out.",
        ),
        assumes=("the estimate is about normal", "the margin was set before launch"),
        formula="high = d + z_(1-alpha) se < margin; p = 1 - Phi((margin - d)/se)",
        source="Blackwelder (1982), Controlled Clinical Trials 3:345-353",
    ),
)

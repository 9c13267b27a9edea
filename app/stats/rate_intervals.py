"""How high a rate may be, from how many did it: exact bounds, and narrower ones to compare with."""

from dataclasses import dataclass
from functools import lru_cache

from app.stats import special
from app.stats.checks import check_counts, check_share
from app.stats.methods import Method, Topic

_KEPT = 4_096  # answers: the same counts are read by every page that shows them


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate's bounds, 0 <= low <= high <= 1, and the method's name."""

    low: float
    high: float
    method: str


def clopper_pearson(hits: int, people: int, *, confidence: float) -> Interval:
    """The two one-sided exact bounds of a rate, each at `confidence`.

    A bound is the threshold at which the exact one-sided binomial test would just reject, so
    the interval and the call of a threshold rule can't disagree.

    Args:
        hits, people: distinct people, 0 <= hits <= people.
        confidence: of EACH side, in (0, 1): "95 % each side" is a two-sided 90 % interval.

    Returns:
        0 <= low <= hits/people <= high <= 1, for a confidence of 0.5 or more.

    Raises:
        NotEnoughData: nobody. ValueError: counts or confidence out of range.

    Source:
        Clopper & Pearson (1934), Biometrika 26:404-413; as beta quantiles, Brown, Cai &
        DasGupta (2001), Statistical Science 16:101-133, section 4.2.1.

    >>> found = clopper_pearson(72, 600, confidence=0.95)
    >>> round(found.low, 3), round(found.high, 3)
    (0.099, 0.144)
    """
    check_counts(hits, people)
    check_share(confidence, "confidence")
    low, high = _by_statsmodels(hits, people, alpha=2 * (1 - confidence), method="beta")
    return Interval(low, high, CLOPPER_PEARSON.name)


def wilson(hits: int, people: int, *, confidence: float) -> Interval:
    """Wilson's score interval, two-sided; descriptive only.

    Args:
        hits, people: distinct people. confidence: two-sided coverage, in (0, 1).

    Returns:
        0 <= low <= high <= 1.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Wilson (1927), JASA 22:209-212.

    >>> found = wilson(72, 600, confidence=0.95)
    >>> round(found.low, 3), round(found.high, 3)
    (0.096, 0.148)
    """
    check_counts(hits, people)
    check_share(confidence, "confidence")
    low, high = _by_statsmodels(hits, people, alpha=1 - confidence, method="wilson")
    return Interval(low, high, "Wilson")


def jeffreys(hits: int, people: int, *, confidence: float) -> Interval:
    """Jeffreys' equal-tailed interval (Beta(1/2, 1/2) prior), two-sided; descriptive only.

    Args:
        hits, people: distinct people. confidence: two-sided coverage, in (0, 1).

    Returns:
        0 <= low <= high <= 1; low is 0 without hits, high is 1 where everybody did.

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        Brown, Cai & DasGupta (2001), Statistical Science 16:101-133, section 4.1.

    >>> found = jeffreys(72, 600, confidence=0.95)
    >>> round(found.low, 3), round(found.high, 3)
    (0.096, 0.148)
    """
    check_counts(hits, people)
    check_share(confidence, "confidence")
    low, high = _by_statsmodels(hits, people, alpha=1 - confidence, method="jeffreys")
    return Interval(low, high, "Jeffreys")


@lru_cache(maxsize=_KEPT)
def _by_statsmodels(hits: int, people: int, *, alpha: float, method: str) -> tuple[float, float]:
    """Its two-sided interval, with the ends of the scale where nobody or everybody did it."""
    low, high = special.proportion_confint(hits, people, alpha=alpha, method=method)
    return low if hits else 0.0, high if hits < people else 1.0


CLOPPER_PEARSON = Method(
    key="clopper-pearson",
    name="Clopper–Pearson, each side",
    topic=Topic.ONE_ARM,
    functions=("clopper_pearson",),
    decides=True,
    plainly=(
        "It is the interval that belongs to the exact test.",
        "Its lower end is the highest threshold that we could say the rate is over.",
        "Its upper end is the lowest threshold that we could say it is under.",
        "“95 % each side” means that each end is wrong in at most one case of twenty.",
        "It never promises more than it holds, and is a little wide for that.",
    ),
    assumes=("People's clicks do not depend on one another.",),
    formula="low = B(α; k, n−k+1), high = B(1−α; k+1, n−k), B the quantile of a beta distribution",
    source="Clopper & Pearson (1934), Biometrika 26:404–413",
    library="statsmodels, proportion_confint",
)
SCORE_INTERVALS = Method(
    key="wilson-jeffreys",
    name="Wilson and Jeffreys intervals",
    topic=Topic.ONE_ARM,
    functions=("wilson", "jeffreys"),
    decides=False,
    plainly=(
        "They are narrower intervals for a rate than the exact one.",
        "On average over all rates they hold what they promise; for a single rate they may not.",
        "Many tools show them, so they are here to compare with.",
        "Wilson's comes from a bell curve, Jeffreys's from a neutral guess beforehand.",
        "They never make a call.",
    ),
    assumes=("People's clicks do not depend on one another.",),
    formula="Wilson: {p: |p̂ − p| ≤ z√(pq/n)}; Jeffreys: quantiles of Beta(k + ½, n − k + ½)",
    source="Wilson (1927), JASA 22:209–212; Brown, Cai & DasGupta (2001), Statistical Science"
    " 16:101–133",
    library="statsmodels, proportion_confint",
)
METHODS = (CLOPPER_PEARSON, SCORE_INTERVALS)

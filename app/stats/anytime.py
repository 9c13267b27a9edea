"""Valid whenever one looks: a confidence sequence, bounds that hold at every moment at once."""

from collections.abc import Callable
from functools import lru_cache
from math import isfinite, log, log1p

from app.stats import special
from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.rate_intervals import Interval

_KEPT = 4_096  # answers: the same counts are read by every page that shows them
_EDGE = 1e-9  # the smallest rate that is looked for


def mixture_weight(n_max: int, *, confidence: float) -> float:
    """How many imagined people the mixture of alternatives weighs: best at the planned number.

    Args:
        n_max: everybody to be released. confidence: one-sided, in (0, 1).

    Returns:
        c > 0.

    Raises:
        NotEnoughData: so few people that no number of clicks could ever say yes.
        ValueError: out of range.

    Source:
        Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49:1055-1080, section 3.5,
        for a beta mixture: c = n/(L + ln(1 + L)) - 1 with L = 2 ln(1/alpha).

    >>> round(mixture_weight(600, confidence=0.95), 2)
    74.6
    """
    check_share(confidence, "confidence")
    check_counts(0, n_max)
    lasting = 2 * log(1 / (1 - confidence))
    weight = n_max / (lasting + log1p(lasting)) - 1
    if weight <= 0:
        raise NotEnoughData(f"{n_max:,} are too few for a rule that may be read at any time")
    return weight


def log_evidence(hits: int, people: int, threshold: float, *, weight: float) -> float:
    """The logarithm of the e-value against "the rate is no more than the threshold".

    Args:
        hits, people: matured, in the order of release. threshold: in (0, 1).
        weight: from `mixture_weight`, fixed at launch.

    Returns:
        ln e; validated where it reaches ln(1/alpha).

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        One-sided beta-binomial mixture, Howard et al. (2021), proposition 7 and appendix A;
        validity by Ville's inequality.

    >>> round(log_evidence(64, 600, 0.08, weight=74.0), 2)
    1.92
    """
    check_counts(hits, people)
    check_share(threshold, "threshold")
    if not (isfinite(weight) and weight > 0):
        raise ValueError(f"weight must be a positive number, got {weight}")
    a, b = weight * threshold, weight * (1 - threshold)
    after = special.betaln(a + hits, b + people - hits) - special.betaln(a, b)
    null = hits * log(threshold) + (people - hits) * log1p(-threshold)
    above = special.beta.logsf(threshold, a + hits, b + people - hits) - special.beta.logsf(
        threshold, a, b
    )
    return float(after - null + above)


@lru_cache(maxsize=_KEPT)
def anytime_bounds(hits: int, people: int, *, n_max: int, confidence: float) -> Interval:
    """The confidence sequence, here and now: thresholds that the e-value does not reject.

    Args:
        hits, people: matured. n_max: everybody to be released. confidence: of EACH side.

    Returns:
        low > threshold exactly where the e-value against it reaches 1/alpha; high likewise.

    Raises:
        NotEnoughData: nobody, or too few planned. ValueError: out of range.

    Source:
        Howard et al. (2021), Annals of Statistics 49:1055-1080; inverted by Brent's method.

    >>> found = anytime_bounds(72, 600, n_max=600, confidence=0.95)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0865, 0.1598)
    """
    check_counts(hits, people)
    weight = mixture_weight(n_max, confidence=confidence)
    wanted = log(1 / (1 - confidence))
    low = _lowest(hits, people, weight, wanted)
    high = 1 - _lowest(people - hits, people, weight, wanted)
    return Interval(low, high, ANYTIME.name)


@lru_cache(maxsize=_KEPT)
def anytime_pass_count(people: int, threshold: float, *, n_max: int, confidence: float) -> int:
    """The critical value at any time: how many of these must have clicked for a yes.

    Args:
        people: matured. threshold: in (0, 1). n_max, confidence: as at launch.

    Returns:
        A count in 1..people.

    Raises:
        NotEnoughData: even if all clicked it could not be said. ValueError: out of range.

    Source:
        `log_evidence`, which rises with the clicks, searched.

    >>> anytime_pass_count(600, 0.08, n_max=600, confidence=0.95)
    68
    """
    weight = mixture_weight(n_max, confidence=confidence)
    wanted = log(1 / (1 - confidence))
    if log_evidence(people, people, threshold, weight=weight) < wanted:
        raise NotEnoughData(
            f"even every one of {people:,} would not show that the rate is over"
            f" {100 * threshold:.6g} %"
        )
    fails, passes = 0, people
    while passes - fails > 1:
        middle = (fails + passes) // 2
        if log_evidence(middle, people, threshold, weight=weight) >= wanted:
            passes = middle
        else:
            fails = middle
    return passes


def _lowest(hits: int, people: int, weight: float, wanted: float) -> float:
    """The largest rate that is rejected from below; 0 where none is."""
    rate = hits / people
    if rate <= _EDGE:
        return 0.0

    def beyond(threshold: float) -> float:
        return log_evidence(hits, people, threshold, weight=weight) - wanted

    highest = min(rate, 1 - _EDGE)
    return _root(beyond, highest)


def _root(beyond: Callable[[float], float], highest: float) -> float:
    if beyond(_EDGE) < 0:
        return 0.0
    if beyond(highest) >= 0:
        return highest
    return float(special.brentq(beyond, _EDGE, highest, xtol=1e-12))


ANYTIME = Method(
    key="anytime-one-arm",
    name="Beta-binomial confidence sequence",
    topic=Topic.PEEKING,
    functions=("mixture_weight", "log_evidence", "anytime_bounds", "anytime_pass_count"),
    decides=True,
    plainly=(
        "You may look whenever you like, as often as you like, and stop when it says yes.",
        (
            "It measures evidence like winnings in a fair game: where the rate is not over the"
            " threshold, nobody can expect to win."
        ),
        (
            "Twenty times the stake is won by luck in at most one game of twenty, however long it"
            " is played."
        ),
        "The price is that it needs more people than a test with one look.",
        "The interval beside it holds at all moments at once.",
    ),
    assumes=("People's clicks do not depend on one another.", "People count in order of release."),
    formula="e = B(cp₀+k, c(1−p₀)+n−k)/B(cp₀, c(1−p₀)) / (p₀ᵏ(1−p₀)ⁿ⁻ᵏ)"
    " × [1−I_p₀(cp₀+k, c(1−p₀)+n−k)] / [1−I_p₀(cp₀, c(1−p₀))]; yes where e ≥ 1/α",
    source="Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49:1055–1080",
)
METHODS = (ANYTIME,)

"""One arm against a threshold, looked at on planned days: exact, however uneven the looks."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.open_counts import open_counts
from app.stats.rate_intervals import Interval

_TOLERANCE = 1e-10  # of a bound, in shares


def planned_boundaries(
    people: Sequence[int], threshold: float, *, confidence: float
) -> tuple[int | None, ...]:
    """Critical values: how many must have clicked at each look to say that the rate is over it.

    Args:
        people: matured people at each look, rising; the last is everybody.
        threshold: the rate to exceed, in (0, 1). confidence: one-sided, in (0, 1).

    Returns:
        A count for each look, or None where no count would do yet.

    Raises:
        NotEnoughData: no look could ever say yes. ValueError: out of range, or counts not rising.

    Source:
        Exact group-sequential binomial test, Jennison & Turnbull (2000), Group Sequential Methods,
        chapter 12; spending alpha·t² with t = people/n: Kim & DeMets (1987), Biometrika
        74:149-154.

    >>> planned_boundaries([300, 600], 0.08, confidence=0.95)
    (36, 60)
    """
    _check(people, threshold, confidence)
    found: list[tuple[int, int | None]] = []
    n_max = people[-1]
    for so_far in people:
        boundary = next_boundary(
            found, so_far, threshold, confidence=confidence, n_max=n_max, last=so_far == n_max
        )
        found.append((so_far, boundary))
    if all(boundary is None for _, boundary in found):
        raise NotEnoughData(
            f"even every one of {people[-1]:,} in {len(people)} looks would not show that the rate"
            f" is over {100 * threshold:.6g} %"
        )
    return tuple(boundary for _, boundary in found)


def next_boundary(
    earlier: Sequence[tuple[int, int | None]],
    people: int,
    threshold: float,
    *,
    confidence: float,
    n_max: int,
    last: bool = False,
) -> int | None:
    """The critical value of this look, given how the earlier ones were held.

    Args:
        earlier: (matured people, boundary) of each look before, in order.
        people: matured now, more than at the look before. n_max: everybody planned.
        threshold, confidence: as at launch. last: it spends all that remains.

    Returns:
        The smallest count whose chance, together with all before, stays within what may be spent;
        None where even everybody clicking would not do.

    Raises:
        ValueError: counts that shrink, or out of range.

    Source:
        Lan & DeMets (1983), Biometrika 70:659-663: a boundary depends on the looks so far only.

    >>> next_boundary([(300, 36)], 580, 0.08, confidence=0.95, n_max=600)
    59
    """
    _check([*(one for one, _ in earlier), people], threshold, confidence)
    share = 1.0 if last else min(1.0, people / n_max)
    alive, first, spent = open_counts(tuple(earlier), people, threshold)
    allowed = (1 - confidence) * share * share - spent
    tails = alive[::-1].cumsum()[::-1]
    fits = (tails <= allowed).nonzero()[0]
    boundary = first + (int(fits[0]) if len(fits) else len(alive))
    return boundary if boundary <= people else None


def sequential_error(looks: Sequence[tuple[int, int | None]], true_rate: float) -> float:
    """How often some look reaches its boundary if this is the truth: the error, or the power.

    Args:
        looks: (matured people, boundary) of each look. true_rate: in (0, 1).

    Returns:
        A probability in [0, 1].

    Raises:
        ValueError: out of range, or counts not rising.

    Source:
        The same convolution as the boundaries.

    >>> round(sequential_error([(300, 36), (600, 60)], 0.08), 4)
    0.0489
    """
    _check([one for one, _ in looks], true_rate, 0.5)
    alive, _, spent = open_counts(tuple(looks), None, true_rate)
    return float(min(1.0, max(0.0, spent if alive.size == 0 else 1 - alive.sum())))


def conditional_power(
    people: int, hits: int, coming: Sequence[tuple[int, int | None]], *, true_rate: float
) -> float:
    """How often a later look will say yes, from where it stands now.

    Args:
        people, hits: matured now. coming: (people, boundary) of each later look.
        true_rate: of the people to come, in (0, 1); the trend, or what was hoped.

    Returns:
        A probability in [0, 1].

    Raises:
        NotEnoughData: nobody has matured. ValueError: out of range.

    Source:
        Lan, Simon & Halperin (1982), Sequential Analysis 1:207-219, computed exactly.

    >>> round(conditional_power(300, 33, [(600, 60)], true_rate=0.1), 3)
    0.745
    """
    check_counts(hits, people)
    shifted = [
        (later - people, None if boundary is None else max(0, boundary - hits))
        for later, boundary in coming
    ]
    return sequential_error(shifted, true_rate) if shifted else 0.0


@dataclass(frozen=True, slots=True)
class SaidOf:
    """What the looks said of the threshold itself, by the boundaries that were kept with them."""

    threshold: float
    above: bool
    below: bool


def sequential_interval(
    looks: Sequence[tuple[int, int]],
    *,
    n_max: int,
    confidence: float,
    ended: bool,
    withheld: int = 0,
    call: SaidOf | None = None,
) -> Interval:
    """The bounds that belong to the looks so far: thresholds that this design would not reject.

    Counts jump, so neighbouring thresholds may be judged in turns; the bound is sought on the side
    of the threshold where the call lies.

    Args:
        looks: (matured people, hits) at each look held. n_max: everybody planned.
        confidence: of EACH side. ended: the last look may spend all that was left.
        withheld: planned people whom a cancel kept away. The last look is then the planned one,
            and they count against either bound. call: what was said of the threshold.

    Returns:
        low > threshold exactly where the call is above it, high < threshold where it is below.

    Raises:
        NotEnoughData: no look yet. ValueError: out of range, or counts that shrink.

    Source:
        Repeated confidence intervals, Jennison & Turnbull (1989), JRSS B 51:305-361.

    >>> found = sequential_interval([(300, 45)], n_max=600, confidence=0.95, ended=False)
    >>> round(found.low, 3), round(found.high, 3)
    (0.107, 0.202)
    """
    if not looks:
        raise NotEnoughData("no look has been held yet, so there is no interval")
    for people, hits in looks:
        check_counts(hits, people)
    misses = [(people, people - hits) for people, hits in looks]
    if withheld:
        looks, misses, ended = _with(looks, withheld), _with(misses, withheld), True
    above = None if call is None else (call.threshold, call.above)
    below = None if call is None else (1 - call.threshold, call.below)
    low = _lower(looks, above, n_max=n_max, confidence=confidence, ended=ended)
    high = 1 - _lower(misses, below, n_max=n_max, confidence=confidence, ended=ended)
    return Interval(low, max(low, high), SEQUENTIAL.name)


def _with(looks: Sequence[tuple[int, int]], withheld: int) -> list[tuple[int, int]]:
    people, hits = looks[-1]
    return [*looks[:-1], (people + withheld, hits)]


def _lower(
    looks: Sequence[tuple[int, int]],
    said: tuple[float, bool] | None,
    *,
    n_max: int,
    confidence: float,
    ended: bool,
) -> float:
    """said: a threshold, and whether it was rejected; the bound lies on that side of it."""
    rejected, kept = 0.0, max(hits / people for people, hits in looks)
    if said is not None:
        threshold, above = said
        rejected = threshold + _TOLERANCE if above else 0.0
        kept = max(kept, threshold + 2 * _TOLERANCE) if above else min(kept, threshold)
    if kept == 0:
        return 0.0
    while kept - rejected > _TOLERANCE:
        middle = (rejected + kept) / 2
        if _rejects(looks, middle, n_max=n_max, confidence=confidence, ended=ended):
            rejected = middle
        else:
            kept = middle
    return rejected


def _rejects(
    looks: Sequence[tuple[int, int]],
    threshold: float,
    *,
    n_max: int,
    confidence: float,
    ended: bool,
) -> bool:
    held: list[tuple[int, int | None]] = []
    for place, (people, hits) in enumerate(looks):
        last = ended and place == len(looks) - 1
        boundary = next_boundary(
            held, people, threshold, confidence=confidence, n_max=n_max, last=last
        )
        if boundary is not None and hits >= boundary:
            return True
        held.append((people, boundary))
    return False


def _check(people: Sequence[int], threshold: float, confidence: float) -> None:
    check_share(threshold, "threshold")
    check_share(confidence, "confidence")
    if not people:
        raise NotEnoughData("a sequential test needs a look")
    if people[0] < 1 or any(later <= before for before, later in zip(people, people[1:])):  # noqa: B905, RUF007 - neighbours
        raise ValueError(f"matured people must rise from look to look, got {list(people)}")


SEQUENTIAL = Method(
    key="sequential-one-arm",
    name="Exact group-sequential test",
    topic=Topic.PEEKING,
    functions=(
        "planned_boundaries",
        "next_boundary",
        "sequential_error",
        "conditional_power",
        "sequential_interval",
    ),
    decides=True,
    plainly=(
        (
            "It looks at the result on days fixed before the launch, not whenever somebody opens"
            " a page."
        ),
        "Every look has its own number of clicks that would be enough.",
        (
            "Early looks ask for more, so that all together are wrong no more often than one would"
            " be."
        ),
        (
            "If fewer or more people had time to click than planned, the number is worked out"
            " anew from those who really had."
        ),
        "The last look may use whatever the earlier ones left over.",
    ),
    assumes=(
        "Looks are held on their dates, whatever the numbers look like.",
        "People's clicks do not depend on one another.",
    ),
    formula="P(X₁ ≥ c₁ or … or Xₖ ≥ cₖ | p₀) ≤ α·tₖ², tₖ = matured/n, by convolution of binomials",
    source="Jennison & Turnbull (2000), Group Sequential Methods, ch. 12; Kim & DeMets (1987),"
    " Biometrika 74:149–154; intervals: Jennison & Turnbull (1989), JRSS B 51:305–361",
)
METHODS = (SEQUENTIAL,)

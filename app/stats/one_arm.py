"""One arm against a threshold: do at least 8 % click? Exact, because clicks are few."""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log

from app.stats import special
from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.rate_intervals import clopper_pearson


class State(StrEnum):
    """What a rule says."""

    VALIDATED = "validated"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    WAITING = "waiting"


def p_value(hits: int, people: int, threshold: float) -> float:
    """P(X >= hits) if the true rate were the threshold: the exact one-sided binomial test.

    SciPy's `binomtest` has the same number, and takes 17 times as long: where people are sought
    for a plan, this is asked ten thousand times and more.

    Args:
        hits, people: distinct people. threshold: the rate to exceed, in (0, 1).

    Returns:
        A probability in (0, 1].

    Raises:
        NotEnoughData: nobody. ValueError: out of range.

    Source:
        The binomial distribution's upper tail as an incomplete beta, Abramowitz & Stegun 26.5.24.

    >>> round(p_value(60, 600, 0.08), 4)
    0.0452
    """
    check_counts(hits, people)
    check_share(threshold, "threshold")
    if hits == 0:
        return 1.0
    return float(special.betainc(hits, people - hits + 1, threshold))


def pass_count(people: int, threshold: float, *, confidence: float) -> int:
    """The critical value of the exact test: how many must click to say that the rate is over it.

    Args:
        people: everybody to be released, frozen at launch.
        threshold: the rate to exceed, in (0, 1). confidence: one-sided, in (0, 1).

    Returns:
        The smallest k in 1..people with P(X >= k | people, threshold) <= 1 - confidence.

    Raises:
        NotEnoughData: even if all clicked it could not be said; the sentence says how many
            people it takes. ValueError: out of range.

    Source:
        Exact binomial test inverted in k; statistics of the curtailed test as in Eisenberg &
        Ghosh (1980), Annals of Statistics 8:1123-1131 (stopping at k loses nothing).

    >>> pass_count(600, 0.08, confidence=0.95)
    60
    """
    check_counts(0, people)
    check_share(threshold, "threshold")
    check_share(confidence, "confidence")
    alpha = 1 - confidence
    if p_value(people, people, threshold) > alpha:
        least = ceil(log(alpha) / log(threshold) - 1e-12)
        raise NotEnoughData(
            f"even every one of {people:,} would not show that the rate is over"
            f" {100 * threshold:.6g} %. It takes {least:,} at least"
        )
    fails, passes = 0, people
    while passes - fails > 1:
        middle = (fails + passes) // 2
        if p_value(middle, people, threshold) <= alpha:
            passes = middle
        else:
            fails = middle
    return passes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment is. People, all of them.

    planned: enrolled, as frozen at launch; the exact test is over them.
    released: claimed by a worker so far. coming: still to be released (0 after a cancel).
    open: may still click: window not closed, or still to be released.
    clickers: human, by now. settled: of them, those whose verdict can't change any more.
    withheld: planned, and never mailed because somebody ended it before their turn.
    """

    planned: int
    released: int
    coming: int
    open: int
    clickers: int
    settled: int
    withheld: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.settled <= self.clickers <= self.released <= self.planned:
            raise ValueError(f"settled <= clickers <= released <= planned does not hold: {self}")
        if not 0 <= self.coming <= self.open <= self.planned:
            raise ValueError(f"0 <= coming <= open <= planned does not hold: {self}")
        if self.withheld < 0 or self.released + self.coming + self.withheld > self.planned:
            raise ValueError(f"released + coming + withheld <= planned does not hold: {self}")


@dataclass(frozen=True, slots=True)
class Call:
    """What the curtailed rule says, with the interval that says the same."""

    state: State
    provisional: bool  # windows are open, or clicks are not settled: it may still change
    low: float
    high: float
    out_of_reach: bool  # the critical value can no longer be reached
    spare: int  # settled clicks that a validated call could lose; 0 otherwise


def curtailed_call(
    progress: Progress, *, pass_count: int, threshold: float, confidence: float
) -> Call:
    """The exact test over everybody planned, stopped as soon as its end is certain.

    Validated the moment `pass_count` settled clickers are in: more people can't take that back,
    so stopping early costs no error. While windows are open the low bound takes the settled
    clickers, the high bound counts every open person as a clicker. The low one is over the
    planned number, for after a cancel the planned critical value still decides; the high one is
    over those who are or will be released: the planned, unless some were skipped. Whoever was
    withheld counts against either answer, as a person who might have clicked and as one who might
    not: so nobody finds luck by choosing when to end it.

    Args:
        progress: people so far. pass_count: the critical value, from `pass_count`, frozen at
            launch. threshold: in (0, 1). confidence: one-sided, in (0, 1).

    Returns:
        A call whose state is VALIDATED only if low > threshold, REFUTED only if high < threshold.

    Raises:
        NotEnoughData: nobody was released. ValueError: out of range.

    Source:
        Exact binomial test with curtailment, Eisenberg & Ghosh (1980), Annals of Statistics
        8:1123-1131; bounds of Clopper & Pearson (1934).

    >>> so_far = Progress(600, 600, 0, open=40, clickers=63, settled=63)
    >>> curtailed_call(so_far, pass_count=60, threshold=0.08, confidence=0.95).state.value
    'validated'
    """
    if progress.released == 0:
        raise NotEnoughData("nobody has been released yet, so there is no rate")
    check_share(threshold, "threshold")
    moving = progress.open > 0 or progress.settled < progress.clickers
    out_of = progress.released + progress.coming + progress.withheld
    reachable = min(progress.clickers + progress.open, out_of - progress.withheld)
    low = clopper_pearson(progress.settled, progress.planned, confidence=confidence).low
    high = clopper_pearson(reachable + progress.withheld, out_of, confidence=confidence).high
    out_of_reach = reachable < pass_count
    return Call(
        state=_state(
            progress, pass_count, moving=moving, out_of_reach=out_of_reach, refuted=high < threshold
        ),
        provisional=moving,
        low=low,
        high=high,
        out_of_reach=out_of_reach,
        spare=max(0, progress.settled - pass_count),
    )


def _state(
    progress: Progress, pass_count: int, *, moving: bool, out_of_reach: bool, refuted: bool
) -> State:
    if progress.settled >= pass_count:
        return State.VALIDATED
    if refuted:
        return State.REFUTED
    if out_of_reach or not moving:
        return State.INCONCLUSIVE
    return State.WAITING


CURTAILED = Method(
    key="curtailed",
    name="Exact binomial test, curtailed",
    topic=Topic.ONE_ARM,
    functions=("p_value", "pass_count", "curtailed_call"),
    decides=True,
    plainly=(
        (
            "Before the launch it works out how many people must click before we can say that the"
            " rate is over your threshold."
        ),
        "That number is fixed, and so is the number of people.",
        (
            "The moment so many people have clicked, the answer is yes: whoever is still to come"
            " can't take a click back."
        ),
        (
            "If so few can still click that the number is out of reach, or that even all of them"
            " would leave it under the threshold, it says so early as well."
        ),
        (
            "Looking at it every hour changes nothing, because only that one number counts; nor"
            " does ending it early, for whoever was not mailed counts against a yes and a no."
        ),
    ),
    assumes=(
        "People's clicks do not depend on one another.",
        "The number of people is frozen at launch.",
    ),
    formula="k* = min{k: P(X ≥ k | n, p₀) ≤ α}; validated as soon as k* settled clickers are in",
    source="Exact binomial test; curtailment: Eisenberg & Ghosh (1980), Annals of Statistics"
    " 8:1123–1131",
)
METHODS = (CURTAILED,)

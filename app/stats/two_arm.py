"""An arm against its baseline: the call and the interval beside it are one test, inverted."""

from dataclasses import dataclass
from statistics import NormalDist

from app.stats.checks import NotEnoughData, check_share
from app.stats.exact import NAME as EXACT
from app.stats.exact import exact_difference
from app.stats.methods import Method, Topic
from app.stats.one_arm import State
from app.stats.score import Pair
from app.stats.skewed import NAME as SCORE
from app.stats.skewed import skewed_low, skewed_p

_FEW = 5.0  # an expected cell under it calls for an exact test: Cochran (1954), Biometrics 10:417
_SMALL = 200  # people in both arms under whom tails are counted anyway. Chosen by us, by simulation


@dataclass(frozen=True, slots=True)
class Arm:
    """People released in an arm, and how many of them did the thing."""

    people: int
    hits: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.people:
            raise ValueError(f"hits must lie in 0..people, got {self}")

    @property
    def rate(self) -> float:
        """Hits over people. Raises NotEnoughData if nobody is there."""
        if not self.people:
            raise NotEnoughData("an arm has nobody yet, so there is no rate")
        return self.hits / self.people


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm against its baseline. Rates 0..1; positive is better.

    relative: the difference over the baseline's rate; None where that is 0.
    p_value: two-sided, of the same test whose inversion is low to high.
    """

    difference: float
    low: float
    high: float
    relative: float | None
    p_value: float
    method: str
    state: State


def compare(arm: Arm, baseline: Arm, *, confidence: float, mde: float) -> Comparison:
    """Decide whether an arm moved the rate, and by how much.

    The score test, corrected for skewness, decides; with fewer than 200 people, or where a cell
    expected under equal rates is under 5, tails are counted exactly instead. Low is above 0, or
    high below it, exactly if p_value < 1 - confidence.

    Args:
        arm, baseline: distinct people, never clicks.
        confidence: two-sided, in (0, 1). mde: the smallest effect worth having, in (0, 1).

    Returns:
        -1 <= low <= difference <= high <= 1. VALIDATED if low > 0, else REFUTED if high < mde, else
        INCONCLUSIVE. An effect shown to be above 0 yet under the mde is validated.

    Raises:
        NotEnoughData: an arm has nobody. ValueError: confidence or mde out of range.

    Source:
        Laud (2017), Pharmaceutical Statistics 16:334-348; where cells are sparse
        Suissa & Shuster (1985), JRSS A 148:317-327, bounds of Buehler (1957), JASA 52:482-493.

    >>> found = compare(Arm(500, 70), Arm(500, 40), confidence=0.95, mde=0.02)
    >>> round(found.low, 4), round(found.high, 4), found.state.value
    (0.0214, 0.0993, 'validated')
    """
    check_share(confidence, "confidence")
    check_share(mde, "mde")
    base_rate, difference = baseline.rate, arm.rate - baseline.rate
    pair = Pair(arm.hits, arm.people, baseline.hits, baseline.people)
    if sparse(arm, baseline):
        answer = exact_difference(pair, confidence=confidence)
        low, high, p_value, method = answer.low, answer.high, answer.p_value, EXACT
    else:
        critical = critical_value(confidence)
        low = skewed_low(pair, critical=critical)
        high = -skewed_low(pair.turned(), critical=critical)
        p_value, method = skewed_p(pair), SCORE
    relative = difference / base_rate if base_rate else None
    state = state_of(low, high, mde=mde)
    return Comparison(difference, low, high, relative, p_value, method, state)


def state_of(low: float, high: float, *, mde: float) -> State:
    """What an interval of a difference says: above 0, under what is worth having, or neither."""
    if low > 0:
        return State.VALIDATED
    return State.REFUTED if high < mde else State.INCONCLUSIVE


def sparse(arm: Arm, baseline: Arm) -> bool:
    """Whether there are under 200 people, or a cell that equal rates lead to expect is under 5."""
    hits, people = arm.hits + baseline.hits, arm.people + baseline.people
    rarer, smaller = min(hits, people - hits), min(arm.people, baseline.people)
    return is_small(people) or rarer * smaller < _FEW * people


def is_small(people: int) -> bool:
    """Whether so few in both arms that tails are counted exactly, whatever they did."""
    return people < _SMALL


def critical_value(confidence: float) -> float:
    """The normal curve's two-sided quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


METHODS: tuple[Method, ...] = (
    Method(
        key="compare",
        name="An arm against its baseline",
        topic=Topic.TWO_ARMS,
        functions=("compare",),
        decides=True,
        plainly=(
            "Two groups got different mails, and we count who in each did the thing.",
            "The interval holds every difference that the counts do not contradict.",
            "If all of it lies above zero, the new mail is better and the idea is validated.",
            "If all of it lies below the smallest effect you said would matter, it is refuted.",
            "Otherwise the people were too few to tell, which is not the same as no effect.",
        ),
        assumes=(
            "people were drawn into the arms at random",
            "each person counts once, whatever they did",
            "one look, at the date set before launch",
        ),
        formula="validated: low > 0; refuted: high < mde; corrected score, exact if min E < 5 or"
        " N < 200",
        source="Laud (2017), Pharmaceutical Statistics 16:334-348; Cochran (1954), Biometrics"
        " 10:417-451",
    ),
)

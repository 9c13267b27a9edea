"""Whether an effect fades: the trend of a hazard ratio over the hours since release."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum, sqrt

from app.stats import special
from app.stats.checks import NotEnoughData
from app.stats.means import LEAST_NONZERO
from app.stats.methods import Method, Topic
from app.stats.sums import Sums
from app.stats.uneven import unevenness, widened
from app.stats.welch import welch

_LEAST_HITS = 10  # in each arm; fewer say nothing of a trend. Of the design
_SPEAKS = 1.96  # standard errors; of the design
_LEAST_ALIKE = 50  # as many people as would vary alike if all brought the same; by simulation
_SUREST = 8.0  # z beyond which a p-value is 0 in double precision
_STEPS = 200
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True)
class Trend:
    """How many times as likely the arm's people do it next, and whether that falls or rises.

    ratio: over the whole window, above 0. z: of its trend, below 0 where the lead fades.
    """

    ratio: float
    z: float

    @property
    def speaks(self) -> bool:
        """Whether there is a lead whose trend is more than luck."""
        return self.ratio > 1 and abs(self.z) > _SPEAKS


@dataclass(frozen=True, slots=True)
class _Hour:
    """Hits of an hour, the arm's and all, and who could still do it in each arm."""

    ours: int
    all: int
    people: int
    base_people: int

    def expected(self, ratio: float) -> float:
        """The arm's share of a hit."""
        return ratio * self.people / (ratio * self.people + self.base_people)


def hazard_trend(
    hits: Sequence[int], base_hits: Sequence[int], *, people: int, base_people: int
) -> Trend:
    """The hazard ratio of an arm to its baseline, and its trend over time.

    Args:
        hits, base_hits: first hits in each hour since release, of one length, of people whose
            whole window has closed. people, base_people: in each arm.

    Returns:
        A ratio and a z.

    Raises:
        NotEnoughData: fewer than ten hits in an arm, or all in one hour. ValueError: more hits than
        people, or lengths that differ.

    Source:
        Score test of proportional hazards, Grambsch & Therneau (1994), Biometrika 81:515-526, with
        ranks for time, as cox.zph of the R package survival has it.

    >>> found = hazard_trend([40, 20, 10], [20, 20, 15], people=500, base_people=500)
    >>> round(found.ratio, 3), round(found.z, 2)
    (1.302, -2.38)
    """
    if len(hits) != len(base_hits):
        raise ValueError("both arms need the same hours")
    if sum(hits) > people or sum(base_hits) > base_people:
        raise ValueError("there are more hits than people")
    if min(sum(hits), sum(base_hits)) < _LEAST_HITS:
        raise NotEnoughData(f"a trend needs {_LEAST_HITS} people who did it in each arm")
    hours = _hours(hits, base_hits, people, base_people)
    ratio = _ratio(hours)
    score = once = twice = weight = rank = 0.0
    for hour in hours:
        place, rank = rank + (hour.all + 1) / 2, rank + hour.all
        share, everybody = hour.expected(ratio), hour.people + hour.base_people
        spread = hour.all * share * (1 - share)
        spread *= (everybody - hour.all) / (everybody - 1) if everybody > 1 else 0.0
        score += place * (hour.ours - hour.all * share)
        once, twice, weight = once + place * spread, twice + place**2 * spread, weight + spread
    variance = twice - once * once / weight if weight > 0 else 0.0
    if variance <= _CLOSE * max(1.0, twice):
        raise NotEnoughData("everybody did it in the same hour, so there is no trend")
    return Trend(ratio, score / sqrt(variance))


def _hours(
    hits: Sequence[int], base_hits: Sequence[int], people: int, base_people: int
) -> list[_Hour]:
    hours = []
    for ours, theirs in zip(hits, base_hits, strict=True):
        if ours + theirs:
            hours.append(_Hour(ours, ours + theirs, people, base_people))
        people, base_people = people - ours, base_people - theirs
    return hours


def _ratio(hours: Sequence[_Hour]) -> float:
    """The ratio at which the arm has as many hits as it should, sought between factors of two."""
    low, high = 2.0**-60, 2.0**60
    for _ in range(_STEPS):
        middle = sqrt(low * high)
        if sum(hour.ours - hour.all * hour.expected(middle) for hour in hours) > 0:
            low = middle
        else:
            high = middle
        if high / low < 1 + _CLOSE:
            break
    return high


@dataclass(frozen=True, slots=True)
class Timed:
    """What the people of an arm brought, and when: one number each for everybody who has one.

    people: all of them. values: what each brought. timed: the same with each part of it times its
    moment, 0 at release and 1 at the window's end.
    """

    people: int
    values: Sequence[float]
    timed: Sequence[float]


def value_trend(arm: Timed, baseline: Timed) -> Trend:
    """How many times as much the arm's people bring, and whether that falls or rises over time.

    The moment at which value comes, weighed by value, is compared between the arms: under a lead
    that stays the same it is the same, however unevenly value comes over the window.

    Args:
        arm, baseline: everybody whose whole window has closed.

    Returns:
        A ratio and a z; of arms that differ in size, no larger than luck's further reach leaves.

    Raises:
        NotEnoughData: fewer than 100 people with a value in an arm, values that add up to 0 or
        less, a few people who brought most, values too uneven, or no spread.

    Source:
        Jackknife of a ratio, Efron & Stein (1981), Annals of Statistics 9:586-596: what each
        person moves it by; their means by Welch's t, widened as values are that are uneven.

    >>> arm = Timed(400, [10.0, 20.0] * 100, [2.0, 5.0] * 100)
    >>> baseline = Timed(400, [9.0, 18.0] * 100, [4.0, 9.0] * 100)
    >>> found = value_trend(arm, baseline)
    >>> round(found.ratio, 3), found.z < 0
    (1.111, True)
    """
    if min(sum(map(bool, timed.values)) for timed in (arm, baseline)) < LEAST_NONZERO:
        raise NotEnoughData(f"a trend of values needs {LEAST_NONZERO} people with one in each arm")
    moment, moved = _moved(arm)
    base_moment, base_moved = _moved(baseline)
    plain = welch(moved, base_moved)
    difference = widened(
        replace(plain, difference=moment - base_moment),
        unevenness(moved, base_moved),
        confidence=0.95,
    )
    worth = -float(special.ndtri(difference.p_value / 2)) if difference.p_value > 0 else _SUREST
    ratio = fsum(arm.values) / arm.people / (fsum(baseline.values) / baseline.people)
    return Trend(ratio, worth if difference.difference > 0 else -worth)


def _moved(arm: Timed) -> tuple[float, Sums]:
    """The moment at which value came, and by how much each person moves it, around 0."""
    whole, squares = fsum(arm.values), fsum(value * value for value in arm.values)
    if whole <= 0 or whole * whole < _LEAST_ALIKE * squares:
        raise NotEnoughData("a few people brought most of the value, so its moment is theirs")
    moment = fsum(arm.timed) / whole
    moved = [
        arm.people * (timed - moment * value) / (whole - value)
        for value, timed in zip(arm.values, arm.timed, strict=True)
    ]
    sums = [fsum(one**power for one in moved) for power in (2, 3)]
    return moment, Sums(arm.people, 0.0, sums[0], nonzero=len(moved), yyy=sums[1])


METHODS: tuple[Method, ...] = (
    Method(
        key="fading",
        name="Novelty: trend of the hazard ratio",
        topic=Topic.HEALTH,
        functions=("hazard_trend",),
        decides=False,
        plainly=(
            "Something new is looked at because it is new; that wears off.",
            "So for each hour after release we ask who of those still without a hit does it next.",
            (
                "If the better version's lead falls from hour to hour, more than luck explains, it"
                " may be novelty; if it rises, people need time to learn it."
            ),
            "It speaks once, when all windows have closed, and only of a lead.",
            "It is shown beside the call, which is about the whole window.",
        ),
        assumes=("Hours are counted from each person's own release.",),
        formula="z = Σg(a − hπ)/√(Σg²v − (Σgv)²/Σv), π = rRₐ/(rRₐ + R_b), r from Σ(a − hπ) = 0,"
        " v = hπ(1 − π)(R − h)/(R − 1), g midrank",
        source="Grambsch & Therneau (1994), Biometrika 81:515-526; cox.zph of R's survival",
    ),
    Method(
        key="fading-values",
        name="Novelty of values: when they come",
        topic=Topic.HEALTH,
        functions=("value_trend",),
        decides=False,
        plainly=(
            "A person may bring a value several times, so each one's moment counts.",
            "It takes the average moment in the window, weighed by what came then.",
            "Where a lead stays as it is, that moment is the same in both versions.",
            (
                "If the better version's value comes earlier, more than luck explains, it may be"
                " novelty; if later, people need time to learn it."
            ),
            (
                "It speaks once, when all windows have closed, of a lead, from 100 people with a"
                " value in each version, unless a few of them brought most of it."
            ),
        ),
        assumes=("Moments are counted from each person's own release.",),
        formula="R = Σ v·t/Σ v, t in 0..1 of the window; each person moves R by"
        " (v·t − R·v)/(Σv − v); Welch's t of these, widened for skewness; (Σv)² ≥ 50·Σv²",
        source="Efron & Stein (1981), Annals of Statistics 9:586–596; Hall (1992), The Bootstrap"
        " and Edgeworth Expansion, section 2.4",
    ),
)

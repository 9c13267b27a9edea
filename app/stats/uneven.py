"""Values that are skewed, in arms of different sizes: luck reaches further to one side."""

from dataclasses import dataclass, replace
from math import ceil, sqrt

from app.stats import special
from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.sums import Sums
from app.stats.welch import Difference

_MOST = 0.3  # skewness of the difference up to which the correction holds; by simulation


class TooUneven(NotEnoughData):
    """Values are so skewed that no interval of their difference could be trusted.

    smaller: people in the smaller arm. needed: people in both, about, with the same shares.
    for_arm: luck favours the arm; otherwise its baseline.
    """

    def __init__(self, *, smaller: int, needed: int, for_arm: bool) -> None:
        self.smaller, self.needed, self.for_arm = smaller, needed, for_arm
        super().__init__(
            f"values are so uneven that with {smaller:,} people in the smaller arm luck favours the"
            f" other. It takes about {needed:,} people, or a lower cap"
        )


@dataclass(frozen=True, slots=True)
class Unevenness:
    """How skewed one person's value is, and the difference of two means.

    skewness: of a person's value around the mean of their arm. kappa: of the difference; below 0
    luck raises the arm more easily than it lowers it. people: in the arm and in its baseline.
    """

    skewness: float
    kappa: float
    people: tuple[int, int]


def unevenness(arm: Sums, baseline: Sums) -> Unevenness:
    """How skewed values are, and what their difference keeps of it.

    Args:
        arm, baseline: sums of everybody, cubes included; two people at least in each.

    Returns:
        Two numbers without a unit; kappa is 0 for arms of one size.

    Raises:
        NotEnoughData: no spread at all.

    Source:
        Third cumulant of a difference of means with one skewness for both arms, over the 3/2 power
        of its variance: Hall (1992), The Bootstrap and Edgeworth Expansion, section 2.

    >>> arm = Sums(300, 300.0, 1500.0, yyy=12000.0)
    >>> baseline = Sums(600, 540.0, 2700.0, yyy=21600.0)
    >>> round(unevenness(arm, baseline).kappa, 4)
    0.0825
    """
    everybody = arm.people + baseline.people
    second = (arm.second + baseline.second) / everybody
    if second <= 0:
        raise NotEnoughData("everybody has the same value, so its spread is not known yet")
    skewness = (arm.third + baseline.third) / everybody / second**1.5
    apart = (baseline.people - arm.people) / sqrt(arm.people * baseline.people * everybody)
    return Unevenness(skewness, skewness * apart, (arm.people, baseline.people))


def widened(plain: Difference, found: Unevenness, *, confidence: float) -> Difference:
    """The same difference with the side made wider to which luck reaches further.

    Args:
        plain: by Welch's t. found: from `unevenness`. confidence: as of `plain`, in (0, 1).

    Returns:
        low and high no nearer than before, and the p-value under 1 - confidence exactly where they
        leave out 0.

    Raises:
        TooUneven: |kappa| is over 0.3. ValueError: confidence out of range.

    Source:
        First Cornish-Fisher term of a studentised mean, g = (2t² + 1)/6: Hall (1992), section
        2.4; only ever widening is ours.

    >>> plain = Difference(1.0, 0.1, 1.9, 0.03, 0.46, 200.0, "Welch's t")
    >>> found = widened(plain, Unevenness(3.0, -0.1, (300, 600)), confidence=0.95)
    >>> round(found.low, 3), round(found.high, 3)
    (0.026, 1.907)
    """
    check_share(confidence, "confidence")
    if abs(found.kappa) > _MOST:
        raise TooUneven(smaller=min(found.people), needed=_needed(found), for_arm=found.kappa < 0)
    t = float(special.stdtrit(plain.degrees, (1 + confidence) / 2))
    reach = (2 * t * t + 1) / 6
    below, above = (t + max(0.0, side * found.kappa * reach) for side in (-1, 1))
    kept = -found.kappa if plain.difference > 0 else found.kappa
    worth = _worth(abs(plain.difference) / plain.error, max(0.0, kept))
    return replace(
        plain,
        low=plain.difference - below * plain.error,
        high=plain.difference + above * plain.error,
        p_value=min(1.0, 2 * float(special.stdtr(plain.degrees, -worth))),
    )


def _worth(seen: float, bent: float) -> float:
    """The t whose widened interval just reaches 0: t + bent·(2t² + 1)/6 = seen."""
    if bent == 0:
        return seen
    third = bent / 3
    return max(0.0, (sqrt(max(0.0, 1 + 4 * third * (seen - bent / 6))) - 1) / (2 * third))


def _needed(found: Unevenness) -> int:
    """People in both arms, shared out as now, with whom kappa would be 0.3."""
    share = min(found.people) / sum(found.people)
    return ceil((found.skewness / _MOST) ** 2 * (1 - 2 * share) ** 2 / (share * (1 - share)))


UNEVEN = Method(
    key="uneven-values",
    name="Allowing for uneven values",
    topic=Topic.VALUES,
    functions=("unevenness", "widened"),
    decides=True,
    plainly=(
        "A few large orders weigh more in a small group than in a large one.",
        "So luck moves the difference further to one side than to the other.",
        "How far follows from how uneven values are and how different the groups' sizes.",
        "The interval is made wider on that side, and never narrower on the other.",
        "Where values are too uneven for that, no call is made, and it says how many people help.",
    ),
    assumes=("Values are alike in their unevenness in both groups.",),
    formula="κ = γ(n₂ − n₁)/√(n₁n₂N); [d − (t + max(0, −κg))·se, d + (t + max(0, κg))·se],"
    " g = (2t² + 1)/6; a call where |κ| ≤ 0.3",
    source="Hall (1992), The Bootstrap and Edgeworth Expansion; the bound of 0.3 is ours, by"
    " simulation",
)
METHODS = (UNEVEN,)

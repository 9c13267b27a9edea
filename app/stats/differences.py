"""How far two rates may lie apart, from their own intervals. It describes, and makes no call."""

from dataclasses import dataclass
from functools import lru_cache

from app.stats import special
from app.stats.checks import check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.two_arm import Arm

_KEPT = 4_096  # answers: the same counts are read by every page that shows them


@dataclass(frozen=True, slots=True)
class Difference:
    """Bounds of a difference between two rates, in [-1, 1]."""

    low: float
    high: float


@lru_cache(maxsize=_KEPT)
def newcombe(arm: Arm, baseline: Arm, *, confidence: float) -> Difference:
    """Newcombe's hybrid of the two arms' Wilson intervals.

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        -1 <= low <= high <= 1.

    Raises:
        NotEnoughData: an arm has nobody. ValueError: confidence out of range.

    Source:
        Newcombe (1998), Statistics in Medicine 17:873-890, method 10.

    >>> found = newcombe(Arm(70, 56), Arm(80, 48), confidence=0.95)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    check_counts(arm.hits, arm.people)
    check_counts(baseline.hits, baseline.people)
    check_share(confidence, "confidence")
    low, high = special.confint_proportions_2indep(
        arm.hits, arm.people, baseline.hits, baseline.people,
        method="newcomb", alpha=1 - confidence,
    )  # fmt: skip
    return Difference(float(low), float(high))


METHODS: tuple[Method, ...] = (
    Method(
        key="difference-intervals",
        name="Newcombe",
        topic=Topic.TWO_ARMS,
        functions=("newcombe",),
        decides=False,
        plainly=(
            "It says how far two rates may lie apart: for kinds of people, and day by day.",
            "Each group has a range of its own, and the two together give the difference's.",
            "It holds for small rates, where the textbook formula reaches below zero.",
            "It comes without a matching p-value, so it could contradict one.",
            "That is why it makes no call.",
        ),
        assumes=("people act independently",),
        formula="d - sqrt((p1 - l1)^2 + (u0 - p0)^2) to d + sqrt((u1 - p1)^2 + (p0 - l0)^2)",
        source="Newcombe (1998), Statistics in Medicine 17:873-890",
        library="statsmodels, confint_proportions_2indep",
    ),
)

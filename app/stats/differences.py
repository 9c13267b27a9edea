"""How far two rates may lie apart, from their own intervals. It describes, and makes no call."""

from dataclasses import dataclass
from math import sqrt

from app.stats.methods import Method, Topic
from app.stats.one_arm import wilson
from app.stats.two_arm import Arm


@dataclass(frozen=True, slots=True)
class Difference:
    """Bounds of a difference between two rates, in [-1, 1]."""

    low: float
    high: float


def newcombe(arm: Arm, baseline: Arm, *, confidence: float) -> Difference:
    """Newcombe's hybrid of the two arms' Wilson intervals.

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        -1 <= low <= high <= 1.

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Newcombe (1998), Statistics in Medicine 17:873-890, method 10.
    """
    own = wilson(arm.hits, arm.people, confidence=confidence)
    base = wilson(baseline.hits, baseline.people, confidence=confidence)
    seen = arm.rate - baseline.rate
    low = seen - sqrt((arm.rate - own.low) ** 2 + (base.high - baseline.rate) ** 2)
    high = seen + sqrt((own.high - arm.rate) ** 2 + (baseline.rate - base.low) ** 2)
    return Difference(low, high)


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
    ),
)

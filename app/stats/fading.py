"""Whether an effect fades: its trend over the days since people got what was tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, fsum, isfinite, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.two_arm import critical_value

_LEAST_DAYS = 3  # a line through two points says nothing about itself


@dataclass(frozen=True, slots=True)
class Trend:
    """How much an effect changes from one day to the next, low <= slope <= high."""

    slope: float
    low: float
    high: float
    p_value: float


def effect_trend(
    effects: Sequence[float], errors: Sequence[float], *, confidence: float = 0.95
) -> Trend:
    """The slope of an effect over days, each day weighed by how sure it is.

    Args:
        effects: of day 0, 1, … after release, in any unit, three days at least.
        errors: the standard error of each, above 0. confidence: two-sided, in (0, 1).

    Returns:
        A slope in units of the effect a day; below 0 with a small p-value, it fades.

    Raises:
        NotEnoughData: fewer than three days. ValueError: lengths differ, or no numbers.

    Source:
        Weighted least squares with known variances, Cox & Hinkley (1974), Theoretical Statistics;
        what it is for: Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments,
        chapter 3, novelty and primacy.
    """
    check_share(confidence, "confidence")
    if len(effects) != len(errors) or not all(map(isfinite, (*effects, *errors))):
        raise ValueError("every effect needs a standard error, and both must be numbers")
    if min(errors, default=1.0) <= 0:
        raise ValueError("a standard error must be above 0")
    if len(effects) < _LEAST_DAYS:
        raise NotEnoughData(f"a trend needs {_LEAST_DAYS} days, got {len(effects)}")
    weights = [1 / error**2 for error in errors]
    total = fsum(weights)
    middle = fsum(weight * day for day, weight in enumerate(weights)) / total
    spread = fsum(weight * (day - middle) ** 2 for day, weight in enumerate(weights))
    slope = (
        fsum(
            weight * (day - middle) * effect
            for (day, weight), effect in zip(enumerate(weights), effects, strict=True)
        )
        / spread
    )
    error = 1 / sqrt(spread)
    half = critical_value(confidence) * error
    return Trend(slope, slope - half, slope + half, erfc(abs(slope) / error / sqrt(2)))


METHODS: tuple[Method, ...] = (
    Method(
        key="fading",
        name="Novelty trend",
        topic=Topic.HEALTH,
        functions=("effect_trend",),
        decides=False,
        plainly=(
            "Something new is looked at because it is new; that wears off.",
            "So the effect is taken for each day after people got it, and a line is laid through.",
            "A line that falls, more than luck explains, is novelty.",
            "A line that rises says that people need time to learn it.",
            "It describes; the call is about the whole window.",
        ),
        assumes=("Days are counted from each person's own release.",),
        formula="b = Σw(t − t̄)d/Σw(t − t̄)², w = 1/se², se(b) = 1/√Σw(t − t̄)²",
        source="Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments, chapter 3",
    ),
)

"""Two means compared, whatever their spreads: Welch's t."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from app.stats import special
from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.sums import Sums


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm's value per person less its baseline's.

    difference, low, high: in units of the value. p_value: two-sided, under alpha exactly where the
    interval leaves out 0. degrees: of freedom of the t distribution. error: the standard one.
    """

    difference: float
    low: float
    high: float
    p_value: float
    error: float
    degrees: float
    method: str


def t_interval(
    difference: float,
    parts: Sequence[tuple[float, int]],
    confidence: float,
    method: str,
) -> Difference:
    """A difference of means with its interval on Welch and Satterthwaite's t.

    SciPy's `ttest_ind_from_stats` has the same p-value of two groups; it knows no strata and tells
    neither an interval nor the degrees of freedom.

    Args:
        difference: the estimate. parts: (variance of one person, people) of each mean in it.
        confidence: two-sided, in (0, 1). method: the name on the result.

    Returns:
        A difference, low <= difference <= high.

    Raises:
        NotEnoughData: no spread at all. ValueError: confidence out of range.

    Source:
        Welch (1947), Biometrika 34:28-35; Satterthwaite (1946), Biometrics Bulletin 2:110-114.

    >>> found = t_interval(0.2, [(0.6, 100), (0.8, 100)], 0.95, WELCH.name)
    >>> round(found.low, 3), round(found.high, 3)
    (-0.033, 0.433)
    """
    check_share(confidence, "confidence")
    variance = sum(spread / people for spread, people in parts)
    if variance <= 0:
        raise NotEnoughData("everybody has the same value, so its spread is not known yet")
    degrees = variance**2 / sum((s / n) ** 2 / (n - 1) for s, n in parts if s > 0)
    error = sqrt(variance)
    half = float(special.stdtrit(degrees, 1 - (1 - confidence) / 2)) * error
    p_value = 2 * float(special.stdtr(degrees, -abs(difference) / error))
    return Difference(
        difference, difference - half, difference + half, p_value, error, degrees, method
    )


def welch(arm: Sums, baseline: Sums, *, confidence: float = 0.95) -> Difference:
    """The difference of two means, whatever their spreads.

    Args:
        arm, baseline: of values. confidence: two-sided, in (0, 1).

    Returns:
        A difference in units of the value.

    Raises:
        NotEnoughData: fewer than two people in an arm, or no spread at all.
        ValueError: confidence out of range.

    Source:
        Welch (1947), Biometrika 34:28-35.

    >>> found = welch(Sums(100, 120.0, 200.0), Sums(100, 100.0, 180.0))
    >>> round(found.low, 3), round(found.high, 3), round(found.p_value, 4)
    (-0.031, 0.431, 0.0896)
    """
    need_two(arm, baseline)
    parts = [(arm.variance, arm.people), (baseline.variance, baseline.people)]
    return t_interval(arm.mean - baseline.mean, parts, confidence, WELCH.name)


def need_two(arm: Sums, baseline: Sums) -> None:
    """Raise NotEnoughData where an arm has fewer than two people."""
    if min(arm.people, baseline.people) < 2:
        raise NotEnoughData("a difference of means needs two people in each arm")


WELCH = Method(
    key="welch",
    name="Welch's t",
    topic=Topic.VALUES,
    functions=("welch", "t_interval"),
    decides=True,
    plainly=(
        "It compares the average value per person in one version with that in another.",
        "Everybody counts, those without a value as 0.",
        "It does not assume that values differ as much in one version as in the other.",
        (
            "Values above the cap fixed at launch count as the cap, so that one giant order decides"
            " nothing."
        ),
        "It waits for 100 people with a value in each version: before that it errs too often.",
    ),
    assumes=(
        "People were assigned to versions at random and count once.",
        "Enough people with a value for averages to behave like a bell curve.",
    ),
    formula="Δ = ȳ₁ − ȳ₂ ± t·√(s₁²/n₁ + s₂²/n₂), degrees of freedom by Welch and Satterthwaite",
    source="Welch (1947), Biometrika 34:28–35",
)
METHODS = (WELCH,)

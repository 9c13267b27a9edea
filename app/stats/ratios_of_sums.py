"""A ratio of two sums (revenue per order): arms compared, with people as the unit."""

from dataclasses import replace

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.sums import Sums
from app.stats.welch import Difference, welch, welch_relative


def linearised(arm: Sums) -> Sums:
    """One value per person whose mean is the arm's ratio and whose spread is the ratio's.

    Args:
        arm: sums over people, y the numerator and x the denominator of each.

    Returns:
        Sums of R + (y - R·x)/x̄, with R = Σy/Σx.

    Raises:
        NotEnoughData: fewer than two people, or denominators that add up to 0 or less.

    Source:
        Delta method, Deng, Knoblich & Lu (2018), KDD, equation 3.
    """
    if arm.people < 2:
        raise NotEnoughData("a ratio needs two people in each arm")
    if arm.x <= 0:
        raise NotEnoughData("the denominators add up to 0, so there is no ratio")
    ratio = arm.y / arm.x
    left = max(0.0, arm.yy - 2 * ratio * arm.xy + ratio * ratio * arm.xx)
    level = arm.people * ratio
    return Sums(arm.people, level, level * ratio + left / arm.covariate_mean**2)


def compare_ratios(arm: Sums, baseline: Sums, *, confidence: float = 0.95) -> Difference:
    """How far one arm's ratio lies above another's.

    Args:
        arm, baseline: sums over people, y the numerator and x the denominator.
        confidence: two-sided, in (0, 1).

    Returns:
        A difference in units of the ratio.

    Raises:
        NotEnoughData: as `linearised`, or no spread at all. ValueError: confidence out of range.

    Source:
        Delta method, Deng, Knoblich & Lu (2018), KDD, equation 3; degrees of freedom as Welch.
    """
    found = welch(linearised(arm), linearised(baseline), confidence=confidence)
    return replace(found, method=RATIO_OF_SUMS.name)


def compare_ratios_relative(arm: Sums, baseline: Sums, *, confidence: float = 0.95) -> Difference:
    """How far one arm's ratio lies above another's, as a share of that.

    Args:
        arm, baseline: sums over people, y the numerator and x the denominator.
        confidence: two-sided, in (0, 1).

    Returns:
        A difference as a share: 0.1 is 10 % more.

    Raises:
        NotEnoughData: as `linearised`, no spread, or a baseline of 0.
        ValueError: confidence out of range.

    Source:
        Delta method twice, Deng, Knoblich & Lu (2018), KDD, section 3.1 and equation 3.
    """
    found = welch_relative(linearised(arm), linearised(baseline), confidence=confidence)
    return replace(found, method=RATIO_OF_SUMS.name)


RATIO_OF_SUMS = Method(
    key="ratio-of-sums",
    name="Welch's t on a ratio of sums",
    topic=Topic.VALUES,
    functions=("linearised", "compare_ratios", "compare_ratios_relative"),
    decides=False,
    plainly=(
        "It compares numbers such as revenue per order, where one person may have many orders.",
        "Everything of a version is added up first, above and below the line, and then divided.",
        "People were assigned, not orders, so people are what is counted as independent.",
        "Treating every order as a person of its own would promise more certainty than there is.",
        "A version may also change how many orders there are: look at that number beside it.",
    ),
    assumes=(
        "People were assigned to versions at random and count once.",
        "Enough people for both sums to behave like a bell curve.",
    ),
    formula="R = Σy/Σx, variance (s²y − 2R·sxy + R²s²x)/(x̄²n); then as Welch's t",
    source="Deng, Knoblich & Lu (2018), KDD",
)
METHODS = (RATIO_OF_SUMS,)

"""CUPED as a share of the baseline, for means and for ratios of sums. It describes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.sums import Sums
from app.stats.welch import Difference, t_interval

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """Means of several numbers of each person, and their variances and covariances.

    means: one for each number. spreads: a square of as many, of one person. people: two at least.

    Raises:
        NotEnoughData: fewer than two people. ValueError: shapes differ, or no numbers.
    """

    people: int
    means: Row
    spreads: tuple[Row, ...]

    def __post_init__(self) -> None:
        if self.people < 2:
            raise NotEnoughData("a difference of means needs two people in each arm")
        size = len(self.means)
        if [len(row) for row in self.spreads] != [size] * size:
            raise ValueError("variances and covariances of every pair of numbers are needed")
        if not all(map(isfinite, (*self.means, *(one for row in self.spreads for one in row)))):
            raise ValueError("moments must be numbers")

    @classmethod
    def of_sums(cls, sums: Sums) -> "Moments":
        """Of a value and its covariate, with n - 1."""
        if sums.people < 2:
            raise NotEnoughData("a difference of means needs two people in each arm")
        between = sums.covariance
        spreads = ((sums.variance, between), (between, sums.covariate_variance))
        return cls(sums.people, (sums.mean, sums.covariate_mean), spreads)

    @classmethod
    def of_totals(cls, people: int, totals: Sequence[float], products: Sequence[Row]) -> "Moments":
        """Of any numbers, from their sums and the sums of their products, with n - 1."""
        if people < 2:
            raise NotEnoughData("a difference of means needs two people in each arm")
        spreads = tuple(
            tuple((both - one * other / people) / (people - 1)
                  for both, other in zip(row, totals, strict=True))
            for row, one in zip(products, totals, strict=True)
        )  # fmt: skip
        return cls(people, tuple(total / people for total in totals), spreads)

    def variance(self, slopes: Row) -> float:
        """Of one person's sum of these numbers, each times its slope."""
        return sum(
            left * right * spread
            for left, row in zip(slopes, self.spreads, strict=True)
            for right, spread in zip(slopes, row, strict=True)
        )

    def covariance(self, slopes: Row, others: Row) -> float:
        """Of two such sums of one person."""
        return sum(
            left * right * spread
            for left, row in zip(slopes, self.spreads, strict=True)
            for right, spread in zip(others, row, strict=True)
        )


def cuped_relative(
    arm: Moments, baseline: Moments, *, theta: float, confidence: float = 0.95
) -> Difference:
    """The adjusted difference of two means as a share of the baseline's own mean.

    Args:
        arm, baseline: moments of (value, covariate). theta: from `cuped_theta`, pooled.
        confidence: two-sided, in (0, 1).

    Returns:
        A share: 0.1 is 10 % more.

    Raises:
        NotEnoughData: no spread, or a baseline of 0. ValueError: confidence out of range.

    Source:
        Deng, Xu, Kohavi & Walker (2013), WSDM; the error by the delta method over value and
        covariate together, Deng, Knoblich & Lu (2018), KDD.
    """
    sides: list[tuple[Row, Row, Row]] = [
        ((1.0, 0.0), (0.0, 1.0), one.means) for one in (arm, baseline)
    ]
    base = baseline.means[0]
    # Before the experiment both arms were alike, so the plain ratio stands for 1 + the lift.
    turn = arm.means[0] / base if base else 0.0
    return _relative(arm, baseline, theta, confidence, sides, turn=turn)


def cuped_ratio(
    arm: Moments, baseline: Moments, *, theta: float | None = None, confidence: float = 0.95
) -> Difference:
    """The adjusted difference of two ratios of sums as a share of the baseline's own ratio.

    Args:
        arm, baseline: moments of (numerator, denominator, and both before the experiment).
        theta: how much to take off; None: what varies least over both arms.
        confidence: two-sided, in (0, 1).

    Returns:
        A share: 0.1 is 10 % more.

    Raises:
        NotEnoughData: no spread, a denominator or the baseline's ratio of 0.
        ValueError: confidence out of range.

    Source:
        Deng, Xu, Kohavi & Walker (2013), WSDM, appendix B; linearised as Deng, Knoblich & Lu
        (2018), KDD, equation 3.
    """
    sides = [_ratio_slopes(one) for one in (arm, baseline)]
    if theta is None:
        pairs = list(zip((arm, baseline), sides, strict=True))
        common = sum(one.covariance(s[0], s[1]) / one.people for one, s in pairs)
        before = sum(one.variance(s[1]) / one.people for one, s in pairs)
        theta = common / before if before > 0 else 0.0
    return _relative(arm, baseline, theta, confidence, sides)


def _ratio_slopes(one: Moments) -> tuple[Row, Row, Row]:
    """The slopes of the ratio and of the ratio before; and both ratios."""
    over, under, over_before, under_before = one.means
    if under == 0 or under_before == 0:
        raise NotEnoughData("the denominators add up to 0, so there is no ratio")
    now, before = over / under, over_before / under_before
    slopes = (1 / under, -now / under, 0.0, 0.0)
    return slopes, (0.0, 0.0, 1 / under_before, -before / under_before), (now, before)


def _relative(
    arm: Moments,
    baseline: Moments,
    theta: float,
    confidence: float,
    sides: Sequence[tuple[Row, Row, Row]],
    *,
    turn: float | None = None,
) -> Difference:
    """`sides` are, of arm and baseline: slopes of the level, of the covariate, and both levels.

    `turn` is how often the baseline's level is held against it: 1 + the lift, if not told.
    """
    (own, own_before, (level, before)), (base, base_before, (base_level, base_was)) = sides
    scale = abs(base_level)
    if scale == 0:
        raise NotEnoughData("the baseline is 0, so nothing can be a share of it")
    gain = ((level - base_level) - theta * (before - base_was)) / scale
    if turn is None:
        turn = 1 + gain if base_level > 0 else 1 - gain
    adjusted = tuple(one - theta * was for one, was in zip(own, own_before, strict=True))
    held = tuple(turn * one - theta * was for one, was in zip(base, base_before, strict=True))
    plain = tuple(one - theta * was for one, was in zip(base, base_before, strict=True))
    parts = [
        (arm.variance(adjusted) / scale**2, arm.people),
        (baseline.variance(held) / scale**2, baseline.people),
    ]
    counted = [(arm.variance(adjusted), arm.people), (baseline.variance(plain), baseline.people)]
    return t_interval(gain, parts, confidence, CUPED_RELATIVE.name, as_if=counted)


CUPED_RELATIVE = Method(
    key="cuped-relative",
    name="CUPED as a share",
    topic=Topic.VALUES,
    functions=("cuped_relative", "cuped_ratio"),
    decides=False,
    plainly=(
        "It says by what share a version moved an average, after taking off what was known before.",
        "The share is of what the baseline really had, not of an adjusted number.",
        "The doubt about the baseline is in the range, too, which a plain division would forget.",
        "The second form does the same for numbers such as revenue per order.",
        "It describes; the call is made on the difference in units.",
    ),
    assumes=("The covariate was frozen at launch.", "As Welch's t."),
    formula="L = (ȳ₁ − ȳ₂ − θ(x̄₁ − x̄₂))/ȳ₂, variance s²(y₁ − θx₁)/n₁ + s²(R·y₂ − θx₂)/n₂,"
    " over ȳ₂², R = ȳ₁/ȳ₂",
    source="Deng, Xu, Kohavi & Walker (2013), WSDM; Deng, Knoblich & Lu (2018), KDD",
)
METHODS = (CUPED_RELATIVE,)

"""A rate as a mean of 0 and 1, as other programs compare it, and Student's t."""

from dataclasses import dataclass
from math import isfinite, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.sums import Sums
from app.stats.two_arm import Arm
from app.stats.welch import Difference, Sample


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean, the variance of one person, and how many people: two at least.

    Raises:
        NotEnoughData: fewer than two people. ValueError: no numbers, or a variance below 0.
    """

    mean: float
    variance: float
    people: int

    def __post_init__(self) -> None:
        if not (isfinite(self.mean) and isfinite(self.variance) and self.variance >= 0):
            raise ValueError(f"a mean takes a number and a variance of 0 or more, got {self}")
        if self.people < 2:
            raise NotEnoughData("a difference of means needs two people in each arm")

    @classmethod
    def of_rate(cls, arm: Arm) -> "Mean":
        """A rate as a mean of 0 and 1, with the variance p(1 - p)."""
        return cls(arm.rate, arm.rate * (1 - arm.rate), arm.people)

    @classmethod
    def of_sums(cls, sums: Sums) -> "Mean":
        """A mean of values, with the variance of n - 1."""
        if sums.people < 2:
            raise NotEnoughData("a difference of means needs two people in each arm")
        return cls(sums.mean, sums.variance, sums.people)


def student(arm: Sample, baseline: Sample, *, confidence: float = 0.95) -> Difference:
    """The difference of two means whose people vary alike: Student's t with pooled variance.

    Args:
        arm, baseline: means. confidence: two-sided, in (0, 1).

    Returns:
        A difference in units of the value; difference/error is t.

    Raises:
        NotEnoughData: no spread in either arm. ValueError: confidence out of range.

    Source:
        Student (1908), Biometrika 6:1-25; two samples as in Fisher (1925), Metron 5:90-104.
    """
    check_share(confidence, "confidence")
    degrees = arm.people + baseline.people - 2
    spread = sum(one.variance * (one.people - 1) for one in (arm, baseline)) / degrees
    if spread <= 0:
        raise NotEnoughData("everybody has the same value, so its spread is not known yet")
    from scipy.special import stdtr, stdtrit  # noqa: PLC0415 - SciPy takes long to import

    error = sqrt(spread * (1 / arm.people + 1 / baseline.people))
    seen = arm.mean - baseline.mean
    half = float(stdtrit(degrees, 1 - (1 - confidence) / 2)) * error
    p_value = 2 * float(stdtr(degrees, -abs(seen) / error))
    return Difference(seen, seen - half, seen + half, p_value, error, degrees, STUDENT.name)


STUDENT = Method(
    key="student",
    name="Student's t",
    topic=Topic.VALUES,
    functions=("student",),
    decides=False,
    plainly=(
        "It compares two averages, as Welch's t does.",
        "It assumes that values differ as much in one version as in the other.",
        "Where that is wrong and the versions have different sizes, it errs too often.",
        "Where it is right it agrees with Welch's to the third digit, which is why we use that.",
        "It is here to check other programs; it makes no call.",
    ),
    assumes=("Values spread alike in both versions.", "As Welch's t."),
    formula="t = (ȳ₁ − ȳ₂)/(s·√(1/n₁ + 1/n₂)), s² pooled, n₁ + n₂ − 2 degrees of freedom",
    source="Student (1908), Biometrika 6:1–25",
)
METHODS = (STUDENT,)

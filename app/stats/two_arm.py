"""Two arms compared: does this version draw more people than that one? The deciding procedure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import acos, cos, erfc, isfinite, pi, sqrt
from typing import TYPE_CHECKING

from app.stats.checks import NotEnoughData, check_counts, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import State

if TYPE_CHECKING:
    import numpy as np

_SPARSE = 5  # Cochran's rule: an expected count under it is too few for a score test
_TOLERANCE = 1e-12  # of a bound, in shares
_STEPS = 60
_THIRD = 1 / 3


@dataclass(frozen=True, slots=True)
class Arm:
    """People released in one arm, and how many of them did the thing.

    Raises:
        NotEnoughData: nobody. ValueError: negative, or more hits than people.
    """

    people: int
    hits: int

    def __post_init__(self) -> None:
        if not (isfinite(self.people) and isfinite(self.hits)):
            raise ValueError(f"counts must be numbers, got {self.hits} of {self.people}")
        check_counts(self.hits, self.people)

    @property
    def rate(self) -> float:
        """Hits over people."""
        return self.hits / self.people


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm against its baseline: everything from one procedure.

    difference, low, high: in shares, -1 <= low <= difference <= high <= 1.
    p_value: two-sided; under alpha exactly where the interval leaves out 0.
    """

    difference: float
    low: float
    high: float
    p_value: float
    method: str


def compare(arm: Arm, baseline: Arm, *, confidence: float = 0.95) -> Comparison:
    """The difference of two rates with the interval and the p-value that decide.

    Where every expected count reaches five, Miettinen and Nurminen's score test; otherwise the
    exact unconditional test with the same statistic. Either way the interval holds exactly the
    differences that the test does not reject, so that call and interval cannot disagree.

    Args:
        arm, baseline: distinct people, never click counts. confidence: two-sided, in (0, 1).

    Returns:
        A comparison, difference = arm - baseline.

    Raises:
        NotEnoughData: an arm without people (raised by `Arm`). ValueError: out of range.

    Source:
        Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226, equations 6 to 9; exact:
        Chan & Zhang (1999), Biometrics 55:1202-1209.
    """
    check_share(confidence, "confidence")
    if is_sparse(arm, baseline):
        from app.stats.exact import compare_exactly  # noqa: PLC0415 - it needs this module

        return compare_exactly(arm, baseline, confidence=confidence)
    return score_comparison(arm, baseline, confidence=confidence)


def is_sparse(arm: Arm, baseline: Arm) -> bool:
    """Whether any cell of the 2x2 table is expected to hold fewer than five people.

    Args:
        arm, baseline: counts.

    Returns:
        True where a score test must not be trusted.
    """
    pooled = (arm.hits + baseline.hits) / (arm.people + baseline.people)
    return min(arm.people, baseline.people) * min(pooled, 1 - pooled) < _SPARSE


def score_comparison(
    arm: Arm, baseline: Arm, *, confidence: float = 0.95, corrected: bool = True
) -> Comparison:
    """Miettinen and Nurminen's score test and its inversion, whatever the counts.

    Args:
        arm, baseline: counts. confidence: two-sided, in (0, 1).
        corrected: with the factor N/(N-1) of Miettinen and Nurminen; without it, it is Mee's.

    Returns:
        A comparison, difference = arm - baseline.

    Raises:
        ValueError: confidence out of range.

    Source:
        Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226, equations 6 to 9 and the
        cubic of appendix 1; without the factor Mee (1984), Biometrics 40:1175-1176.
    """
    check_share(confidence, "confidence")
    from scipy.special import ndtri  # noqa: PLC0415 - SciPy takes long to import

    critical = float(ndtri(1 - (1 - confidence) / 2))
    factor = (arm.people + baseline.people) / (arm.people + baseline.people - 1)
    spread = factor if corrected else 1.0

    def score(difference: float) -> float:
        return _score(arm, baseline, difference, spread)

    seen = arm.rate - baseline.rate
    return Comparison(
        difference=seen,
        low=_bound(score, seen, -1.0, critical),
        high=_bound(score, seen, 1.0, -critical),
        p_value=erfc(abs(score(0.0)) / sqrt(2)),
        method=SCORE.name if corrected else MEE.name,
    )


def compare_many(
    people: "np.ndarray",
    hits: "np.ndarray",
    baseline_people: "np.ndarray",
    baseline_hits: "np.ndarray",
    *,
    confidence: float = 0.95,
) -> "tuple[np.ndarray, np.ndarray, np.ndarray]":
    """`score_comparison` of many pairs at once: low, high and p-value of each.

    Args:
        people, hits, baseline_people, baseline_hits: arrays of one shape (m,).
        confidence: two-sided, in (0, 1).

    Returns:
        Three arrays (m,): low, high, p_value. Sparse pairs are the caller's to leave out.

    Raises:
        NotEnoughData: an arm without people. ValueError: counts or confidence out of range.

    Source:
        As `score_comparison`; roots by Anderson & Björck (1973), BIT 13:253-264.
    """
    from app.stats.vectors import score_intervals  # noqa: PLC0415 - NumPy takes long to import

    check_share(confidence, "confidence")
    return score_intervals(people, hits, baseline_people, baseline_hits, confidence=confidence)


def state_of(low: float, high: float, *, mde: float) -> State:
    """What a comparison rule says of an interval.

    Args:
        low, high: of the difference, positive = better. mde: the smallest difference that is
            worth having, > 0.

    Returns:
        VALIDATED where low > 0, REFUTED where high < mde, else INCONCLUSIVE.

    Raises:
        ValueError: mde is not positive, or bounds are no numbers.
    """
    if not (isfinite(low) and isfinite(high)):
        raise ValueError(f"the bounds must be numbers, got {low} and {high}")
    if not (isfinite(mde) and mde > 0):
        raise ValueError(f"mde must be a positive number, got {mde}")
    if low > 0:
        return State.VALIDATED
    return State.REFUTED if high < mde else State.INCONCLUSIVE


def restricted(arm: Arm, baseline: Arm, difference: float) -> tuple[float, float]:
    """The likeliest two rates that differ by exactly this much.

    Args:
        arm, baseline: counts. difference: arm - baseline, in [-1, 1].

    Returns:
        (rate of the arm, rate of the baseline), each in [0, 1].

    Source:
        Miettinen & Nurminen (1985), appendix 1: the root of a cubic, in closed form.
    """
    total, hits = arm.people + baseline.people, arm.hits + baseline.hits
    second = (arm.people + 2 * baseline.people) * difference - total - hits
    first = (baseline.people * difference - total - 2 * baseline.hits) * difference + hits
    none = baseline.hits * difference * (1 - difference)
    a, b, c = second / (3 * total), first / total, none / total
    q = a**3 - a * b / 2 + c / 2
    p = sqrt(max(0.0, a * a - b / 3))
    if q < 0:
        p = -p
    turn = q / p**3 if p else 0.0
    angle = (pi + acos(max(-1.0, min(1.0, turn)))) * _THIRD
    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    base = min(high, max(low, 2 * p * cos(angle) - a))
    return base + difference, base


def _score(arm: Arm, baseline: Arm, difference: float, spread: float) -> float:
    """(seen - difference) in its standard deviations under that difference."""
    rate, base = restricted(arm, baseline, difference)
    variance = spread * (
        max(0.0, rate * (1 - rate)) / arm.people + base * (1 - base) / baseline.people
    )
    apart = arm.rate - baseline.rate - difference
    if variance <= 0:
        return 0.0 if abs(apart) < _TOLERANCE else apart * 1e12
    return apart / sqrt(variance)


def _bound(score: Callable[[float], float], seen: float, end: float, target: float) -> float:
    """Where the score reaches the target between what was seen and the end of the scale."""
    near, far = seen, end
    at_near, at_far = score(near) - target, score(far) - target
    if (at_far > 0) == (at_near > 0):
        return end
    for _ in range(_STEPS):
        middle = far - at_far * (far - near) / (at_far - at_near)
        at = score(middle) - target
        if abs(far - near) < _TOLERANCE or abs(at) < _TOLERANCE:
            return middle
        if (at > 0) != (at_far > 0):
            near, at_near = far, at_far
        else:
            shrink = 1 - at / at_far
            at_near *= shrink if shrink > 0 else 0.5
        far, at_far = middle, at
    return far


def pooled_table(arms: Sequence[Arm]) -> tuple[int, int]:
    """People and hits of several arms together.

    Raises:
        NotEnoughData: fewer than two arms.
    """
    if len(arms) < 2:
        raise NotEnoughData("a comparison needs two arms at least")
    return sum(arm.people for arm in arms), sum(arm.hits for arm in arms)


SCORE = Method(
    key="score-difference",
    name="Miettinen–Nurminen score test",
    topic=Topic.TWO_ARMS,
    functions=("compare", "score_comparison", "compare_many", "restricted"),
    decides=True,
    plainly=(
        "It compares the share of people who clicked in one version with that in another.",
        (
            "It asks of every possible difference whether what was seen would be surprising if that"
            " difference were the truth."
        ),
        "The interval holds all the differences that would not be surprising.",
        "If 0 is not among them, the versions differ; the p-value comes from the same question.",
        "So the sentence, the interval and the p-value always say the same.",
    ),
    assumes=(
        "People were assigned to versions at random and count once.",
        (
            "Every cell of the table is expected to hold five people or more; otherwise the exact"
            " test takes over."
        ),
    ),
    formula="z(δ) = (p₁ − p₂ − δ) / √[(p̃₁q̃₁/n₁ + p̃₂q̃₂/n₂)·N/(N−1)], p̃ the likeliest rates with"
    " p̃₁ − p̃₂ = δ; the interval is {δ: |z(δ)| < z₁₋α⁄₂}",
    source="Miettinen & Nurminen (1985), Statistics in Medicine 4:213–226",
)
MEE = Method(
    key="mee",
    name="Mee score interval",
    topic=Topic.TWO_ARMS,
    functions=("score_comparison",),
    decides=False,
    plainly=(
        "It is the score interval in its first published form.",
        "It differs from the deciding one by the factor N/(N−1) in the variance.",
        "With a thousand people nobody can see the difference.",
        "It is here so that results of other tools can be checked.",
        "It never makes a call.",
    ),
    assumes=("As the Miettinen–Nurminen score test.",),
    formula="as the Miettinen–Nurminen test, without N/(N−1)",
    source="Mee (1984), Biometrics 40:1175–1176",
)
METHODS = (SCORE, MEE)

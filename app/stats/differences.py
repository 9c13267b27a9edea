"""Other programs' answers about the difference of two rates. They describe; none makes a call."""

from dataclasses import dataclass
from math import asin, erfc, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic
from app.stats.one_arm import wilson
from app.stats.score import Pair, score_low
from app.stats.two_arm import Arm, critical_value


@dataclass(frozen=True, slots=True)
class Difference:
    """Bounds of a difference between two rates, in [-1, 1], and the method's name."""

    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True)
class Z:
    """A statistic on the normal curve and its two-sided p-value, in [0, 1]."""

    z: float
    p_value: float


def wald(arm: Arm, baseline: Arm, *, confidence: float) -> Difference:
    """The textbook interval of a difference; too narrow where rates are small.

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        Bounds, cut to [-1, 1].

    Raises:
        NotEnoughData: an arm has nobody, or none or all did it in both, which leaves no width.

    Source:
        Newcombe (1998), Statistics in Medicine 17:873-890, method 1.
    """
    half = _critical(confidence) * _unpooled_error(arm, baseline)
    return _around(arm.rate - baseline.rate, half, "Wald")


def agresti_caffo(arm: Arm, baseline: Arm, *, confidence: float) -> Difference:
    """Wald's interval after one more hit and one more miss in each arm.

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        Bounds, cut to [-1, 1].

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Agresti & Caffo (2000), The American Statistician 54:280-288.
    """
    _ = arm.rate, baseline.rate  # nobody is refused before anybody is added
    arm, baseline = (Arm(one.people + 2, one.hits + 1) for one in (arm, baseline))
    half = _critical(confidence) * _unpooled_error(arm, baseline)
    return _around(arm.rate - baseline.rate, half, "Agresti–Caffo")


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
    return Difference(low, high, "Newcombe")


def mee(arm: Arm, baseline: Arm, *, confidence: float) -> Difference:
    """Mee's score interval: as the one that decides, without the factor N/(N - 1).

    Args:
        arm, baseline: distinct people. confidence: two-sided, in (0, 1).

    Returns:
        -1 <= low <= high <= 1.

    Raises:
        NotEnoughData: an arm has nobody.

    Source:
        Mee (1984), Biometrics 40:1175-1176; Fagerland, Lydersen & Laake (2015), Statistical
        Methods in Medical Research 24:224-254.
    """
    _ = arm.rate, baseline.rate
    pair = Pair(arm.hits, arm.people, baseline.hits, baseline.people)
    everybody = arm.people + baseline.people
    without = _critical(confidence) * sqrt((everybody - 1) / everybody)
    low, high = score_low(pair, critical=without), -score_low(pair.turned(), critical=without)
    return Difference(low, high, "Mee score")


def pooled_z(arm: Arm, baseline: Arm) -> Z:
    """The usual test of equal rates; its square is the chi-square without correction.

    Args:
        arm, baseline: distinct people.

    Returns:
        z, positive where the arm is above, and its two-sided p-value.

    Raises:
        NotEnoughData: an arm has nobody, or none or all did it in both.

    Source:
        Pearson (1900), Philosophical Magazine 50:157-175; Fleiss, Levin & Paik (2003), chapter 3.
    """
    seen = arm.rate - baseline.rate
    pooled = (arm.hits + baseline.hits) / (arm.people + baseline.people)
    if not 0 < pooled < 1:
        raise NotEnoughData("nobody or everybody did it, so the two cannot be told apart")
    return _z(seen / sqrt(pooled * (1 - pooled) * (1 / arm.people + 1 / baseline.people)))


def unpooled_z(arm: Arm, baseline: Arm) -> Z:
    """The test that Wald's interval inverts: each arm keeps its own variance.

    Args:
        arm, baseline: distinct people.

    Returns:
        z, positive where the arm is above, and its two-sided p-value.

    Raises:
        NotEnoughData: an arm has nobody, or neither has any variance.

    Source:
        Newcombe (1998), Statistics in Medicine 17:873-890, method 1 inverted.
    """
    return _z((arm.rate - baseline.rate) / _unpooled_error(arm, baseline))


def cohens_h(rate: float, base_rate: float) -> float:
    """How far two rates lie apart where every rate is as noisy as the next.

    Args:
        rate, base_rate: in [0, 1].

    Returns:
        A number in [-pi, pi]; 0.2 is called small.

    Raises:
        ValueError: a rate outside [0, 1].

    Source:
        Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, section 6.2.
    """
    if not (0 <= rate <= 1 and 0 <= base_rate <= 1):
        raise ValueError(f"rates must lie in 0..1, got {rate} and {base_rate}")
    return 2 * (asin(sqrt(rate)) - asin(sqrt(base_rate)))


def _critical(confidence: float) -> float:
    check_share(confidence, "confidence")
    return critical_value(confidence)


def _unpooled_error(arm: Arm, baseline: Arm) -> float:
    variances = (one.rate * (1 - one.rate) / one.people for one in (arm, baseline))
    error = sqrt(sum(variances))
    if not error:
        raise NotEnoughData("none or all did it in both arms, which leaves this method no width")
    return error


def _around(middle: float, half: float, method: str) -> Difference:
    return Difference(max(-1.0, middle - half), min(1.0, middle + half), method)


def _z(z: float) -> Z:
    return Z(z, erfc(abs(z) / sqrt(2)))


METHODS: tuple[Method, ...] = (
    Method(
        key="difference-intervals",
        name="Newcombe, Agresti–Caffo, Wald, Mee",
        topic=Topic.TWO_ARMS,
        functions=("newcombe", "agresti_caffo", "wald", "mee"),
        decides=False,
        plainly=(
            "These are four other ways to say how far two rates may lie apart.",
            "You will meet them in other programs, and they rarely differ by much.",
            "Where they differ, clicks are few, and Wald's is the one to trust least.",
            "They come without a matching p-value, so they could contradict one.",
            "That is why none of them makes a call here.",
        ),
        assumes=("people act independently",),
        formula="Newcombe: d - sqrt((p1 - l1)^2 + (u0 - p0)^2); Wald: d +- z sqrt(sum p(1-p)/n)",
        source="Newcombe (1998), Statistics in Medicine 17:873-890; Agresti & Caffo (2000), The "
        "American Statistician 54:280-288; Mee (1984), Biometrics 40:1175-1176",
    ),
    Method(
        key="difference-z",
        name="Pooled and unpooled z, Cohen's h",
        topic=Topic.TWO_ARMS,
        functions=("pooled_z", "unpooled_z", "cohens_h"),
        decides=False,
        plainly=(
            "The z test divides the difference by what luck alone would make of it.",
            "Pooled means that luck is judged as if both groups were one.",
            "Unpooled means that each group brings its own luck.",
            "Cohen's h gives the size of a difference on one scale for small and large rates.",
            "They describe; near the border they may contradict an interval, so they don't decide.",
        ),
        assumes=("5 or more expected in each cell",),
        formula="z = d / sqrt(p(1-p)(1/n1 + 1/n0)); h = 2 asin sqrt p1 - 2 asin sqrt p0",
        source="Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions; Cohen "
        "(1988), Statistical Power Analysis for the Behavioral Sciences, section 6.2",
    ),
)

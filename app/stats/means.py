"""A number per person (revenue, usage): arms compared from sums alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from app.stats.checks import NotEnoughData, check_share
from app.stats.methods import Method, Topic

LEAST_NONZERO = 100  # people with a value, in every arm: below it Welch errs in one tail
_DUST = 1e-9  # of a square: what subtracting large sums leaves below 0


@dataclass(frozen=True, slots=True)
class Sums:
    """What is kept of the people of one arm. y: the value; x: a covariate known before.

    people >= 0. yy, xx, xy: sums of squares and products. nonzero: people whose value is not 0.

    Raises:
        ValueError: negative counts, sums that are no numbers, or that no people could have.
    """

    people: int
    y: float
    yy: float
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    nonzero: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.nonzero <= self.people:
            raise ValueError(f"nonzero must lie in 0..{self.people}, got {self.nonzero}")
        if not all(map(isfinite, (self.y, self.yy, self.x, self.xx, self.xy))):
            raise ValueError(f"sums must be numbers, got {self}")
        for total, squares in ((self.y, self.yy), (self.x, self.xx)):
            if self.people * squares - total * total < -_DUST * max(1.0, self.people * squares):
                raise ValueError(f"no {self.people} people have these sums: {self}")

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.people + other.people,
            self.y + other.y,
            self.yy + other.yy,
            self.x + other.x,
            self.xx + other.xx,
            self.xy + other.xy,
            self.nonzero + other.nonzero,
        )

    @property
    def mean(self) -> float:
        """Value per person."""
        return self.y / self.people

    @property
    def covariate_mean(self) -> float:
        """Covariate per person."""
        return self.x / self.people

    @property
    def variance(self) -> float:
        """Of the value, with n - 1."""
        return _spread(self.people, self.y, self.y, self.yy)

    @property
    def covariate_variance(self) -> float:
        """Of the covariate, with n - 1."""
        return _spread(self.people, self.x, self.x, self.xx)

    @property
    def covariance(self) -> float:
        """Of value and covariate, with n - 1."""
        return (self.xy - self.x * self.y / self.people) / (self.people - 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm's value per person less its baseline's.

    difference, low, high: in units of the value, or as a share of the baseline's mean where
    relative. p_value: two-sided, under alpha exactly where the interval leaves out 0.
    degrees: of freedom of the t distribution. error: the standard error.
    """

    difference: float
    low: float
    high: float
    p_value: float
    error: float
    degrees: float
    method: str


def welch(arm: Sums, baseline: Sums, *, confidence: float = 0.95) -> Difference:
    """The difference of two means, whatever their spreads.

    Args:
        arm, baseline: sums over people. confidence: two-sided, in (0, 1).

    Returns:
        A difference in units of the value.

    Raises:
        NotEnoughData: fewer than two people in an arm, or no spread at all.
        ValueError: confidence out of range.

    Source:
        Welch (1947), Biometrika 34:28-35.
    """
    return post_stratified([(arm, baseline)], confidence=confidence)


def welch_relative(arm: Sums, baseline: Sums, *, confidence: float = 0.95) -> Difference:
    """The difference of two means as a share of the baseline's.

    Args:
        arm, baseline: sums over people. confidence: two-sided, in (0, 1).

    Returns:
        A difference as a share: 0.1 is 10 % more per person.

    Raises:
        NotEnoughData: fewer than two people in an arm, no spread, or a baseline of 0.
        ValueError: confidence out of range.

    Source:
        Delta method, Deng, Knoblich & Lu (2018), KDD; degrees of freedom of the plain difference.
    """
    _need_two(arm, baseline)
    base = baseline.mean
    if base == 0:
        raise NotEnoughData("the baseline's mean is 0, so nothing can be a share of it")
    parts = [
        (arm.variance / (base * base), arm.people),
        (baseline.variance * arm.mean**2 / base**4, baseline.people),
    ]
    plain = [(arm.variance, arm.people), (baseline.variance, baseline.people)]
    return _interval((arm.mean - base) / base, parts, confidence, WELCH.name, as_if=plain)


def cuped_theta(arms: Sequence[Sums]) -> float:
    """How much of the covariate to take off, the same in every arm.

    Args:
        arms: sums over people, covariate included.

    Returns:
        Cov(y, x)/Var(x) of all people together; 0 where the covariate does not vary.

    Raises:
        NotEnoughData: fewer than two people.

    Source:
        Deng, Xu, Kohavi & Walker (2013), WSDM, equation 4, over everybody of the arms compared.
    """
    everybody = _together(arms)
    if everybody.people < 2:
        raise NotEnoughData("the covariate needs two people at least")
    spread = everybody.covariate_variance
    return everybody.covariance / spread if spread > 0 else 0.0


def adjusted(arm: Sums, *, theta: float, center: float) -> Sums:
    """The same people with the covariate's part taken off each value.

    Args:
        arm: sums. theta: from `cuped_theta`. center: the covariate's mean over all arms.

    Returns:
        Sums of y - theta·(x - center).

    Source:
        Deng, Xu, Kohavi & Walker (2013), WSDM, equation 3.
    """
    n, moved = arm.people, theta * center
    y = arm.y - theta * arm.x + n * moved
    yy = (
        arm.yy
        - 2 * theta * arm.xy
        + theta * theta * arm.xx
        + 2 * moved * (arm.y - theta * arm.x)
        + n * moved * moved
    )
    return Sums(n, y, max(yy, y * y / n if n else 0.0), nonzero=arm.nonzero)


def post_stratified(
    strata: Sequence[tuple[Sums, Sums]], *, confidence: float = 0.95, method: str | None = None
) -> Difference:
    """The difference within each stratum, weighed by how many people it holds.

    Args:
        strata: (arm, baseline) of each stratum, two people at least in every one.
        confidence: two-sided, in (0, 1). method: the name on the result.

    Returns:
        A difference in units of the value.

    Raises:
        NotEnoughData: fewer than two people somewhere, no stratum, or no spread at all.
        ValueError: confidence out of range.

    Source:
        Miratrix, Sekhon & Yu (2013), JRSS B 75:369-396; degrees of freedom by Satterthwaite (1946).
    """
    if not strata:
        raise NotEnoughData("there is nobody to compare")
    total = sum(arm.people + base.people for arm, base in strata)
    difference, parts = 0.0, []
    for arm, base in strata:
        _need_two(arm, base)
        weight = (arm.people + base.people) / total
        difference += weight * (arm.mean - base.mean)
        parts += [
            (weight * weight * arm.variance, arm.people),
            (weight * weight * base.variance, base.people),
        ]
    return _interval(difference, parts, confidence, method or WELCH.name)


def compare_values(
    strata: Sequence[tuple[Sums, Sums]], *, confidence: float = 0.95, covariate: bool = False
) -> Difference:
    """The deciding procedure: Welch, after CUPED and post-stratification where they were planned.

    Args:
        strata: (arm, baseline) of each stratum fixed at launch; one where there are none. Strata
            with fewer than two people on a side are taken together.
        confidence: two-sided, in (0, 1). covariate: whether one was frozen at launch.

    Returns:
        A difference in units of the value.

    Raises:
        NotEnoughData: fewer than 100 people with a value in an arm: too early.
        ValueError: confidence out of range.

    Source:
        Welch (1947); Deng et al. (2013); Miratrix et al. (2013). The floor of 100 is ours: where
        few people have a value, sums are skewed and one tail errs far more often than it should.
    """
    sides = [_together([one[side] for one in strata]) for side in (0, 1)]
    least = min(side.nonzero for side in sides)
    if least < LEAST_NONZERO:
        raise NotEnoughData(
            f"too early: {least:,} people have a value in one of the arms, and a call needs"
            f" {LEAST_NONZERO} in each"
        )
    if covariate:
        theta = cuped_theta([one for pair in strata for one in pair])
        both = sides[0] + sides[1]
        center = both.covariate_mean
        strata = [
            (
                adjusted(arm, theta=theta, center=center),
                adjusted(base, theta=theta, center=center),
            )
            for arm, base in strata
        ]
    method = CUPED.name if covariate else STRATA.name if len(strata) > 1 else WELCH.name
    return post_stratified(_large_enough(strata), confidence=confidence, method=method)


def _large_enough(strata: Sequence[tuple[Sums, Sums]]) -> list[tuple[Sums, Sums]]:
    kept = [one for one in strata if min(one[0].people, one[1].people) > 1]
    small = [one for one in strata if min(one[0].people, one[1].people) <= 1]
    if not small:
        return kept
    rest = (_together([one[0] for one in small]), _together([one[1] for one in small]))
    if min(rest[0].people, rest[1].people) > 1:
        return [*kept, rest]
    if not kept:
        return [rest]
    return [(kept[0][0] + rest[0], kept[0][1] + rest[1]), *kept[1:]]


def _together(sums: Sequence[Sums]) -> Sums:
    total = Sums(0, 0.0, 0.0)
    for one in sums:
        total += one
    return total


def _interval(
    difference: float,
    parts: Sequence[tuple[float, int]],
    confidence: float,
    method: str,
    *,
    as_if: Sequence[tuple[float, int]] | None = None,
) -> Difference:
    """`parts` are (variance, people) of each mean; `as_if` those that degrees are counted by."""
    check_share(confidence, "confidence")
    variance = sum(spread / people for spread, people in parts)
    if variance <= 0:
        raise NotEnoughData("everybody has the same value, so its spread is not known yet")
    counted = as_if or parts
    whole = sum(s / n for s, n in counted)
    degrees = whole**2 / sum((s / n) ** 2 / (n - 1) for s, n in counted if s > 0)
    from scipy.special import stdtr, stdtrit  # noqa: PLC0415 - SciPy takes long to import

    error = sqrt(variance)
    half = float(stdtrit(degrees, 1 - (1 - confidence) / 2)) * error
    p_value = 2 * float(stdtr(degrees, -abs(difference) / error))
    return Difference(
        difference, difference - half, difference + half, p_value, error, degrees, method
    )


def _need_two(arm: Sums, baseline: Sums) -> None:
    if min(arm.people, baseline.people) < 2:
        raise NotEnoughData("a difference of means needs two people in each arm")


def _spread(people: int, one: float, other: float, products: float) -> float:
    return max(0.0, products - one * other / people) / (people - 1)


WELCH = Method(
    key="welch",
    name="Welch's t",
    topic=Topic.VALUES,
    functions=("welch", "welch_relative", "compare_values"),
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
    formula="Δ = ȳ₁ − ȳ₂ ± t·√(s₁²/n₁ + s₂²/n₂), degrees of freedom by Welch and Satterthwaite;"
    " relative: variance (s₁² + R²s₂²)/ȳ₂² by the delta method",
    source="Welch (1947), Biometrika 34:28–35; Deng, Knoblich & Lu (2018), KDD",
)
CUPED = Method(
    key="cuped",
    name="Welch's t with CUPED",
    topic=Topic.VALUES,
    functions=("cuped_theta", "adjusted"),
    decides=True,
    plainly=(
        "What people did before the experiment tells something about what they do in it.",
        "That part is taken off every value, in all versions alike.",
        "What is left varies less, so the same people show smaller differences.",
        "Because the number was known before the launch, this favours no version.",
        "Where it tells nothing, nothing changes.",
    ),
    assumes=("The covariate was frozen at launch.", "As Welch's t."),
    formula="y′ = y − θ(x − x̄), θ = cov(y, x)/var(x) of everybody compared; then as Welch's t",
    source="Deng, Xu, Kohavi & Walker (2013), WSDM",
)
STRATA = Method(
    key="post-stratified",
    name="Welch's t within strata",
    topic=Topic.VALUES,
    functions=("post_stratified",),
    decides=True,
    plainly=(
        "People of one kind are compared with people of the same kind.",
        "The differences are averaged by how many people each kind holds.",
        "So it does not matter that one version got a few more large customers by luck.",
        "The kinds were fixed at launch; nobody can choose them afterwards.",
        "Kinds with fewer than two people on a side are taken together.",
    ),
    assumes=("Strata were frozen at launch.", "As Welch's t, within each stratum."),
    formula="Δ = Σ wₛ(ȳ₁ₛ − ȳ₂ₛ), wₛ = nₛ/n; variance Σ wₛ²(s₁ₛ²/n₁ₛ + s₂ₛ²/n₂ₛ)",
    source="Miratrix, Sekhon & Yu (2013), JRSS B 75:369–396",
)
METHODS = (WELCH, CUPED, STRATA)

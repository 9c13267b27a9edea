"""A number per person (revenue, usage): arms compared from sums alone."""

from collections.abc import Callable, Sequence
from math import inf

from app.stats import special
from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.sums import Sums
from app.stats.uneven import unevenness, widened
from app.stats.welch import WELCH, Difference, need_two, t_interval

_FIRST, _STEPS = 0.01, 15  # of the baseline, each four times the one before: to a million times
LEAST_NONZERO = 100  # people with a value, in every arm: below it Welch errs in one tail


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

    >>> round(cuped_theta([Sums(4, 10.0, 30.0, 10.0, 30.0, 29.0)]), 3)
    0.8
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

    >>> adjusted(Sums(4, 10.0, 30.0, 12.0, 38.0, 32.0), theta=0.5, center=2.5).y
    9.0
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

    >>> strata = [(Sums(50, 60.0, 100.0), Sums(50, 50.0, 80.0))] * 2
    >>> found = post_stratified(strata)
    >>> round(found.difference, 3), round(found.p_value, 4)
    (0.2, 0.0675)
    """
    if not strata:
        raise NotEnoughData("there is nobody to compare")
    total = sum(arm.people + base.people for arm, base in strata)
    difference, parts = 0.0, []
    for arm, base in strata:
        need_two(arm, base)
        weight = (arm.people + base.people) / total
        difference += weight * (arm.mean - base.mean)
        parts += [
            (weight * weight * arm.variance, arm.people),
            (weight * weight * base.variance, base.people),
        ]
    return t_interval(difference, parts, confidence, method or WELCH.name)


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
        NotEnoughData: fewer than 100 people with a value in an arm: too early. TooUneven: values so
        skewed, and arms of such sizes, that no correction holds. ValueError: confidence out of
        range.

    Source:
        Welch (1947); Deng et al. (2013); Miratrix et al. (2013); widened as `widened` says. The
        floor of 100 is ours: where few people have a value, sums are skewed and one tail errs far
        more often than it should.

    >>> arm = Sums(500, 1300.0, 6000.0, nonzero=200, yyy=30000.0)
    >>> baseline = Sums(500, 1000.0, 5000.0, nonzero=180, yyy=25000.0)
    >>> found = compare_values([(arm, baseline)])
    >>> round(found.low, 3), round(found.high, 3)
    (0.305, 0.895)
    """
    sides = [_together([one[side] for one in strata]) for side in (0, 1)]
    least = min(side.nonzero for side in sides)
    if least < LEAST_NONZERO:
        raise NotEnoughData(
            f"too early: {least:,} {'person has' if least == 1 else 'people have'} a value in one"
            f" of the arms, and a call needs {LEAST_NONZERO} in each"
        )
    found = unevenness(*sides)
    return widened(_plain(strata, confidence, covariate), found, confidence=confidence)


def relative_values(
    strata: Sequence[tuple[Sums, Sums]],
    *,
    counted_from: float = 0.0,
    confidence: float = 0.95,
    covariate: bool = False,
) -> tuple[float, float]:
    """Bound the difference as a share of the baseline's mean, by the test that decides.

    Of each ratio it is asked whether the arm differs from the baseline with all its values times
    that ratio. At a ratio of 1 that is `compare_values`, so both intervals leave out 0 together.

    Args:
        strata, confidence, covariate: as `compare_values`, which has an answer for them.
        counted_from: what was taken from every value before sums were made.

    Returns:
        (low, high): 0.25 is a quarter more. Infinite where the baseline's mean may be 0.

    Raises:
        NotEnoughData: no spread at all. ValueError: confidence out of range.

    Source:
        Fieller (1954), JRSS B 16:175-185, the test that is inverted being Welch's, widened as
        `widened` says; covariate and strata as `compare_values`.

    >>> arm = Sums(500, 1300.0, 6000.0, nonzero=200, yyy=30000.0)
    >>> baseline = Sums(500, 1000.0, 5000.0, nonzero=180, yyy=25000.0)
    >>> low, high = relative_values([(arm, baseline)])
    >>> round(low, 3), round(high, 3)
    (0.141, 0.489)
    """
    found = unevenness(*(_together([one[side] for one in strata]) for side in (0, 1)))

    def bounds(more: float) -> tuple[float, float]:
        pairs = [(arm, _times(base, more, counted_from)) for arm, base in strata]
        said = widened(_plain(pairs, confidence, covariate), found, confidence=confidence)
        return said.low, said.high

    return _falls_to_0(lambda more: bounds(more)[0]), _falls_to_0(lambda more: bounds(more)[1])


def _plain(
    strata: Sequence[tuple[Sums, Sums]],
    confidence: float,
    covariate: bool,  # noqa: FBT001 - as planned
) -> Difference:
    """Welch's t of what is left of values, within strata."""
    if covariate:
        theta = cuped_theta([sums for pair in strata for sums in pair])
        center = _together([sums for pair in strata for sums in pair]).covariate_mean
        strata = [
            (
                adjusted(arm, theta=theta, center=center),
                adjusted(base, theta=theta, center=center),
            )
            for arm, base in strata
        ]
    method = CUPED.name if covariate else STRATA.name if len(strata) > 1 else WELCH.name
    return post_stratified(_large_enough(strata), confidence=confidence, method=method)


def _times(base: Sums, more: float, counted_from: float) -> Sums:
    """The same people, each with 1 + more times their value."""
    times, moved, n = 1 + more, more * counted_from, base.people
    y, yy, yyy = times * base.y, times**2 * base.yy, times**3 * base.yyy
    return Sums(
        n,
        y + n * moved,
        yy + 2 * moved * y + n * moved**2,
        base.x,
        base.xx,
        times * base.xy + moved * base.x,
        base.nonzero,
        yyy + 3 * moved * yy + 3 * moved**2 * y + n * moved**3,
    )


def _falls_to_0(bound: Callable[[float], float]) -> float:
    """The share at which a bound of the difference has fallen to 0; infinite where it never does.

    The baseline's mean is above 0: the more often it is taken, the less is left of the difference.
    """
    step = _FIRST if bound(0.0) > 0 else -_FIRST
    low = high = 0.0
    for _ in range(_STEPS):
        low, high = high, high + step
        if (bound(high) > 0) != (step > 0):
            ends = sorted((low, high))
            return float(special.brentq(bound, *ends, xtol=1e-13, rtol=1e-12))
        step *= 4
    return inf if step > 0 else -inf


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
    functions=("post_stratified", "compare_values", "relative_values"),
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
METHODS = (CUPED, STRATA)

"""Relative bounds: they agree with the call, with second implementations, and cover the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom, t, ttest_ind
from statsmodels.stats.proportion import test_proportions_2indep as proportions_test

from app.stats.checks import NotEnoughData
from app.stats.means import compare_values, relative_values
from app.stats.relative import ratio_z, relative_bounds
from app.stats.score import Pair
from app.stats.skewed import skewed_z
from app.stats.sums import Sums
from app.stats.two_arm import Arm, compare, critical_value, sparse


def bounds(arm: Arm, baseline: Arm, *, confidence: float = 0.95) -> tuple[float, float]:
    found = compare(arm, baseline, confidence=confidence, mde=0.02)
    return relative_bounds(arm, baseline, difference=(found.low, found.high), confidence=confidence)


@st.composite
def arms(draw: st.DrawFn, least: int = 0) -> Arm:
    people = draw(st.integers(max(1, least), 700))
    return Arm(people, draw(st.integers(least, people)))


@given(arms(), arms(least=1), st.floats(0.7, 0.999))
@settings(max_examples=150)
def test_they_leave_out_0_exactly_where_the_difference_does(arm, baseline, confidence):
    if arm.rate == baseline.rate == 1:
        return
    said = compare(arm, baseline, confidence=confidence, mde=0.02)
    low, high = bounds(arm, baseline, confidence=confidence)

    assert (low > 0, high < 0) == (said.low > 0, said.high < 0)
    assert said.relative is not None
    assert -1 <= low <= said.relative + 1e-9 <= high + 2e-9


@given(arms(least=1), arms(least=1))
@settings(max_examples=60)
def test_turning_the_arms_turns_the_bounds(arm, baseline):
    if arm.rate == baseline.rate == 1:
        return
    low, high = bounds(arm, baseline)
    turned_low, turned_high = bounds(baseline, arm)

    assert (1 + low) * (1 + turned_high) == pytest.approx(1, rel=1e-6) or low == -1
    assert (1 + high) * (1 + turned_low) == pytest.approx(1, rel=1e-6) or turned_low == -1


@pytest.mark.parametrize(
    "pair",
    [Pair(600, 5000, 500, 5000), Pair(9, 300, 60, 2700), Pair(60, 2700, 13, 300)],
    ids=str,
)
def test_the_scores_bounds_are_where_statsmodels_score_is_as_large(pair: Pair):
    critical = critical_value(0.95)
    ends = bounds(Arm(pair.people, pair.hits), Arm(pair.base_people, pair.base_hits))
    for more, side in zip(ends, (1, -1), strict=True):
        theirs = proportions_test(
            pair.hits, pair.people, pair.base_hits, pair.base_people,
            value=1 + more, compare="ratio", method="score", correction=True,
        )  # fmt: skip
        ratio, p, q = 1 + more, theirs.prop1_null, theirs.prop2_null
        own, other = p * (1 - p) / pair.people, ratio**2 * q * (1 - q) / pair.base_people
        everybody = pair.people + pair.base_people
        spread = (own + other) * everybody / (everybody - 1)
        third = own * (1 - 2 * p) / pair.people - ratio * other * (1 - 2 * q) / pair.base_people
        skewed = third / (6 * spread**1.5)

        assert not sparse(Arm(pair.people, pair.hits), Arm(pair.base_people, pair.base_hits))
        assert float(theirs.statistic) == pytest.approx(
            side * critical + skewed * (critical**2 - 1), rel=1e-4
        )


@given(arms(least=1), arms(least=1))
@settings(max_examples=60)
def test_at_a_ratio_of_1_it_is_the_score_of_a_difference_of_0(arm, baseline):
    if arm.rate == baseline.rate == 1:
        return
    pair = Pair(arm.hits, arm.people, baseline.hits, baseline.people)

    assert ratio_z(pair, 1.0) == pytest.approx(skewed_z(pair, 0.0), rel=1e-7, abs=1e-9)


# People, the baseline's rate and the ratio: sparse ones are summed over all tables that may come.
WORLDS = (
    (40, 10, 0.1, 1.0), (40, 10, 0.5, 1.5), (10, 40, 0.5, 1.5), (60, 60, 0.1, 0.5),
    (60, 60, 0.9, 1.05), (50, 200, 0.02, 3.0), (200, 100, 0.3, 1.2),
)  # fmt: skip


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_each_side_misses_the_truth_no_more_often_than_promised(world):
    people, base_people, rate, ratio = world
    over = under = 0.0
    chances = binom.pmf(np.arange(people + 1), people, rate * ratio)
    base_chances = binom.pmf(np.arange(base_people + 1), base_people, rate)
    tables = [
        (hits, base_hits)
        for hits in np.flatnonzero(chances > 1e-4)
        for base_hits in np.flatnonzero(base_chances > 1e-4)
        if base_hits and (hits, base_hits) != (people, base_people)
    ]
    for hits, base_hits in tables:
        low, high = bounds(Arm(people, int(hits)), Arm(base_people, int(base_hits)))
        chance = chances[hits] * base_chances[base_hits]
        over += chance * (low > ratio - 1)
        under += chance * (high < ratio - 1)
    # With 200 people the corrected score is a curve's, and may err a little more often.
    limit = 0.025 if people + base_people < 200 else 0.03

    assert max(over, under) <= limit


@pytest.mark.parametrize(
    ("arm", "baseline"), [(Arm(9, 1), Arm(9, 0)), (Arm(9, 9), Arm(8, 8))], ids=str
)
def test_what_has_no_ratio_is_refused(arm: Arm, baseline: Arm):
    with pytest.raises(NotEnoughData):
        bounds(arm, baseline)


def sums_of(y: np.ndarray, *, counted_from: float = 0.0, x: np.ndarray | None = None) -> Sums:
    z, v = y - counted_from, np.zeros_like(y) if x is None else x
    return Sums(
        len(z), z.sum(), (z * z).sum(), v.sum(), (v * v).sum(), (z * v).sum(),
        len(z), (z**3).sum(),
    )  # fmt: skip


def test_values_bounds_are_where_scipys_welch_leaves_the_multiplied_baseline():
    rng = np.random.default_rng(20261129)
    arm, base = rng.gamma(2, 6, 400), rng.gamma(2, 5, 400)
    got = relative_values([(sums_of(arm), sums_of(base))])

    def left(more: float, side: int) -> float:  # arms of one size: nothing is widened
        found = ttest_ind(arm, (1 + more) * base, equal_var=False)
        return float(found.statistic) - side * float(t.ppf(0.975, found.df))

    assert got == pytest.approx(
        (brentq(left, -0.9, 3, args=(1,)), brentq(left, -0.9, 3, args=(-1,))), rel=1e-9
    )


@pytest.mark.parametrize("sizes", [(400, 400), (1_500, 300), (300, 1_500)], ids=str)
@pytest.mark.parametrize("lift", [0.8, 1.0, 1.1, 1.3])
@pytest.mark.parametrize("covariate", [False, True])
def test_values_bounds_leave_out_0_exactly_where_the_difference_does(sizes, lift, covariate):
    rng = np.random.default_rng(7)
    for _ in range(10):
        sides = []
        for people, times in zip(sizes, (lift, 1.0), strict=True):
            x = rng.gamma(3, 2, people)
            sides.append(sums_of(times * (x + rng.gamma(2, 5, people)), x=x))
        strata = [(sides[0], sides[1])]
        said = compare_values(strata, covariate=covariate)
        low, high = relative_values(strata, covariate=covariate)

        assert (low > 0, high < 0) == (said.low > 0, said.high < 0)
        assert low <= said.difference / sides[1].mean <= high


def test_values_bounds_do_not_depend_on_what_was_taken_from_all():
    rng = np.random.default_rng(3)
    arm, base = rng.gamma(2, 6, 300), rng.gamma(2, 5, 500)
    plain = relative_values([(sums_of(arm), sums_of(base))])
    moved = relative_values(
        [(sums_of(arm, counted_from=9.0), sums_of(base, counted_from=9.0))], counted_from=9.0
    )

    assert moved == pytest.approx(plain, rel=1e-9)


def test_a_baseline_whose_mean_may_be_0_bounds_nothing():
    rng = np.random.default_rng(5)
    low, high = relative_values(
        [(sums_of(rng.normal(1, 9, 200)), sums_of(rng.normal(0.05, 9, 200)))]
    )

    assert not np.isfinite([low, high]).all()


@pytest.mark.parametrize("sizes", [(300, 300), (900, 300)], ids=str)
def test_values_bounds_cover_the_ratio_as_often_as_promised(sizes):
    rng, runs, ratio = np.random.default_rng(20261129), 1_500, 1.4
    over = under = 0
    for _ in range(runs):
        sides = [
            sums_of(times * rng.lognormal(0, 0.5, people))
            for people, times in zip(sizes, (ratio, 1.0), strict=True)
        ]
        low, high = relative_values([(sides[0], sides[1])])
        over, under = over + (low > ratio - 1), under + (high < ratio - 1)

    noise = 3 * (0.033 * 0.967 / runs) ** 0.5  # 3.3 % a side is what uneven arms are known to err
    assert max(over, under) / runs <= 0.033 + noise

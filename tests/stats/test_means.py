"""A number per person: published numbers, other libraries, properties, refusals."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_ind_from_stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from app.stats.checks import NotEnoughData
from app.stats.means import (
    LEAST_NONZERO,
    Sums,
    adjusted,
    compare_values,
    cuped_theta,
    post_stratified,
    welch,
    welch_relative,
)

CONTROL, ARM = Sums(3000, 1396.87, 52377.9767), Sums(3461, 2422.7, 134698.29)
FOUR = [0.3, 0.5, 0.9, 22.0]


def rate(hits: int, people: int) -> Sums:
    return Sums(people, hits, hits, nonzero=hits)


def sums(values: list[float], before: list[float] | None = None) -> Sums:
    y, x = np.array(values), np.array(before if before is not None else [0.0] * len(values))
    return Sums(
        len(y),
        float(y.sum()),
        float(y @ y),
        float(x.sum()),
        float(x @ x),
        float(x @ y),
        int(np.count_nonzero(y)),
    )


def summary(mean: float, variance: float, people: int) -> Sums:
    return Sums(people, mean * people, variance * (people - 1) + people * mean * mean)


VALUES = st.lists(st.floats(0, 100, width=16), min_size=3, max_size=30).filter(
    lambda some: max(some) - min(some) > 0.5
)


@pytest.mark.parametrize(
    ("control", "arm", "difference", "low", "high", "p_value"),
    [
        # growthbook/growthbook@8f1db445 packages/stats, run: g002, g004, g006, g010, g012
        (rate(80, 1000), rate(100, 1000), 0.02, -0.005084506044058933, 0.04508450604405894,
         0.11806075792627224),
        (rate(40, 500), rate(60, 500), 0.04, 0.0028485367332457753, 0.0771514632667542,
         0.034866258472701084),
        (rate(8, 100), rate(12, 100), 0.04, -0.043495857145120484, 0.12349585714512047,
         0.345892533310572),
        (rate(1, 200), rate(7, 200), 0.03, 0.0025890603887286784, 0.057410939611271326,
         0.03207234422404959),
        (rate(30, 400), rate(29, 1600), -0.056875, -0.08357328486780319, -0.030176715132196805,
         3.4068500182948824e-05),
    ],
)  # fmt: skip
def test_welch_matches_gbstats(
    control: Sums, arm: Sums, *, difference: float, low: float, high: float, p_value: float
):
    # There a rate's variance is p(1 - p); ours has n - 1, so figures agree to about 1/n.
    got = welch(arm, control)

    assert got.difference == pytest.approx(difference)
    assert (got.low, got.high) == pytest.approx((low, high), abs=abs(high - low) / 150)
    assert got.p_value == pytest.approx(p_value, rel=0.06)


@pytest.mark.parametrize(
    ("control", "arm", "difference", "bounds", "p_value", "within"),
    [
        # c001, c028, g033: growthbook/growthbook@8f1db445 packages/stats; c051: PostHog/posthog
        (Sums(3407, 1396.87, 52377.9767), ARM, 0.70732, (-0.03526, 1.44989), 0.06191, 1e-5),
        (Sums(2507, 1196.87, 37377.9767), Sums(2461, 1922.7, 94698.29), 0.63646,
         (-0.0875, 1.36048), 0.08487, 5e-5),
        (Sums(100, 270, 848.79), Sums(120, 300, 869), -0.074074074, None, 0.145219005, 1e-8),
        (Sums(450, 910.0, 40100.0), Sums(4050, 8300.0, 392000.0), 0.01343101343101358,
         (-0.4393931760123821, 0.4662552028744093), 0.953563129371815, 1e-8),
    ],
)  # fmt: skip
def test_the_relative_difference_matches_gbstats_and_posthog(
    control: Sums,
    arm: Sums,
    *,
    difference: float,
    bounds: tuple[float, float] | None,
    p_value: float,
    within: float,
):
    got = welch_relative(arm, control)

    assert (got.difference, got.p_value) == pytest.approx((difference, p_value), abs=within)
    assert bounds is None or (got.low, got.high) == pytest.approx(bounds, abs=within)


def test_one_side_of_90_percent_is_the_one_sided_bound_of_gbstats():
    # c010, c011, c012: growthbook/growthbook@8f1db445 packages/stats/tests, one-sided t
    got, share = (some(ARM, CONTROL, confidence=0.9) for some in (welch, welch_relative))

    assert (got.low, got.high) == pytest.approx((0.020791480063, 0.447961853270), abs=1e-5)
    assert (got.error, got.p_value / 2) == pytest.approx((0.129830812543, 0.03554272490), abs=1e-5)
    assert (share.low, share.p_value / 2) == pytest.approx((-0.0451366759, 0.0655826087), abs=1e-5)


def test_large_samples_match_the_pooled_t_of_spotify():
    # c073, c074: spotify/confidence@e1f8a492 tests/frequentist/test_ttest.py
    many = welch(Sums(50571, 1521974.0, 78621210.0), Sums(48351, 1438602.0, 73305810.0))
    few = welch(Sums(1009, 1969, 5767), Sums(104, 312, 984))

    assert many.p_value == pytest.approx(0.03334, rel=0.01)
    assert few.difference == pytest.approx(-1.0485629, rel=1e-3)
    assert (few.low, few.high) == pytest.approx((-1.205402, -0.891723), rel=1e-3)


def test_the_delta_variance_matches_growthbook():
    # c041, c042: growthbook/growthbook@8f1db445 packages/shared/test/power.test.ts
    baseline, arm = summary(7, 2, 4), summary(5, 0.5, 15)

    assert welch(arm, baseline).error ** 2 == pytest.approx(0.53333, abs=5e-6)
    assert welch_relative(arm, baseline).error ** 2 == pytest.approx(0.00589, abs=5e-6)


def test_mean_and_variance_come_from_sums():
    # c033: growthbook/growthbook@8f1db445 packages/stats/tests/test_shared_models.py
    got = sums(FOUR)

    assert got.mean == pytest.approx(5.925, abs=1e-12)
    assert got.variance == pytest.approx(np.var(FOUR, ddof=1))


def test_theta_matches_growthbook():
    # c032: growthbook/growthbook@8f1db445 packages/stats/tests/test_shared_models.py
    arm = sums([2, 1, 5, 3], FOUR)

    assert cuped_theta([arm, arm]) == pytest.approx(0.01864, abs=5e-6)


def test_cuped_matches_gbstats():
    # g037: growthbook/growthbook@8f1db445 packages/stats, run
    control = Sums(1500, 3900.0, 136500.0, 3600.0, 118000.0, 90500.0, 1000)
    arm = Sums(1500, 4350.0, 151000.0, 3660.0, 121000.0, 96800.0, 1000)

    center = (arm + control).covariate_mean
    theirs = 0.7556988459  # theta of all people as one; ours is pooled within the arms
    got = welch(*(adjusted(one, theta=theirs, center=center) for one in (arm, control)))
    ours = compare_values([(arm, control)], covariate=True)

    assert got.difference == pytest.approx(0.26977204616521244, abs=1e-9)
    assert (got.low, got.high) == pytest.approx((-0.21651558, 0.75605967), abs=1e-6)
    assert got.p_value == pytest.approx(0.2767948360357595, abs=1e-6)
    assert cuped_theta([arm, control]) == pytest.approx(theirs, rel=1e-4)
    assert (ours.low, ours.high) == pytest.approx((got.low, got.high), abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(VALUES, VALUES)
def test_welch_agrees_with_scipy_and_statsmodels(arm: list[float], control: list[float]):
    low, high = CompareMeans(DescrStatsW(arm), DescrStatsW(control)).tconfint_diff(usevar="unequal")

    got = welch(sums(arm), sums(control))

    assert got.p_value == pytest.approx(
        ttest_ind(arm, control, equal_var=False).pvalue, rel=1e-5, abs=1e-9
    )
    assert (got.low, got.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


def test_equal_sizes_and_spreads_are_students_case():
    # c185 is Student's t of SciPy's documentation; Welch's differs from it by spreads and sizes
    theirs = ttest_ind_from_stats(15, 87.5**0.5, 12, 12, 87.5**0.5, 12, equal_var=True)

    got = welch(summary(15, 87.5, 12), summary(12, 87.5, 12))

    assert got.p_value == pytest.approx(theirs.pvalue, abs=1e-10)
    assert got.degrees == pytest.approx(22)


@given(VALUES, VALUES)
def test_swapping_the_arms_mirrors_the_difference(arm: list[float], control: list[float]):
    one, other = welch(sums(arm), sums(control)), welch(sums(control), sums(arm))

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == pytest.approx(other.p_value)


@given(VALUES, VALUES, st.sampled_from([0.8, 0.95, 0.99]))
def test_0_is_outside_exactly_where_p_is_under_alpha(
    arm: list[float], control: list[float], confidence: float
):
    got = welch(sums(arm), sums(control), confidence=confidence)

    if abs(got.p_value - (1 - confidence)) > 1e-9:
        assert (not got.low <= 0 <= got.high) == (got.p_value < 1 - confidence)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 50, width=16), st.floats(0, 50, width=16)), min_size=3))
def test_taking_off_the_covariate_agrees_with_doing_so_for_each_person(
    people: list[tuple[float, float]],
):
    values, before = [one for one, _ in people], [one for _, one in people]
    each = [y - 0.7 * (x - 3.0) for y, x in people]

    got = adjusted(sums(values, before), theta=0.7, center=3.0)

    assert got.mean == pytest.approx(np.mean(each), abs=1e-9)
    assert got.variance == pytest.approx(np.var(each, ddof=1), rel=1e-6, abs=1e-6)


def test_a_covariate_that_explains_narrows_the_interval():
    rng = np.random.default_rng(5)
    pairs = []
    for lift in (1.0, 0.0):
        before = rng.gamma(2, 10, 400)
        pairs.append(sums(list(before + lift + rng.normal(0, 3, 400)), list(before)))

    plain = compare_values([(pairs[0], pairs[1])])
    got = compare_values([(pairs[0], pairs[1])], covariate=True)

    assert got.error < 0.4 * plain.error
    assert got.low <= 1 <= got.high


def test_strata_are_weighed_by_their_people():
    young, old = (
        (summary(12, 4, 200), summary(10, 4, 100)),
        (summary(30, 9, 50), summary(25, 9, 50)),
    )

    got = post_stratified([young, old])

    assert got.difference == pytest.approx((300 * 2 + 100 * 5) / 400)
    weights = (0.75, 0.25)
    variance = weights[0] ** 2 * (4 / 200 + 4 / 100) + weights[1] ** 2 * (9 / 50 + 9 / 50)
    assert got.error**2 == pytest.approx(variance)


def test_a_stratum_of_one_person_joins_the_others():
    busy = (rate(200, 500), rate(150, 500))
    alone = (rate(1, 1), rate(0, 0))

    got = compare_values([busy, alone])

    assert got.difference == pytest.approx(201 / 501 - 150 / 500)


@pytest.mark.parametrize("arm", [LEAST_NONZERO, LEAST_NONZERO - 1])
def test_fewer_than_100_people_with_a_value_are_too_early(arm: int):
    pair = (rate(arm, 5000), rate(130, 5000))

    if arm >= 100:
        assert compare_values([pair]).p_value > 0
    else:
        with pytest.raises(NotEnoughData, match="too early: 99 people"):
            compare_values([pair])


@pytest.mark.parametrize("broken", [nan, inf, -inf])
def test_sums_that_are_no_numbers_are_refused(broken: float):
    with pytest.raises(ValueError, match="numbers"):
        Sums(10, broken, 5.0)
    with pytest.raises(ValueError, match="numbers"):
        Sums(10, 1.0, 5.0, xy=broken)


def test_sums_that_no_people_could_have_are_refused():
    with pytest.raises(ValueError, match="no 4 people"):
        Sums(4, -7, -7)  # c034: gbstats goes on with a variance of -1.1
    with pytest.raises(ValueError, match="no 10 people"):
        Sums(10, 100.0, 10.0)
    with pytest.raises(ValueError, match="no 10 people"):
        Sums(10, 1.0, 5.0, x=50.0, xx=1.0)
    with pytest.raises(ValueError, match="nonzero"):
        Sums(10, 1.0, 5.0, nonzero=11)


def test_means_that_cannot_be_compared_are_refused():
    with pytest.raises(NotEnoughData, match="two people"):
        welch(Sums(1, 5.0, 25.0), CONTROL)
    with pytest.raises(NotEnoughData, match="spread"):
        welch(Sums(10, 10.0, 10.0), Sums(10, 10.0, 10.0))
    with pytest.raises(NotEnoughData, match="baseline's mean is 0"):
        welch_relative(ARM, Sums(10, 0.0, 0.0))
    with pytest.raises(NotEnoughData, match="nobody"):
        post_stratified([])
    with pytest.raises(NotEnoughData):
        cuped_theta([Sums(1, 1.0, 1.0)])
    with pytest.raises(ValueError, match="confidence"):
        welch(ARM, CONTROL, confidence=1.0)

"""A number per person, compared from sums alone."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from app.stats.checks import NotEnoughData
from app.stats.means import adjusted, compare_values, cuped_theta, post_stratified
from app.stats.sums import Sums
from app.stats.welch import welch

# growthbook/growthbook@8f1db445 packages/stats; c032: gbstats' own sums
CONTROL, TREATMENT = Sums(3000, 1396.87, 52377.9767), Sums(3461, 2422.7, 134698.29)
BEFORE = Sums(1500, 3900.0, 136500.0, 3600.0, 118000.0, 90500.0, 1500)
AFTER = Sums(1500, 4350.0, 151000.0, 3660.0, 121000.0, 96800.0, 1500)
values = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=30)


def sums_of(y, x=None) -> Sums:
    y = np.asarray(y, dtype=float)
    x = np.zeros_like(y) if x is None else np.asarray(x, dtype=float)
    return Sums(
        len(y), y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum(), int((y != 0).sum())
    )


def test_one_sided_bounds_match_published_ones():  # c011, c012
    plain = welch(TREATMENT, CONTROL, confidence=0.9)

    assert plain.low == pytest.approx(0.020791480063255735, abs=1e-5)
    assert plain.high == pytest.approx(0.44796185327007765, abs=1e-5)
    assert plain.p_value / 2 == pytest.approx(0.03554272489873023, abs=1e-5)
    assert plain.error == pytest.approx(0.12983081254184736, abs=1e-5)


def test_cuped_matches_published_numbers():  # g037, c032
    got = compare_values([(AFTER, BEFORE)], covariate=True)
    same = sums_of([2, 1, 5, 3], [0.3, 0.5, 0.9, 22])

    assert got.difference == pytest.approx(0.26977204616521244, rel=1e-8)
    assert got.error == pytest.approx(0.24801013819035328, rel=1e-7)
    assert (got.low, got.high) == pytest.approx((-0.21651558, 0.75605967), abs=1e-6)
    assert cuped_theta([same, same]) == pytest.approx(0.01864, abs=5e-6)


@given(values, values)
def test_sums_say_what_scipy_says_of_the_values(first: list[float], second: list[float]):
    arm, base = sums_of(first), sums_of(second)
    if min(np.var(first), np.var(second)) < 1e-3:
        return
    got, twin = welch(arm, base), ttest_ind(first, second, equal_var=False)
    bounds = twin.confidence_interval()

    assert got.p_value == pytest.approx(twin.pvalue, abs=1e-7)
    assert (got.low, got.high) == pytest.approx((bounds.low, bounds.high), rel=1e-6, abs=1e-6)


@given(values, st.floats(-3, 3))
def test_taking_the_covariate_off_sums_is_taking_it_off_people(y: list[float], theta: float):
    x = np.arange(len(y), dtype=float)
    by_people = sums_of(np.asarray(y) - theta * (x - 2.0))
    by_sums = adjusted(sums_of(y, x), theta=theta, center=2.0)

    assert by_sums.y == pytest.approx(by_people.y, rel=1e-9, abs=1e-6)
    assert by_sums.yy == pytest.approx(by_people.yy, rel=1e-6, abs=1e-3)


def test_one_stratum_is_welch_and_more_take_away_what_lies_between_them():
    rng = np.random.default_rng(3)
    low, high = rng.normal(0, 1, (2, 200)), rng.normal(50, 1, (2, 200))
    strata = [(sums_of(low[0] + 1), sums_of(low[1])), (sums_of(high[0] + 1), sums_of(high[1]))]
    together = welch(strata[0][0] + strata[1][0], strata[0][1] + strata[1][1])
    within = post_stratified(strata)

    assert post_stratified(strata[:1]) == welch(*strata[0])
    assert within.difference == pytest.approx(1.0, abs=0.2)
    assert within.error < together.error / 10


@given(values, values, st.floats(-10, 10).filter(lambda one: abs(one) > 0.01))
def test_the_interval_leaves_out_zero_where_p_is_under_alpha(
    first: list[float], second: list[float], scale: float
):
    if min(np.var(first), np.var(second)) < 1e-3:
        return
    got = welch(sums_of(first), sums_of(second))
    scaled = welch(sums_of(np.asarray(first) * scale), sums_of(np.asarray(second) * scale))

    assert (got.p_value < 0.05) == (got.low > 0 or got.high < 0) or abs(got.p_value - 0.05) < 1e-9
    assert scaled.p_value == pytest.approx(got.p_value, abs=1e-5)


def test_too_few_people_with_a_value_are_too_early():
    few = sums_of([0.0] * 900 + [5.0, 6.0] * 49)
    enough = sums_of([0.0] * 800 + [5.0, 6.0] * 60)

    with pytest.raises(NotEnoughData, match="98 people have a value"):
        compare_values([(enough, few)])


@pytest.mark.parametrize(
    ("arm", "baseline"),
    [
        (Sums(0, 0.0, 0.0), sums_of([1, 2])),
        (sums_of([1]), sums_of([1, 2])),
        (sums_of([3, 3]), sums_of([3, 3])),
    ],
)
def test_what_cannot_be_compared_is_refused(arm: Sums, baseline: Sums):
    with pytest.raises(NotEnoughData):
        welch(arm, baseline)


@pytest.mark.parametrize(
    "sums",
    [
        (3, nan, 1.0),
        (3, 1.0, inf),
        (4, -7.0, 0.0),  # c034: a negative variance
        (2, 10.0, 1.0),
    ],
)
def test_sums_that_no_people_could_have_are_refused(sums: tuple[int, float, float]):
    with pytest.raises(ValueError, match=r"sums|people"):
        Sums(*sums)


def test_more_people_with_a_value_than_people_are_refused():
    with pytest.raises(ValueError, match="nonzero"):
        Sums(3, 1.0, 1.0, nonzero=4)

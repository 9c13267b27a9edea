"""Ratios of sums, compared with people as the unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.ratios_of_sums import compare_ratios, compare_ratios_relative, linearised
from app.stats.sums import Sums
from app.stats.welch import welch

CONTROL = Sums(1000, 820.0, 14200.0, 310.0, 720.0, 2150.0)
TREATMENT = Sums(1000, 1010.0, 18800.0, 352.0, 840.0, 2720.0)
SPREADS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=4, max_size=40, unique=True
)


def sums_of(people: list[tuple[int, int]]) -> Sums:
    y, x = np.array(people, dtype=float).T
    return Sums(len(people), y.sum(), y @ y, x.sum(), x @ x, x @ y)


def test_the_relative_difference_matches_gbstats_8f1db445():
    got = compare_ratios_relative(TREATMENT, CONTROL)

    assert (got.difference, got.error) == pytest.approx(
        (0.08474223946784921, 0.1595119449865341), rel=1e-8
    )
    # gbstats takes its degrees of freedom from the absolute variances, we from the relative ones
    assert (got.low, got.high, got.p_value) == pytest.approx(
        (-0.22808493330834667, 0.3975694122440451, 0.5952980045674521), rel=1e-5
    )


def test_the_relative_difference_matches_posthogs_two_sided_ratio_test():
    control = Sums(1966, 94605.79858780127, 10463129.505392816, 936, 936, 94605.79858780127)
    treatment = Sums(2034, 99673.9364269569, 11298745.182728939, 947, 947, 99673.9364269569)

    got = compare_ratios_relative(treatment, control)

    assert (got.difference, got.low, got.high, got.p_value) == pytest.approx(
        (0.041333, 0.01378609, 0.0689, 0.0032826), abs=5e-5
    )


@given(SPREADS)
def test_the_spread_agrees_with_numpy_person_by_person(people: list[tuple[int, int]]):
    y, x = np.array(people, dtype=float).T
    ratio = y.sum() / x.sum()

    got = linearised(sums_of(people))

    assert got.mean == pytest.approx(ratio)
    assert got.variance == pytest.approx(((y - ratio * x) / x.mean()).var(ddof=1), abs=1e-6)


def test_denominators_of_one_make_it_a_difference_of_means():
    arm, base = Sums(5, 15.0, 55.0, 5, 5, 15.0), Sums(4, 6.0, 14.0, 4, 4, 6.0)

    got, plain = compare_ratios(arm, base), welch(arm, base)

    assert (got.low, got.high, got.p_value) == pytest.approx((plain.low, plain.high, plain.p_value))


def test_swapping_the_arms_mirrors_the_difference():
    one, other = compare_ratios(TREATMENT, CONTROL), compare_ratios(CONTROL, TREATMENT)

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@pytest.mark.parametrize("arm", [Sums(1, 1.0, 1.0, 1, 1, 1), Sums(5, 1.0, 1.0)])
def test_one_person_or_nothing_below_the_line_is_refused(arm: Sums):
    with pytest.raises(NotEnoughData):
        compare_ratios(arm, CONTROL)

"""Rates and values compared as means: against SciPy, in properties, and refused."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_ind_from_stats

from app.stats.checks import NotEnoughData
from app.stats.student import Mean, student
from app.stats.sums import Sums
from app.stats.two_arm import Arm
from app.stats.welch import welch, welch_relative

ARM, BASE = Mean.of_rate(Arm(1000, 100)), Mean.of_rate(Arm(1000, 80))
means = st.builds(
    Mean,
    st.floats(-100, 100),
    st.floats(0.01, 100),
    st.integers(2, 5000),
)


@pytest.mark.parametrize("equal", [True, False])
def test_both_agree_with_scipy_from_every_value(equal: bool):
    rng = np.random.default_rng(3)
    one, other = rng.normal(3, 2, 40), rng.normal(2, 5, 90)
    sides = [Mean(float(x.mean()), float(x.var(ddof=1)), len(x)) for x in (one, other)]
    got = (student if equal else welch)(sides[0], sides[1], confidence=0.9)
    twin = ttest_ind(one, other, equal_var=equal)
    low, high = twin.confidence_interval(0.9)

    assert (got.p_value, got.low, got.high) == pytest.approx((twin.pvalue, low, high), rel=1e-9)
    assert got.degrees == pytest.approx(twin.df)


def test_student_agrees_with_scipy_from_a_summary():
    got = student(Mean(15, 87.5, 13), Mean(12, 39, 11))
    twin = ttest_ind_from_stats(15, 87.5**0.5, 13, 12, 39**0.5, 11)

    assert got.p_value == pytest.approx(twin.pvalue, rel=1e-12)


@given(means, means)
def test_turned_round_everything_turns_round(one: Mean, other: Mean):
    for compare in (welch, student):
        there, back = compare(one, other), compare(other, one)
        assert there.p_value == pytest.approx(back.p_value)
        assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@given(means, means, st.floats(0.1, 50))
def test_a_share_knows_no_unit(one: Mean, other: Mean, unit: float):
    if abs(other.mean) < 0.01:
        return
    plain = welch_relative(one, other)
    scaled = welch_relative(
        *(Mean(m.mean * unit, m.variance * unit**2, m.people) for m in (one, other))
    )

    assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-6)
    assert (scaled.low, scaled.high) == pytest.approx((plain.low, plain.high), rel=1e-6)


def test_more_than_a_baseline_under_0_is_a_rise():
    # growthbook PR #6658: the sign of the lift is that of the difference
    assert welch_relative(Mean(-5, 4, 1000), Mean(-10, 4, 1000)).difference == 0.5


def test_what_cannot_be_compared_is_refused():
    for empty in (lambda: Mean(1, 1, 1), lambda: Mean.of_sums(Sums(1, 1.0, 1.0))):
        with pytest.raises(NotEnoughData, match="two people"):
            empty()
    nobody = Mean.of_rate(Arm(500, 0))
    for compare in (welch, student):
        with pytest.raises(NotEnoughData, match="same value"):
            compare(nobody, nobody)
    with pytest.raises(NotEnoughData, match="baseline's mean is 0"):
        welch_relative(ARM, nobody)
    for mean, variance in ((nan, 1), (inf, 1), (1, -1), (1, nan)):
        with pytest.raises(ValueError, match="takes a number"):
            Mean(mean, variance, 10)
    for confidence in (0, 1, nan):
        for compare in (welch, welch_relative, student):
            with pytest.raises(ValueError, match="confidence"):
                compare(ARM, BASE, confidence=confidence)

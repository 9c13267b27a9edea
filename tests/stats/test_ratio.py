"""How many times as many: a published number, a second way, properties, refusals."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from app.stats.checks import NotEnoughData
from app.stats.ratio import Ratio, koopman_between
from app.stats.two_arm import Arm, critical_value


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    people = draw(st.integers(2, 2000))
    return Arm(people, draw(st.integers(1, people - 1)))


def koopman(arm: Arm, baseline: Arm, *, confidence: float) -> Ratio:
    """With one limit on both sides, as it is published."""
    limit = critical_value(confidence) ** 2
    return koopman_between(arm, baseline, below=limit, above=limit)


def test_the_interval_matches_a_published_one():
    # Fagerland, Lydersen & Laake (2015), SMMR 24:224, Perondi's data; c135, R PropCIs
    got = koopman(Arm(34, 7), Arm(34, 1), confidence=0.95)

    assert (got.low, got.high) == pytest.approx((1.220853, 42.575718), rel=5e-7)


@given(arms(), arms(), st.floats(0.7, 0.99))
@settings(max_examples=40)
def test_koopmans_bounds_reach_the_normal_quantile_over_searched_rates(
    arm: Arm, baseline: Arm, confidence: float
):
    if arm.hits * baseline.hits < 4:
        return
    got = koopman(arm, baseline, confidence=confidence)
    for ratio in (got.low, got.high):

        def slope(base: float, ratio: float = ratio) -> float:  # of the log-likelihood, times base
            one = arm.hits - (arm.people - arm.hits) * ratio * base / (1 - ratio * base)
            return one + baseline.hits - (baseline.people - baseline.hits) * base / (1 - base)

        base = brentq(slope, 1e-12, min(1.0, 1 / ratio) * (1 - 1e-15), xtol=1e-16, rtol=1e-14)
        rate = base * ratio
        score = (arm.hits - arm.people * rate) / (1 - rate)  # of the ratio, times a constant
        variance = (1 - rate) / (arm.people * rate) + (1 - base) / (baseline.people * base)
        z = score * np.sqrt(variance)

        assert abs(z) == pytest.approx(norm.ppf((1 + confidence) / 2), rel=1e-3)


@given(arms(), arms(), st.floats(0.5, 9), st.floats(0.5, 9))
@settings(max_examples=80)
def test_swapping_the_arms_turns_the_ratio_and_its_limits_over(
    arm: Arm, baseline: Arm, below: float, above: float
):
    one = koopman_between(arm, baseline, below=below, above=above)
    other = koopman_between(baseline, arm, below=above, above=below)

    assert 0 < one.low <= arm.rate / baseline.rate <= one.high < inf
    assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low), rel=1e-6)


def test_no_click_in_the_arm_has_a_ratio_of_0_with_a_bound_above():
    got = koopman(Arm(500, 0), Arm(500, 12), confidence=0.95)

    assert got.low == 0
    assert 0.2 < got.high < 0.4  # Poisson: 3.84/12 and a little


@pytest.mark.parametrize(
    ("arm", "baseline"),
    [
        (Arm(0, 0), Arm(9, 1)),
        (Arm(9, 1), Arm(0, 0)),
        (Arm(9, 1), Arm(9, 0)),
        (Arm(9, 9), Arm(8, 8)),
    ],
)
def test_what_has_no_ratio_is_refused(arm: Arm, baseline: Arm):
    with pytest.raises(NotEnoughData):
        koopman(arm, baseline, confidence=0.95)

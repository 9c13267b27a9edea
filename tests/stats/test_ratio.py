"""How many times as many: published numbers, second implementations, properties, refusals."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

from app.stats.checks import NotEnoughData
from app.stats.ratio import koopman, log_ratio, odds_gart, odds_woolf
from app.stats.two_arm import Arm

METHODS = (koopman, log_ratio, odds_woolf, odds_gart)


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    people = draw(st.integers(2, 2000))
    return Arm(people, draw(st.integers(1, people - 1)))


@pytest.mark.parametrize(
    ("method", "low", "high", "within"),
    [
        # Fagerland, Lydersen & Laake (2015), SMMR 24:224, Perondi's data 7/34 and 1/34: two digits
        (log_ratio, 0.91, 54, 0.01),
        (odds_woolf, 0.99, 74, 0.01),  # c130
        (odds_gart, 0.98, 38, 0.01),  # c131
        (koopman, 1.220853, 42.575718, 5e-7),  # c135, R PropCIs
    ],
)
def test_intervals_match_published_ones(method, low: float, high: float, within: float):
    got = method(Arm(34, 7), Arm(34, 1), confidence=0.95)

    assert (got.low, got.high) == pytest.approx((low, high), rel=within)


@given(arms(), arms(), st.floats(0.6, 0.999))
@settings(max_examples=60)
def test_the_delta_intervals_agree_with_statsmodels(arm: Arm, baseline: Arm, confidence: float):
    table = Table2x2([[arm.hits, arm.people - arm.hits],
                      [baseline.hits, baseline.people - baseline.hits]])  # fmt: skip
    ratio = log_ratio(arm, baseline, confidence=confidence)
    odds = odds_woolf(arm, baseline, confidence=confidence)
    gart = odds_gart(arm, baseline, confidence=confidence)

    for got, low_high in (
        (ratio, table.riskratio_confint(1 - confidence)),
        (odds, table.oddsratio_confint(1 - confidence)),
        (gart, confint_proportions_2indep(
            arm.hits, arm.people, baseline.hits, baseline.people,
            compare="odds-ratio", method="logit-adjusted", alpha=1 - confidence,
        )),
    ):  # fmt: skip
        assert (got.low, got.high) == pytest.approx(tuple(map(float, low_high)), rel=1e-6)


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


@given(arms(), arms(), st.sampled_from(METHODS))
@settings(max_examples=80)
def test_swapping_the_arms_turns_the_ratio_over(arm: Arm, baseline: Arm, method):
    one, other = method(arm, baseline, confidence=0.9), method(baseline, arm, confidence=0.9)

    assert 0 < one.low <= one.estimate <= one.high < inf
    assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low), rel=1e-6)


def test_no_click_in_the_arm_has_a_ratio_of_0_with_a_bound_above():
    got = koopman(Arm(500, 0), Arm(500, 12), confidence=0.95)

    assert (got.estimate, got.low) == (0, 0)
    assert 0.2 < got.high < 0.4  # Poisson: 3.84/12 and a little


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_arm_is_refused(method):
    for arm, baseline in ((Arm(0, 0), Arm(9, 1)), (Arm(9, 1), Arm(0, 0))):
        with pytest.raises(NotEnoughData):
            method(arm, baseline, confidence=0.95)


@pytest.mark.parametrize(
    ("method", "arm", "baseline"),
    [
        (koopman, Arm(9, 1), Arm(9, 0)),
        (log_ratio, Arm(9, 1), Arm(9, 0)),
        (log_ratio, Arm(9, 0), Arm(9, 1)),
        (log_ratio, Arm(9, 9), Arm(8, 8)),
        (koopman, Arm(9, 9), Arm(8, 8)),
        (odds_woolf, Arm(9, 9), Arm(8, 1)),
        (odds_woolf, Arm(9, 1), Arm(8, 0)),
    ],
)
def test_what_has_no_ratio_is_refused(method, arm: Arm, baseline: Arm):
    with pytest.raises(NotEnoughData):
        method(arm, baseline, confidence=0.95)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("confidence", [0, 1, nan])
def test_a_confidence_outside_0_to_1_is_refused(method, confidence: float):
    with pytest.raises(ValueError, match="confidence"):
        method(Arm(9, 1), Arm(9, 2), confidence=confidence)

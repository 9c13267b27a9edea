"""How many people two arms take, by the formulas that calculators use."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import power_proportions_2indep

from app.stats.arm_sizes import (
    people_an_arm,
    people_an_arm_miller,
    power_of_means,
    power_of_rates,
)
from app.stats.checks import NotEnoughData

RATES = st.floats(0.01, 0.9)


def test_evan_millers_calculator_says_1030_from_20_to_25_percent_and_3292_from_2_to_3():
    assert people_an_arm_miller(0.20, 0.05) == 1030
    assert people_an_arm_miller(0.02, 0.01) == 3292


def test_statsmodels_says_3825_from_2_to_3_percent_and_we_round_up():
    # stats.stackexchange.com 605466, comment by josef-pkt: 3825, to within 1
    assert people_an_arm(0.02, 0.01) == (3826, 3826)


def test_power_matches_r_and_stata_in_statsmodels_test_power_2indep():
    equal = power_of_rates(0.015, 0.001, baseline_people=550, people=550)
    unequal = power_of_rates(0.1, 0.2, baseline_people=154, people=308)

    assert equal == pytest.approx(0.74156, abs=1e-5)
    assert unequal == pytest.approx(0.7995659211532175, abs=1e-7)


def test_power_of_means_matches_gpower_in_spotify_confidence():
    got = power_of_means(0.01, 0.2244, baseline_people=225_725, people=22_572, confidence=0.97)

    assert got == pytest.approx(0.8, rel=0.005)


@given(RATES, RATES, st.integers(20, 5000), st.sampled_from([1, 2, 3]))
def test_power_agrees_with_statsmodels(base: float, rate: float, people: int, ratio: int):
    wanted = power_proportions_2indep(base - rate, rate, people, ratio=ratio).power

    got = power_of_rates(base, rate, baseline_people=people, people=ratio * people)

    assert got == pytest.approx(wanted, abs=1e-9)


@given(st.floats(0.02, 0.5), st.floats(0.01, 0.3), st.sampled_from([0.25, 1.0, 3.0]))
def test_the_people_asked_for_have_the_power_asked_for(base: float, rise: float, ratio: float):
    few, many = people_an_arm(base, rise, ratio=ratio)

    got = power_of_rates(base, base + rise, baseline_people=few, people=many)

    assert got >= 0.8 - 0.01


@pytest.mark.parametrize("difference", [0.0, 0.98, -0.02, nan])
def test_rates_that_cannot_be_are_refused(difference: float):
    with pytest.raises(ValueError, match=r"rates|difference"):
        people_an_arm(0.02, difference)
    with pytest.raises(ValueError, match=r"rates|difference"):
        people_an_arm_miller(0.02, difference)


def test_an_arm_without_people_has_no_power():
    with pytest.raises(NotEnoughData):
        power_of_rates(0.1, 0.2, baseline_people=0, people=10)
    with pytest.raises(NotEnoughData):
        power_of_means(1.0, 1.0, baseline_people=10, people=0)

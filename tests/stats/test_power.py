"""What an audience can show before it is asked."""

from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from app.stats.checks import NotEnoughData
from app.stats.one_arm import pass_count
from app.stats.power import people_needed, power_of, smallest_detectable


def test_600_people_see_11_percent_over_8_four_times_in_five():
    assert smallest_detectable(600, 0.08, confidence=0.95) == pytest.approx(0.11, abs=5e-5)
    assert power_of(600, 0.08, 0.11, confidence=0.95) == pytest.approx(0.80, abs=0.005)


@given(st.integers(50, 3000), st.floats(0.01, 0.4), st.floats(0.01, 0.9))
@settings(max_examples=60)
def test_power_agrees_with_scipys_binomial(people: int, threshold: float, truth: float):
    k = pass_count(people, threshold, confidence=0.95)

    assert power_of(people, threshold, truth, confidence=0.95) == pytest.approx(
        binom.sf(k - 1, people, truth), abs=1e-9
    )


@given(st.integers(50, 3000), st.floats(0.01, 0.4), st.floats(0.2, 0.95))
@settings(max_examples=60)
def test_the_smallest_rate_has_just_the_power_asked_for(
    people: int, threshold: float, power: float
):
    rate = smallest_detectable(people, threshold, confidence=0.95, power=power)

    assert power_of(people, threshold, rate, confidence=0.95) == pytest.approx(power, abs=1e-7)


@given(st.integers(50, 2000), st.floats(0.02, 0.4), st.floats(0.01, 0.9), st.floats(0.001, 0.05))
@settings(max_examples=60)
def test_a_better_truth_is_seen_more_often(
    people: int, threshold: float, truth: float, better: float
):
    less = power_of(people, threshold, truth, confidence=0.95)

    assert 0 <= less <= power_of(people, threshold, truth + better, confidence=0.95) <= 1


@given(st.integers(50, 3000), st.floats(0.01, 0.4))
@settings(max_examples=60)
def test_at_the_threshold_itself_the_power_is_the_error_and_within_5_percent(
    people: int, threshold: float
):
    assert power_of(people, threshold, threshold, confidence=0.95) <= 0.05 + 1e-12


@given(st.floats(0.02, 0.2), st.floats(1.2, 2.5))
@settings(max_examples=20)
def test_the_people_it_takes_have_the_power(threshold: float, times: float):
    needed = people_needed(threshold, threshold * times, confidence=0.95)

    assert power_of(needed, threshold, threshold * times, confidence=0.95) >= 0.8


def test_a_truth_under_the_threshold_is_refused():
    with pytest.raises(ValueError, match="above the threshold"):
        people_needed(0.08, 0.08, confidence=0.95)


def test_a_difference_too_small_for_anybody_is_told():
    with pytest.raises(NotEnoughData, match="ten million"):
        people_needed(0.08, 0.0800001, confidence=0.95)


def test_three_people_cannot_show_anything_about_60_percent_at_95_percent_confidence():
    # 0.6³ = 21.6 %: all three click too often by luck. log 0.05 / log 0.6 = 5.9
    with pytest.raises(NotEnoughData, match="It takes 6 at least"):
        power_of(3, 0.6, 0.9, confidence=0.95)


@pytest.mark.parametrize("truth", [0, 1, nan])
def test_a_truth_of_0_1_or_no_number_is_refused(truth: float):
    with pytest.raises(ValueError, match="true_rate"):
        power_of(600, 0.08, truth, confidence=0.95)


@pytest.mark.parametrize("power", [0, 1, 2, nan])
def test_a_power_outside_0_to_1_is_refused(power: float):
    with pytest.raises(ValueError, match="power"):
        smallest_detectable(600, 0.08, confidence=0.95, power=power)

"""People by Student's t: against statsmodels, in properties, and refused."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower, tt_ind_solve_power

from app.stats.checks import NotEnoughData
from app.stats.t_sizes import (
    effect_for_t,
    people_for_means,
    people_for_ranks,
    people_for_t,
    power_of_t,
    total_for_t,
)


@pytest.mark.parametrize("effect", [0.05, 0.2, 0.8, 1.5])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_it_agrees_with_statsmodels(effect: float, power: float):
    twin = tt_ind_solve_power(effect_size=effect, alpha=0.05, power=power)

    assert people_for_t(effect, power=power) == pytest.approx(twin, rel=1e-6)


def test_unequal_arms_agree_with_statsmodels():
    twin = TTestIndPower().power(0.3, nobs1=100, ratio=2.5, alpha=0.1)

    assert power_of_t(0.3, people=100, baseline_people=250, confidence=0.9) == pytest.approx(twin)


@given(st.integers(3, 10**6), st.floats(0.3, 0.95))
def test_the_smallest_effect_has_the_power_that_was_asked(people: int, power: float):
    effect = effect_for_t(people=people, baseline_people=people, power=power)

    assert power_of_t(effect, people=people, baseline_people=people) == pytest.approx(
        power, abs=1e-6
    )


def test_a_huge_effect_is_always_seen_and_two_people_are_the_least():
    assert power_of_t(1e6, people=1e6, baseline_people=10) == 1.0
    assert people_for_t(1e5) == 2.0
    assert total_for_t(0.5) % 2 == 0


def test_ranks_take_five_percent_more_and_the_bell_curve_a_little_fewer():
    assert people_for_ranks(0.5) == pytest.approx(1.0472 * people_for_t(0.5), rel=1e-4)
    assert people_for_means(0.5, 1.0) <= total_for_t(0.5) <= people_for_means(0.5, 1.0) + 4


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(NotEnoughData, match="two people"):
        power_of_t(1, people=1, baseline_people=1)
    with pytest.raises(NotEnoughData, match="small an effect"):
        people_for_t(1e-9)
    for effect in (0, nan, inf):
        with pytest.raises(ValueError, match="effect of 0"):
            people_for_t(effect)
    with pytest.raises(ValueError, match="above the error"):
        effect_for_t(people=10, baseline_people=10, power=0.04)
    for variance, difference in ((0, 1), (inf, 1), (1, 0), (1, nan)):
        with pytest.raises(ValueError, match="variance"):
            people_for_means(difference, variance)

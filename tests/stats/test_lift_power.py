"""Power of a relative lift: against repetition, in properties, and refused."""

from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.lift_power import (
    anytime_bar,
    lift_error,
    lift_power,
    smallest_lift,
    times_as_many,
    times_as_many_believed,
)


def test_the_power_is_what_many_repetitions_show():
    rng = np.random.default_rng(7)
    error = lift_error(10, 100, 0.05, people=2000)
    seen = rng.normal(0.05, error, 200_000)
    told = float(np.mean(np.abs(seen) > 1.959963984540054 * error))

    assert lift_power(0.05, error) == pytest.approx(told, abs=0.004)


@given(st.floats(0.5, 100), st.floats(0.1, 1e4), st.integers(100, 10**6))
def test_the_smallest_lift_has_the_power_that_was_asked(mean: float, variance: float, people: int):
    try:
        lift = smallest_lift(mean, variance, people=people)
    except NotEnoughData:
        return
    error = lift_error(mean, variance, lift, people=people)

    assert lift_power(lift, error) == pytest.approx(0.8, abs=1e-4)


@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_as_many_more_as_it_says_reach_the_power(error: float, lift: float):
    more = times_as_many(error, lift)

    assert lift_power(lift, error / sqrt(1 + more)) >= 0.8 - 1e-6
    assert more == 0 or lift_power(lift, error / sqrt(1 + more)) == pytest.approx(0.8, abs=1e-6)


def test_a_rule_for_any_time_takes_more_and_a_belief_in_the_lift_fewer():
    fixed = times_as_many(0.1, 0.05)
    anytime = times_as_many(0.1, 0.05, so_far=1000, n_max=30_000)
    believed = times_as_many_believed(0.1, 0.05, prior_mean=0.05, prior_variance=0.001)
    vague = times_as_many_believed(0.1, 0.05, prior_mean=0.0, prior_variance=1e6)

    assert believed < fixed < anytime
    assert vague == pytest.approx(fixed, rel=1e-3)


def test_the_bar_is_lowest_near_the_planned_end():
    bars = [anytime_bar(people, 10_000) for people in (500, 10_000, 500_000)]

    assert bars[1] == min(bars)
    assert bars[1] > 1.4


def test_what_no_number_of_people_shows_is_refused():
    for refused in (
        lambda: lift_error(0, 1, 0.1, people=10),
        lambda: lift_error(1, 1, 0.1, people=0),
        lambda: smallest_lift(1, 1e12, people=1),
        lambda: anytime_bar(0, 100),
        lambda: times_as_many(1.0, 1e-6),
        lambda: times_as_many_believed(1.0, 1e-6, prior_mean=0, prior_variance=1),
    ):
        with pytest.raises(NotEnoughData):
            refused()
    for wrong in (
        lambda: lift_error(1, 0, 0.1, people=10),
        lambda: lift_error(1, inf, 0.1, people=10),
        lambda: lift_error(nan, 1, 0.1, people=10),
        lambda: lift_power(0.1, 0),
        lambda: lift_power(0.1, 0.1, bar=0.5),
        lambda: lift_power(0.1, 0.1, confidence=1),
        lambda: smallest_lift(1, 1, people=10, power=1),
        lambda: times_as_many(0.1, 0),
        lambda: times_as_many(0.1, 0.1, so_far=10),
        lambda: times_as_many_believed(0.1, 0.1, prior_mean=0, prior_variance=0),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            wrong()

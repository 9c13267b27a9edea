"""How far, and whether that is far enough: published rules, edges, and properties."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.okr.progress import (
    Goal,
    Pace,
    clamped,
    expected,
    pace,
    progress,
    rolled_up,
    stale,
    stretched,
)

STARTS, ENDS = date(2026, 10, 1), date(2026, 12, 31)  # 92 days
UP = Goal("increase", 1240, 1800)
DOWN = Goal("decrease", 100, 60)
BAND = Goal("maintain", 0, 0, low=40, high=60)
DONE = Goal("milestone", 0, 1)
REAL = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("goal", "current", "share"),
    [
        (UP, 1520, 0.5),
        (UP, 1240, 0.0),
        (UP, 1940, 1.25),  # 125 % is kept raw
        (UP, 1184, -0.1),  # and so is -10 %
        (DOWN, 80, 0.5),
        (DOWN, 50, 1.25),
        (DOWN, 104, -0.1),
        (DONE, 0, 0.0),
        (DONE, 1, 1.0),
    ],
)
def test_progress_is_the_share_of_the_way_and_stays_raw(goal, current, share):
    assert progress(goal, current) == pytest.approx(share)


@pytest.mark.parametrize(("current", "share"), [(40, 1), (60, 1), (50, 1), (39.99, 0), (60.01, 0)])
def test_a_band_counts_whole_with_both_its_ends(current, share):
    assert progress(BAND, current) == share


def test_a_band_may_reach_below_zero_or_end_at_it():
    assert progress(Goal("maintain", 0, 0, low=-5, high=0), -5) == 1
    assert progress(Goal("maintain", 0, 0, low=-5, high=0), 0) == 1
    assert progress(Goal("maintain", 0, 0, low=-5, high=0), 1) == 0


@settings(max_examples=50)
@given(st.floats(-1e6, 1e6), st.floats(1, 1e6), REAL)
def test_a_decrease_mirrors_an_increase(start: float, way: float, current: float):
    up = progress(Goal("increase", start, start + way), current)
    down = progress(Goal("decrease", -start, -(start + way)), -current)

    assert up == pytest.approx(down)


@settings(max_examples=100)
@given(st.floats(-1e6, 1e6), st.floats(1, 1e6), REAL, st.floats(0.001, 1000), st.floats(-1e6, 1e6))
def test_progress_does_not_depend_on_the_unit(
    start: float, way: float, current: float, factor: float, shift: float
):
    plain = progress(Goal("increase", start, start + way), current)

    def other(value: float) -> float:
        return factor * value + shift

    moved = progress(Goal("increase", other(start), other(start + way)), other(current))

    assert moved == pytest.approx(plain, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("goal", "stretch", "current", "reached"),
    [
        (UP, 2000, 2000, True),
        (UP, 2000, 1999, False),
        (UP, None, 9999, False),
        (DOWN, 50, 50, True),
        (DOWN, 50, 49, True),
        (DOWN, 50, 51, False),
    ],
)
def test_a_stretch_target_is_reached_beyond_the_target(goal, stretch, current, reached):
    assert stretched(goal, stretch, current) is reached


def test_both_days_of_a_cycle_belong_to_it():
    assert expected(STARTS, ENDS, STARTS) == pytest.approx(1 / 92)
    assert expected(STARTS, ENDS, ENDS) == 1


def test_what_is_expected_stays_between_nothing_and_all():
    assert expected(STARTS, ENDS, STARTS - timedelta(days=30)) == 0
    assert expected(STARTS, ENDS, ENDS + timedelta(days=30)) == 1


@pytest.mark.parametrize(
    ("ratio", "colour"),
    [
        (0.70, Pace.GREEN),
        (0.699, Pace.YELLOW),
        (0.50, Pace.YELLOW),
        (0.499, Pace.RED),
        (-0.1, Pace.RED),
        (1.25, Pace.GREEN),
    ],
)
def test_pace_is_green_from_seven_tenths_yellow_from_half(ratio, colour):
    done = ratio * 1.0  # on the last day all of it is expected

    assert pace(UP, done, starts=STARTS, ends=ENDS, today=ENDS) is colour


def test_pace_looks_at_the_day_not_at_the_whole_way():
    halfway = STARTS + timedelta(days=45)  # 46 of 92 days

    assert pace(UP, 0.36, starts=STARTS, ends=ENDS, today=halfway) is Pace.GREEN
    assert pace(UP, 0.36, starts=STARTS, ends=ENDS, today=ENDS) is Pace.RED


@pytest.mark.parametrize(
    ("days", "early"), [(-10, True), (0, True), (13, True), (14, False), (91, False)]
)
def test_the_first_fourteen_days_have_no_pace(days, early):
    today = STARTS + timedelta(days=days)

    got = pace(UP, 0.0, starts=STARTS, ends=ENDS, today=today)

    assert (got is Pace.TOO_EARLY) is early


@pytest.mark.parametrize("goal", [BAND, DONE])
def test_a_band_and_a_milestone_have_no_pace(goal):
    assert pace(goal, 0.0, starts=STARTS, ends=ENDS, today=ENDS) is Pace.NONE


@pytest.mark.parametrize(
    ("cadence", "days", "late"),
    [
        ("weekly", 10, False),
        ("weekly", 11, True),
        ("daily", 4, False),
        ("daily", 5, True),
        ("monthly", 34, False),
        ("monthly", 35, True),
    ],
)
def test_a_value_is_stale_when_it_is_more_than_three_days_late(cadence, days, late):
    assert stale(cadence, STARTS, STARTS + timedelta(days=days)) is late


def test_silence_from_the_beginning_is_stale():
    assert stale("weekly", None, STARTS)


def test_an_objective_is_the_weighted_mean_of_parts_clamped_to_the_whole():
    assert rolled_up([(1, 1.25), (1, -0.1), (2, 0.5)]) == pytest.approx((1 + 0 + 1) / 4)


def test_an_objective_without_key_results_or_without_values_has_no_progress():
    assert rolled_up([]) is None
    assert rolled_up([(1, None), (2, None)]) is None


def test_what_has_no_value_counts_as_no_way_gone_beside_what_has_one():
    assert rolled_up([(1, None), (1, 0.5)]) == pytest.approx(0.25)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0.01, 1000), REAL), min_size=1, max_size=8))
def test_a_roll_up_lies_between_its_least_and_its_furthest_part(parts):
    total = rolled_up(parts)
    each = [clamped(done) for _, done in parts]

    assert total is not None
    assert min(each) - 1e-9 <= total <= max(each) + 1e-9


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.01, 1000), REAL), min_size=1, max_size=8))
def test_a_roll_up_lies_between_nothing_and_all(parts):
    total = rolled_up(parts)

    assert total is not None
    assert -1e-9 <= total <= 1 + 1e-9

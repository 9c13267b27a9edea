"""Closer, further, or no change that can be told: published cases, a second way, properties."""

import json
from datetime import date
from math import ceil, inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.closer import Question, Told, standing, told
from app.stats.landing import Aim, landing
from app.stats.weekly import Weekly, rounding_step
from tests.stats.closer_plainly import ending, moves

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "closer_cases.json").read_text(encoding="utf-8")
)["cases"]
CHANCES = [
    pytest.param(case, expected, id=f"{case['id']}-{expected['week']}")
    for case in CASES
    for expected in case["weeks"]
    if "chance" in expected
]
_TOLD = {"closer", "further", "faster", "slower", "out of the band"}


def case_series(case: dict[str, Any]) -> tuple[Weekly, int]:
    """The weekly values of a case, and how many weeks its cycle has."""
    starts, ends = (date.fromisoformat(case["cycle"][one]) for one in ("starts", "ends"))
    of = round(((ends - starts).days + 1) / 7)
    weeks: dict[int, list[float]] = {}
    for day, value in case["values"]:
        week = (date.fromisoformat(day) - starts).days // 7 + 1
        weeks.setdefault(min(week, of), []).append(value)
    means = tuple(sum(one) / len(one) for one in weeks.values())
    return Weekly(tuple(weeks), means), of


def question(case: dict[str, Any]) -> Question:
    """What a case asks of its number."""
    holds = case["kind"] == "maintain"
    band = (case["low"], case["high"]) if holds else None
    return Question(case["target"], band, as_factors=not holds and not case.get("counter"))


WEEKS = [
    pytest.param(case, expected, id=f"{case['id']}-{expected['week']}")
    for case in CASES
    for expected in case["weeks"]
]


def _within(told_value: float, expected: float, tolerance: float) -> None:
    assert abs(told_value - expected) <= tolerance + abs(expected) * 5e-5  # cases hold five digits


@pytest.mark.parametrize(("case", "expected"), WEEKS)
def test_each_week_of_a_published_case_is_told_as_published(
    case: dict[str, Any], expected: dict[str, Any]
):
    series, of = case_series(case)
    series = series.increments() if case.get("counter") else series
    if expected["state"] == "too early":
        with pytest.raises(NotEnoughData):
            told(series, question(case), week=expected["week"], of=of)
        return

    got = told(series, question(case), week=expected["week"], of=of)

    wide = expected["range"][1] - expected["range"][0]
    band = expected["band"][1] - expected["band"][0]
    if not expected.get("near_boundary"):
        assert bool(got.direction) == (expected["state"] in _TOLD)
    _within(got.p, expected["p"], max(0.1 * expected["p"], 0.0005))
    _within(got.moved, expected["move"], 0.02 * wide)
    _within(got.low, expected["range"][0], 0.03 * wide)
    _within(got.high, expected["range"][1], 0.03 * wide)
    _within(got.noise[0], expected["band"][0], 0.03 * band)
    _within(got.noise[1], expected["band"][1], 0.03 * band)


@pytest.mark.parametrize(
    ("case", "expected"),
    CHANCES,
)
def test_the_chance_of_a_published_case_is_as_published(
    case: dict[str, Any], expected: dict[str, Any]
):
    series, of = case_series(case)
    known = series.until(expected["week"])
    adds_up = bool(case.get("counter"))
    aim = Aim(case["target"], case["target"] > case["start"], as_factors=not adds_up)

    got = landing(
        known.increments() if adds_up else known,
        aim,
        of=of,
        total=known.values[-1] if adds_up else None,
    )

    assert got.chance == pytest.approx(expected["chance"], abs=0.05)
    assert got.low <= got.value <= got.high


def numbers() -> st.SearchStrategy[Weekly]:
    """Some weeks before the cycle, most weeks since, whole numbers that wander."""
    weeks = st.sets(st.integers(-12, 13), min_size=7, max_size=26).filter(
        lambda some: sum(week > 0 for week in some) >= 2
    )
    values = st.lists(st.integers(-2000, 2000), min_size=26, max_size=26)
    return st.tuples(weeks, values).map(
        lambda both: Weekly(
            tuple(sorted(both[0])), tuple(float(one) for one in both[1][: len(both[0])])
        )
    )


PLAIN = Question(target=1e9, as_factors=False)


@settings(max_examples=25)
@given(numbers())
def test_a_second_way_through_whole_matrices_finds_the_same(series: Weekly):
    theirs = moves(series.weeks, series.values, rounding_step(series.values))
    got = told(series, PLAIN, week=13, of=13)

    unit = max(map(abs, series.values)) or 1.0
    half = got.limit / 2
    assert got.p == pytest.approx(
        min(1, 2 * min(theirs["move"].below(0), 1 - theirs["move"].below(0))), abs=1e-6
    )
    assert got.low == pytest.approx(theirs["move"].quantile(half), abs=1e-5 * unit)
    assert got.high == pytest.approx(theirs["move"].quantile(1 - half), abs=1e-5 * unit)
    assert got.noise[1] == pytest.approx(theirs["single"].quantile(0.975), abs=1e-5 * unit)


@settings(max_examples=25)
@given(numbers())
def test_a_second_way_lands_in_the_same_place(series: Weekly):
    known = series.until(12)
    theirs = ending(known.weeks, known.values, 13, rounding_step(known.values))

    got = landing(known, Aim(target=100, rises=True, as_factors=False), of=13)

    unit, step = max(map(abs, known.values)) or 1.0, rounding_step(known.values)
    reached = (ceil(100 / step - 1e-6) - 0.5) * step  # what is written as 100 or more
    assert got.chance == pytest.approx(min(0.97, max(0.03, 1 - theirs.below(reached))), abs=1e-6)
    assert got.low == pytest.approx(theirs.quantile(0.1), abs=1e-5 * unit)
    assert got.high == pytest.approx(theirs.quantile(0.9), abs=1e-5 * unit)


def test_a_whole_number_that_reaches_its_target_counts_as_reached():
    values = Weekly(tuple(range(1, 9)), (4.0, 5.0, 4.0, 3.0, 4.0, 4.0, 5.0, 3.0))

    at, above = (landing(values, Aim(goal, rises=True), of=13).chance for goal in (4, 5))
    under, below = (landing(values, Aim(goal, rises=False), of=13).chance for goal in (4, 3))

    assert at == pytest.approx(1 - below, abs=1e-6)
    assert under == pytest.approx(1 - above, abs=1e-6)
    assert at + under > 1.2  # 4 itself is on both sides
    assert landing(values, Aim(3.2, rises=True), of=13).chance == pytest.approx(at, abs=1e-6)


def _told(series: Weekly) -> Told:
    return told(series, PLAIN, week=13, of=13)


def _changed(series: Weekly, factor: float, shift: float) -> Weekly:
    return Weekly(series.weeks, tuple(factor * one + shift for one in series.values))


@settings(max_examples=25)
@given(numbers())
def test_what_falls_is_the_mirror_of_what_rises(series: Weekly):
    up, down = _told(series), _told(_changed(series, -1, 0))

    assert down.p == pytest.approx(up.p, rel=1e-6)
    assert down.direction == -up.direction
    unit = max(map(abs, series.values)) or 1.0
    assert (down.low, down.high) == pytest.approx((-up.high, -up.low), abs=1e-6 * unit)


@settings(max_examples=25)
@given(numbers(), st.sampled_from([10.0, 100.0, 0.1]))
def test_another_unit_changes_the_unit_and_nothing_else(series: Weekly, factor: float):
    plain, other = _told(series), _told(_changed(series, factor, 0))

    assert other.p == pytest.approx(plain.p, rel=1e-4, abs=1e-9)
    unit = (max(map(abs, series.values)) or 1.0) * factor
    assert other.moved == pytest.approx(factor * plain.moved, abs=1e-5 * unit)


@settings(max_examples=25)
@given(numbers())
def test_a_level_added_to_every_value_moves_nothing(series: Weekly):
    noisy = Weekly(
        series.weeks, tuple(one + 0.5 * (-1) ** i for i, one in enumerate(series.values))
    )
    plain, other = _told(noisy), _told(_changed(noisy, 1, 700.5))

    unit = max(map(abs, noisy.values))
    assert other.moved == pytest.approx(plain.moved, abs=1e-4 * unit)


@settings(max_examples=25)
@given(numbers())
def test_the_range_leaves_zero_exactly_where_something_is_told(series: Weekly):
    got = _told(series)

    assert got.low <= got.moved <= got.high
    assert bool(got.direction) == (got.low > 0 or got.high < 0)


@settings(max_examples=15)
@given(st.lists(st.integers(-30, 30), min_size=24, max_size=24), st.integers(10, 60))
def test_a_steeper_rise_moves_further(noise: list[int], slope: int):
    weeks = tuple(range(-10, 14))
    flat = Weekly(weeks, tuple(float(one) for one in noise))
    steep = Weekly(
        weeks,
        tuple(one + slope * max(week, 0) for week, one in zip(weeks, noise, strict=True)),
    )

    assert _told(steep).moved > _told(flat).moved


def test_a_thousandth_more_is_rounding_not_a_move():
    values = (1210.0,) * 12 + (1210.001,)

    got = told(Weekly(tuple(range(1, 14)), values), Question(1400), week=13, of=13)

    assert got.direction == 0


def test_nothing_but_zeros_is_no_change():
    got = told(Weekly(tuple(range(1, 9)), (0.0,) * 8), Question(10), week=8, of=13)

    assert got.direction == 0
    assert got.p == pytest.approx(1)


def test_what_was_said_stays_while_doubt_is_small_and_is_taken_back_after():
    values = (0, 10, 22, 30, 41, 50, 58, 71, 80, 50, 40, 20, 0)
    series = Weekly(tuple(range(-12, 14)), (*(1.0, -1.0) * 6, 0.0, *map(float, values)))

    directions = [told(series, PLAIN, week=week, of=13).direction for week in range(2, 14)]

    first = directions.index(1)
    assert 0 in directions[first:]
    assert sorted(set(directions[first:]), reverse=True) == [1, 0]


def test_what_stands_is_what_was_told_week_by_week():
    for case in CASES:
        series, of = case_series(case)
        for week in range(1, of + 1):
            stands = standing(series, question(case), week=week, of=of)
            try:
                expected = told(series, question(case), week=week, of=of).direction
            except NotEnoughData:
                expected = 0
            assert stands == expected
        assert standing(series, question(case), week=0, of=of) == 0


def test_a_week_that_is_kept_counts_as_it_was_told():
    case = next(one for one in CASES if one["id"] == "closer-05")
    series, of = case_series(case)

    assert told(series, question(case), week=7, of=of).direction == 1
    assert told(series, question(case), week=7, of=of, said={6: 0}).direction == 0


def test_fewer_people_behind_a_value_make_it_count_less():
    weeks = tuple(range(-8, 9))
    values = tuple((-1.0) ** week + (5 if week >= 7 else 0) for week in weeks)
    alone, alike, few = (
        told(Weekly(weeks, values, people), PLAIN, week=8, of=8)
        for people in ((), (600.0,) * 17, (600.0,) * 15 + (6.0, 6.0))
    )

    assert alike.moved > 0
    assert few.p > alike.p
    assert alike.moved == pytest.approx(alone.moved)


def test_what_a_gap_added_is_spread_over_its_weeks():
    assert Weekly((1, 2, 5), (10.0, 13.0, 22.0)).increments() == Weekly((2, 5), (3.0, 3.0))


@pytest.mark.parametrize(
    ("weeks", "values", "people"),
    [
        ((1, 2), (1.0,), ()),
        ((2, 1), (1.0, 2.0), ()),
        ((1, 1), (1.0, 2.0), ()),
        ((1, 2), (1.0, nan), ()),
        ((1, 2), (1.0, inf), ()),
        ((1, 2), (1.0, 2.0), (3.0,)),
        ((1, 2), (1.0, 2.0), (3.0, 0.0)),
    ],
)
def test_what_is_no_weekly_series_is_refused(
    weeks: tuple[int, ...], values: tuple[float, ...], people: tuple[float, ...]
):
    with pytest.raises(ValueError, match=r"must"):
        Weekly(weeks, values, people)


def test_too_few_values_and_weeks_outside_are_refused():
    four = Weekly((1, 2, 3, 4), (1.0, 2.0, 3.0, 4.0))
    one_since = Weekly((-3, -2, -1, 0, 1), (1.0, 2.0, 3.0, 4.0, 5.0))

    with pytest.raises(NotEnoughData):
        told(four, PLAIN, week=13, of=13)
    with pytest.raises(NotEnoughData):
        told(one_since, PLAIN, week=13, of=13)
    with pytest.raises(NotEnoughData):
        landing(four, Aim(5, rises=True), of=13)
    with pytest.raises(NotEnoughData):
        landing(Weekly((1, 2, 3, 4, 13), (1.0,) * 5), Aim(5, rises=True), of=13)
    for week in (0, 14):
        with pytest.raises(ValueError, match="lies in"):
            told(four, PLAIN, week=week, of=13)

"""What the end of a week says of a key result, from its dated values."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.okr.cycle_weeks import CycleWeeks
from app.okr.models import Cycle, KeyResult, ToldWeek
from app.okr.sayings import Statement, chance_in_words, headline, statement_of
from app.okr.series import Value
from app.okr.statements import State, found_on
from app.platform.iso_weeks import week_of
from tests.okr.scenes import NOW

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "stats" / "closer_cases.json").read_text(encoding="utf-8")
)["cases"]
STATES = {
    "too early": State.TOO_EARLY,
    "no change we can tell": State.NO_CHANGE,
    "out of the band": State.OUT_OF_BAND,
    "no value this week": State.NO_VALUE,
}
OTHER_SIDE = {State.NO_CHANGE, State.HOLDING}


def key_result(**facts: Any) -> KeyResult:
    known: dict[str, Any] = {"kind": "increase", "unit": "number", "start": 1240, "target": 1400}
    return KeyResult(id="kr", objective_id="o", title="Revenue", created_at=NOW, **known | facts)


def check_ins(*values: tuple[date, float], **facts: Any) -> list[Value]:
    return [Value(date=day, value=value, recorded_at=NOW, **facts) for day, value in values]


def cycle(starts: str = "2026-01-05", ends: str = "2026-04-05") -> Cycle:
    return Cycle(name="Q1", starts=date.fromisoformat(starts), ends=date.fromisoformat(ends))


def said(
    row: KeyResult, values: list[Value], day: date, of: Cycle | None = None, **more: Any
) -> Statement:
    found = found_on(row, of or cycle(), values, day=day, **more)
    assert found is not None
    return statement_of(row, found)


def rising(weeks: int, *, step: float, first: str = "2026-01-08") -> list[Value]:
    """A value on each Thursday, with a little noise of its own."""
    start = date.fromisoformat(first)
    noise = (0, 9, -7, 4, -11, 6, 2, -8, 10, -3, 5, -6, 1)
    return check_ins(
        *(
            (start + timedelta(weeks=n), 1240 + step * n + noise[n % len(noise)])
            for n in range(weeks)
        )
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_week_of_a_published_case_has_its_state(case: dict[str, Any]):
    cadence = "monthly" if case.get("cadence_days") == 31 else "weekly"
    row = key_result(
        kind=case["kind"], start=case["start"], target=case["target"], low=case.get("low"),
        high=case.get("high"), cadence=cadence, running_total=case.get("counter"),
    )  # fmt: skip
    of = cycle(**case["cycle"])
    values = check_ins(*((date.fromisoformat(day), value) for day, value in case["values"]))
    for expected in case["weeks"]:
        end = CycleWeeks(of.starts, of.ends).last_day(expected["week"])
        got = said(row, [one for one in values if one.date <= end], end, of)

        wanted = STATES.get(expected["state"]) or State(expected["state"])
        near = expected.get("near_boundary") and got.state in {*OTHER_SIDE, wanted}
        assert got.state is wanted or near, expected
        assert got.cycle_week == expected["week"]
        if "chance" in expected:
            assert got.chance == pytest.approx(expected["chance"], abs=0.05)


@pytest.mark.parametrize(
    ("starts", "ends", "count", "last"),
    [
        ("2026-10-01", "2026-12-31", 13, "2026-12-31"),  # 92 days: the last week has eight
        ("2026-01-01", "2026-03-31", 13, "2026-03-31"),  # 90: the last has six
        ("2026-01-05", "2026-02-15", 6, "2026-02-15"),
        ("2026-12-28", "2027-01-03", 1, "2027-01-03"),  # week 53
        ("2026-03-01", "2026-03-03", 1, "2026-03-03"),
        ("2028-02-28", "2028-03-12", 2, "2028-03-12"),  # over 29 February
    ],
)
def test_weeks_begin_with_the_cycle_and_the_last_one_ends_with_it(
    starts: str, ends: str, count: int, last: str
):
    weeks = CycleWeeks(date.fromisoformat(starts), date.fromisoformat(ends))

    assert (weeks.count, weeks.last_day(count).isoformat()) == (count, last)
    assert weeks.number_of(weeks.ends) == count
    assert weeks.number_of(weeks.starts - timedelta(days=1)) == 0
    day = weeks.starts - timedelta(days=9)
    whole = [weeks.whole_by(day + timedelta(days=n)) for n in range(130)]
    assert whole == sorted(whole)
    assert (whole[0], whole[-1]) == (0, count)
    for week in range(1, count + 1):
        end = weeks.last_day(week)
        assert weeks.whole_by(end) == week
        assert weeks.whole_by(end - timedelta(days=1)) == week - 1
        assert weeks.number_of(end) == week


def test_the_week_is_named_as_the_calendar_names_it():
    assert week_of(date(2027, 1, 3)) == "2026-W53"
    assert week_of(date(2027, 1, 4)) == "2027-W01"


def test_closer_says_by_how_much_and_with_which_range():
    got = said(key_result(), rising(9, step=60), date(2026, 3, 8))

    assert (got.state, got.week, got.cycle_week, got.cycle_weeks) == (
        State.CLOSER, "2026-W10", 9, 13,
    )  # fmt: skip
    assert got.sentence.startswith("Closer: +4")
    assert " since the start (+" in got.sentence


def test_a_fall_of_what_should_rise_is_further():
    assert said(key_result(), rising(9, step=-60), date(2026, 3, 8)).state is State.FURTHER


def test_no_change_says_what_could_be_told():
    got = said(key_result(), rising(9, step=0), date(2026, 3, 8))

    assert got.state is State.NO_CHANGE
    assert got.sentence.startswith("No change we can tell: between −")
    assert got.sentence.endswith(" cannot be told yet.")


def test_changes_of_a_percentage_are_points():
    values = [
        Value(date=one.date, value=one.value / 100, recorded_at=NOW) for one in rising(9, step=60)
    ]
    got = said(key_result(unit="percent", start=12, target=20), values, date(2026, 3, 8))

    assert got.sentence.startswith("Closer: +")
    assert got.sentence.count(" points") == 2


def test_moves_of_what_grows_thricefold_are_factors_said_as_percentages():
    values = check_ins(
        *(
            (date(2026, 1, 8) + timedelta(weeks=n), round(1000 * 1.25**n * (1 + 0.03 * (-1) ** n)))
            for n in range(9)
        )
    )
    got = said(key_result(start=1000, target=9000), values, date(2026, 3, 8))

    assert got.as_factors
    assert got.moved is not None
    assert got.moved > 3
    assert " % since the start" in got.sentence


def test_too_early_says_from_when():
    values = rising(3, step=10)

    got = said(key_result(), values, date(2026, 1, 25))

    assert got.sentence == "Too early: statement possible from 8 Feb."
    assert (got.p, got.moved, got.chance) == (None, None, None)


def test_without_any_value_it_is_too_early_and_a_late_one_is_no_value():
    assert said(key_result(), [], date(2026, 1, 18)).state is State.TOO_EARLY
    late = said(key_result(), rising(9, step=60), date(2026, 3, 16))

    assert (late.state, late.sentence, late.chance) == (
        State.NO_VALUE, "No value this week.", None,
    )  # fmt: skip


def test_what_stood_at_the_end_of_the_cycle_stands_after_it():
    values = rising(13, step=60)

    got = said(key_result(), values, date(2026, 9, 1))

    assert (got.state, got.cycle_week, got.chance) == (State.CLOSER, 13, None)


def test_who_only_confirms_what_stands_gives_its_week_no_value():
    measured = rising(6, step=60)
    sure = [
        Value(one.date + timedelta(days=1), one.value, NOW, confidence=7, confirms=True)
        for one in measured
    ]
    both = sorted([*measured, *sure], key=lambda one: one.date)
    later = Value(date(2026, 2, 19), measured[-1].value, NOW, confirms=True)

    assert said(key_result(), both, date(2026, 2, 15)) == said(
        key_result(), measured, date(2026, 2, 15)
    )
    found = found_on(key_result(), cycle(), [*both, later], day=date(2026, 2, 22))
    assert found is not None
    assert found.values == 6


def test_a_milestone_has_no_statement():
    row = key_result(kind="milestone", start=0, target=1)

    assert found_on(row, cycle(), rising(9, step=1), day=date(2026, 3, 8)) is None


@pytest.mark.parametrize(("start", "step", "state"), [(1000, 60, "closer"), (1000, -60, "further")])
def test_a_band_that_starts_outside_is_approached_or_left(start: float, step: float, state: str):
    row = key_result(kind="maintain", start=start, target=start, low=1800, high=2000)

    assert said(row, rising(9, step=step), date(2026, 3, 8)).state == state


def test_a_number_that_only_rises_is_asked_about_until_somebody_answers():
    values = check_ins(*((date(2026, 1, 8) + timedelta(weeks=n), 10.0 * n) for n in range(9)))
    asked = said(key_result(start=0, target=120), values, date(2026, 3, 8))
    answers = [
        said(key_result(start=0, target=120, running_total=one), values, date(2026, 3, 8))
        for one in (True, False)
    ]

    assert asked.asks_running_total
    assert asked.sentence.endswith("Only ever rises. Is it a running total?")
    assert [one.asks_running_total for one in answers] == [False, False]
    assert [one.state for one in answers] == [State.NO_CHANGE, State.CLOSER]
    assert "in pace" in answers[0].sentence


def test_a_forecast_stays_inside_what_can_be():
    values = check_ins(
        *((date(2026, 1, 8) + timedelta(weeks=n), max(1.0, 90 - 12.0 * n)) for n in range(8))
    )
    tickets = found_on(
        key_result(kind="decrease", start=90, target=10), cycle(), values, day=date(2026, 3, 1)
    )
    share = found_on(
        key_result(unit="percent", start=10, target=99),
        cycle(),
        check_ins(
            *((date(2026, 1, 8) + timedelta(weeks=n), min(99.0, 10 + 14.0 * n)) for n in range(8))
        ),
        day=date(2026, 3, 1),
    )

    assert tickets is not None
    assert tickets.landing is not None
    assert 0 <= tickets.landing.low <= tickets.landing.value <= tickets.landing.high
    assert share is not None
    assert share.landing is not None
    assert share.landing.high <= 100


def kept_week(week: int, direction: int) -> ToldWeek:
    told_at = datetime.combine(date(2026, 1, 1), datetime.min.time(), NOW.tzinfo)
    return ToldWeek(
        key_result_id="kr", week=week, told_at=told_at, direction=direction, p=0.5, bound=0.01,
        moved=7, low=-3, high=17, noise_low=1200, noise_high=1280, begins=1240, now=1247,
        as_factors=False,
    )  # fmt: skip


def test_a_week_that_was_frozen_stays_as_it_was_told_and_corrections_count_from_the_next():
    values = rising(9, step=60)
    kept = [kept_week(8, 0)]

    frozen = said(key_result(), values, date(2026, 3, 1), kept=kept)
    following = said(key_result(), values, date(2026, 3, 8), kept=kept)

    assert (frozen.state, frozen.moved) == (State.NO_CHANGE, 7)
    assert following.state is State.CLOSER


def test_what_was_said_and_is_doubtful_now_says_not_sure_any_more():
    flat = rising(9, step=0)

    got = said(key_result(), flat, date(2026, 3, 8), kept=[kept_week(8, 1)])

    assert got.sentence.startswith("Not sure any more: between ")


def _statement(state: State) -> Statement:
    return Statement("2026-W10", state, None, None, None, None, None, "")


def test_the_headline_counts_what_can_be_told_and_what_cannot():
    told = [
        State.CLOSER, State.NO_CHANGE, State.NO_CHANGE, State.FURTHER, State.TOO_EARLY,
        State.NO_VALUE, State.HOLDING, State.OUT_OF_BAND, State.SLOWER,
    ]  # fmt: skip

    assert headline(map(_statement, told), new=["Revenue"]) == (
        "Closer on 1 of 9, holding on 1, no change we can tell on 2, further on 2,"
        " out of the band on 1, too early for 1, no value for 1. New: Revenue."
    )
    assert headline([_statement(State.TOO_EARLY)] * 4) == "Too early to tell for all 4."
    assert headline([]) == "No key results are set for these weeks."
    assert headline([_statement(State.NO_CHANGE)] * 2) == (
        "Closer on 0 of 2, no change we can tell on 2."
    )


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.03, "lands on target under 1 time in 10 by 9 Jan"),
        (0.1, "lands on target 1 time in 10 by 9 Jan"),
        (0.42, "lands on target 4 times in 10 by 9 Jan"),
        (0.97, "lands on target 9 times in 10 by 9 Jan"),
        (None, ""),
    ],
)
def test_nine_times_in_ten_is_the_most_we_say(chance: float | None, words: str):
    assert chance_in_words(chance, date(2027, 1, 9)) == words

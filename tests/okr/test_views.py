"""A key result as everybody sees it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from app.okr import series, store, views
from app.okr.models import CheckIn, KeyResult, UnusualWeek
from app.okr.progress import Pace
from tests.okr.scenes import NOW, TODAY, given_key_result, given_objective, put

THIS_MONDAY, LAST_SUNDAY = date(2026, 11, 23), date(2026, 11, 22)


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(session, given_objective(session))


def test_before_the_first_value_nothing_is_claimed(session: Session, row: KeyResult):
    view = views.several(session, (row,), today=TODAY)[0]

    assert (view.current, view.as_of, view.change) == (None, None, None)
    assert (view.progress, view.confidence, view.values) == (None, None, ())
    assert view.pace is Pace.NONE
    assert view.stale


def test_it_shows_where_it_stands(session: Session, row: KeyResult):
    put(session, row.id, THIS_MONDAY, 1520, confidence=6)

    view = views.several(session, (row,), today=TODAY)[0]

    assert (view.current, view.as_of, view.progress) == (1520, THIS_MONDAY, 0.5)
    assert view.expected == pytest.approx(55 / 92)
    assert view.pace is Pace.GREEN
    assert not view.stale


def test_change_is_counted_since_the_last_value_of_an_earlier_week(
    session: Session, row: KeyResult
):
    put(session, row.id, LAST_SUNDAY - timedelta(days=6), 1300)
    put(session, row.id, LAST_SUNDAY, 1302)
    put(session, row.id, THIS_MONDAY, 1320)
    put(session, row.id, TODAY, 1314)

    view = views.several(session, (row,), today=TODAY)[0]

    assert view.change == 12


def test_a_week_without_a_value_has_no_change(session: Session, row: KeyResult):
    put(session, row.id, LAST_SUNDAY - timedelta(days=9), 1300)
    put(session, row.id, LAST_SUNDAY, 1302)

    view = views.several(session, (row,), today=TODAY)[0]

    assert (view.current, view.change) == (1302, None)


def test_a_late_value_is_stale_whatever_its_colour(session: Session, row: KeyResult):
    put(session, row.id, TODAY - timedelta(days=11), 1790)

    view = views.several(session, (row,), today=TODAY)[0]

    assert view.pace is Pace.GREEN
    assert view.stale


def test_confidence_is_the_last_that_was_given(session: Session, row: KeyResult):
    put(session, row.id, LAST_SUNDAY, 1302, confidence=4)
    put(session, row.id, TODAY, 1310)

    assert views.several(session, (row,), today=TODAY)[0].confidence == 4


def test_an_earlier_day_is_shown_as_it_was(session: Session, row: KeyResult):
    put(session, row.id, LAST_SUNDAY, 1302)
    put(session, row.id, TODAY, 1310)

    view = views.several(session, (row,), today=LAST_SUNDAY)[0]

    assert [one.value for one in view.values] == [1302]


def test_a_band_is_kept_or_not_and_has_no_pace(session: Session):
    band = given_key_result(
        session, given_objective(session), kind="maintain", start=0, target=0, low=40, high=60
    )
    put(session, band.id, TODAY, 60)

    view = views.several(session, (band,), today=TODAY)[0]

    assert (view.progress, view.pace) == (1, Pace.NONE)


def test_a_title_that_names_work_is_kept_and_warned_about(session: Session):
    row = given_key_result(session, given_objective(session), title="Launch in Norway")

    view = views.several(session, (row,), today=TODAY)[0]

    assert view.row.title == "Launch in Norway"
    assert "Launch" in str(view.warning)


def _weekly(session: Session, row: KeyResult, *values: float) -> None:
    """A value on each Tuesday until a week ago."""
    for back, value in enumerate(reversed(values), start=1):
        put(session, row.id, TODAY - timedelta(days=7 * back), value)


def test_five_weeks_with_values_make_a_forecast(session: Session, row: KeyResult):
    _weekly(session, row, 1300, 1340, 1385, 1420)
    assert views.several(session, (row,), today=TODAY)[0].forecast is None
    put(session, row.id, TODAY - timedelta(days=35), 1262)

    found = views.several(session, (row,), today=TODAY)[0].forecast

    assert found is not None
    assert (found.on, found.values, found.method) == (date(2026, 12, 31), 5, "Chance of landing")
    assert found.low < found.value < found.high
    assert 0.03 <= found.chance <= 0.97


def test_a_cycle_that_is_over_has_no_forecast(session: Session, row: KeyResult):
    _weekly(session, row, 1300, 1310, 1299, 1330, 1322)

    assert views.several(session, (row,), today=TODAY)[0].forecast is not None
    assert views.several(session, (row,), today=date(2026, 12, 31))[0].forecast is None


def test_many_are_looked_at_in_as_many_queries_as_one(session: Session, row: KeyResult):
    objective = store.objective_of(session, row.objective_id)
    rows = [row, *(given_key_result(session, objective, title=f"Number {n}") for n in range(3))]
    for one in rows:
        _weekly(session, one, 1300, 1310)

    def queries(some: list[KeyResult]) -> int:
        seen: list[str] = []
        session.expunge_all()
        event.listen(
            session.get_bind(), "before_cursor_execute", lambda *args: seen.append(args[2])
        )
        views.several(session, some, today=TODAY)
        return len(seen)

    assert queries(rows) == 2  # how they stand in their cycles, then values and ledgers


def test_a_stretch_that_is_reached_is_said(session: Session):
    row = given_key_result(session, given_objective(session), stretch=2000)
    put(session, row.id, TODAY, 2000)

    assert views.several(session, (row,), today=TODAY)[0].stretched


_PAST = 157  # weeks, of which a list needs the last ones
_CASES = (
    *("ups and downs", "only rises", "sure long ago", "confirmed first", "new", "silent"),
    *("a run", "unusual weeks", "a running total"),
)


@pytest.mark.parametrize(
    "case",
    _CASES,
)
def test_a_list_says_of_years_what_all_values_say(session: Session, row: KeyResult, case: str):
    weeks = {"new": 1, "silent": _PAST - 40}.get(case, _PAST)
    for back in range(_PAST - weeks if case == "silent" else 0, weeks if case == "new" else _PAST):
        rise = back if case in {"only rises", "a running total"} else (7919 * back) % 83
        sure = 6 if back == (100 if case == "sure long ago" else 2) else None
        _written(session, row, back, 3000 - rise, sure)
    session.flush()
    if case == "confirmed first":
        for entry in store.entries(session, row.id):
            entry.confirms = entry.date >= date(2026, 3, 1)
            session.add(entry)
    if case == "unusual weeks":
        for week in ("2026-W19", "2026-W20", "2026-W44"):
            session.add(UnusualWeek(week=week, reason="Holidays", marked_at=NOW))
    if case == "a running total":
        row.running_total = True
        session.add(row)
    if case == "a run":
        last = store.entries(session, row.id)[-1]
        last.experiment_id, last.observed, last.estimate = "e1", 600, last.value
        session.add(last)
    session.flush()
    whole = series.stored_of(session, (row,))

    (listed,) = views.several(session, (row,), today=TODAY)
    (told,) = views.several(session, (row,), today=TODAY, stored=whole)

    assert replace(listed, values=()) == replace(told, values=())
    assert listed.values[-1] == told.values[-1]


def test_a_list_reads_no_more_of_the_past_than_it_needs(session: Session, row: KeyResult):
    for back in range(_PAST):
        _written(session, row, back, 1300 + (7919 * back) % 83, 5)
    session.flush()

    (listed,) = views.several(session, (row,), today=TODAY)

    assert len(listed.values) < 40


def _written(session: Session, row: KeyResult, back: int, value: float, sure: int | None) -> None:
    """A value of so many weeks ago."""
    day = TODAY - timedelta(weeks=back)
    session.add(
        CheckIn(key_result_id=row.id, date=day, value=value, confidence=sure, recorded_at=NOW)
    )

"""What a pasted past becomes: each line, what it replaces, and what it leaves as it was told."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.okr import closing, past, series, store, views
from app.okr.models import KeyResult
from app.okr.past import Becomes, Plan
from app.okr.schemas import CloseDraft, PastDraft
from app.platform.db import Database
from app.platform.errors import Conflict, Invalid
from app.review import agenda
from tests.okr.scenes import NOW, OSLO, TODAY, given_key_result, given_objective, put

# The cycle is 2026 Q4, from Thursday 1 October; NOW is Tuesday 24 November.
THIRTEEN = "\n".join(f"2026-W{27 + place}\t{1240 + (-1) ** place * place}" for place in range(13))


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(session, given_objective(session))


def planned(session: Session, row: KeyResult, pasted: str, **said: str) -> Plan:
    draft = PastDraft.model_validate({"text": pasted} | said)
    return past.plan(session, row, draft, zone=OSLO, now=NOW)


def saved(session: Session, row: KeyResult, pasted: str) -> Plan:
    draft = PastDraft(text=pasted)
    return past.save(session, row.id, draft, source="manual", by="Ann", zone=OSLO, now=NOW)


def test_a_week_becomes_the_value_of_its_last_day(session: Session, row: KeyResult):
    plan = planned(session, row, "2026-W39 7\n2026-W40 8\n2026-W41 9")

    assert [(one.date, one.cycle_week) for one in plan.rows] == [
        (date(2026, 9, 27), 0), (date(2026, 10, 4), 1), (date(2026, 10, 11), 2),
    ]  # fmt: skip
    assert series.daily_values(session, row) == ()  # nothing was written


def test_numbers_alone_are_weeks_counted_back(session: Session, row: KeyResult):
    plain = planned(session, row, "Users\n1240\n1250\n1260")
    older = planned(session, row, "1240\n1250\noops\n1260", last_week="2026-W40")

    assert [one.week for one in plain.rows] == [None, "2026-W45", "2026-W46", "2026-W47"]
    assert plain.last_week == "2026-W47"
    assert [one.week for one in older.rows] == ["2026-W37", "2026-W38", None, "2026-W40"]
    assert older.count(Becomes.REFUSED) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-11-25 5", "This lies in the future."),
        ("2026-W48 5", "This week is not over yet."),
        ("2026-W50 5", "This lies in the future."),
        ("2026-11-01 5\n2026-11-01 6", "Another line is for the same day: keep one of them."),
        ("2026-11-01 5\n2026-W44 5", "Another line is for the same day: keep one of them."),
    ],
)
def test_what_cannot_be_is_refused_and_the_rest_is_taken(
    session: Session, row: KeyResult, line: str, why: str
):
    plan = saved(session, row, f"2026-10-02 4\n{line}")

    assert {one.why for one in plan.rows[1:]} == {why}
    assert [one.value for one in series.daily_values(session, row)] == [4]


def test_the_last_week_of_a_cycle_that_is_over_ends_with_it(session: Session):
    row = given_key_result(session, given_objective(session))
    cycle = store.cycle_of_key_result(session, row)
    cycle.ends = date(2026, 11, 18)  # a Wednesday
    session.flush()
    plan = planned(session, row, "2026-W47 5\n2026-11-19 6")

    assert plan.rows[0].date == date(2026, 11, 18)
    assert plan.rows[1].why == "“2026 Q4” ended on 2026-11-18: this counts nowhere in it."


def test_a_milestone_takes_nought_and_one(session: Session):
    row = given_key_result(session, given_objective(session), kind="milestone", start=0, target=1)
    plan = planned(session, row, "2026-W39 0\n2026-W40 0,5\n2026-W41 1")

    assert [one.becomes for one in plan.rows] == ["new", "refused", "new"]


def test_a_new_number_leaves_what_was_said_that_day(session: Session, row: KeyResult):
    put(session, row.id, date(2026, 11, 1), 1300, comment="after the fair", confidence=6)
    put(session, row.id, date(2026, 11, 8), 1310, comment="rain", confidence=5)
    plan = saved(session, row, "2026-W44 1305\n2026-W45 1310")

    assert [one.becomes for one in plan.rows] == [Becomes.REPLACES, Becomes.SAME]
    assert plan.rows[0].replaces == 1300
    values = series.daily_values(session, row)
    assert [(one.value, one.comment, one.confidence) for one in values] == [
        (1305, "after the fair", 6), (1310, "rain", 5),
    ]  # fmt: skip


def test_the_same_again_changes_nothing(session: Session, row: KeyResult):
    saved(session, row, THIRTEEN)
    before = session.execute(text("SELECT id, replaced_at FROM check_in ORDER BY id")).all()
    again = saved(session, row, THIRTEEN)

    assert again.saves == 0
    after = session.execute(text("SELECT id, replaced_at FROM check_in ORDER BY id")).all()
    assert after == before


def test_what_is_asked_is_answered_before_anything_is_kept(session: Session, row: KeyResult):
    with pytest.raises(Invalid, match="Say which stands first") as refused:
        saved(session, row, "3/4/2026; 12\n2026-08-01; 13")

    assert [error.field for error in refused.value.errors] == ["dates"]
    assert series.daily_values(session, row) == ()


def test_experiments_values_take_no_past(session: Session):
    row = given_key_result(session, given_objective(session), source="experiment")

    with pytest.raises(Conflict, match="written by experiments"):
        saved(session, row, "2026-W39 7")


def test_a_closed_cycle_takes_no_past(session: Session, row: KeyResult):
    cycle = store.cycle_of_key_result(session, row)
    closing.close(session, cycle, CloseDraft(), by="Ann", now=NOW)

    with pytest.raises(Conflict, match="closed and scored"):
        saved(session, row, "2026-W39 7")


def test_thirteen_past_weeks_let_closer_be_told_earlier(session: Session, row: KeyResult):
    for week in range(3):
        put(session, row.id, date(2026, 11, 4) + week * timedelta(days=7), 1300 + 40 * week)
    (before,) = views.several(session, [row], today=TODAY)
    saved(session, row, THIRTEEN)
    (after,) = views.several(session, [row], today=TODAY)

    assert before.statement is not None
    assert before.statement.state == "too_early"
    assert after.statement is not None
    assert after.statement.state == "closer"


def test_a_frozen_week_stays_as_it_was_told(database: Database):
    with database.write() as session:
        row = given_key_result(session, given_objective(session))
        for week in range(7):
            put(session, row.id, date(2026, 10, 7) + week * timedelta(days=7), 1240 + 12 * week)
        agenda.freeze(session, "2026-W47", by="Ann", zone=OSLO, now=NOW)
    told = "SELECT * FROM told_week"
    kept = "SELECT week, body FROM frozen_week"
    with database.read() as session:
        before = [session.execute(text(one)).all() for one in (told, kept)]
        assert all(before)
    with database.write() as session:
        saved(session, row, THIRTEEN)
    with database.read() as session:
        assert [session.execute(text(one)).all() for one in (told, kept)] == before

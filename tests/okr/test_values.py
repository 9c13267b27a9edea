"""One value a day; again replaces, with history; never from the future."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.okr import store, values
from app.okr.models import CheckIn, KeyResult
from app.okr.schemas import ValueDraft
from app.platform.db import Database
from app.platform.errors import Invalid, NotFound
from app.platform.events import Event
from tests.okr.scenes import NOW, OSLO, TODAY, course, given_key_result, given_objective, put

MONDAY = date(2026, 11, 23)


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(session, given_objective(session))


def _events(session: Session) -> Sequence[Event]:
    return session.exec(select(Event)).all()


def test_the_same_value_again_changes_nothing(session: Session, row: KeyResult):
    first = put(session, row.id, MONDAY, 1302, comment="after the mail", confidence=6)
    second = put(session, row.id, MONDAY, 1302, comment="after the mail", confidence=6)

    assert first.id == second.id
    assert len(store.history_of(session, row.id, MONDAY)) == 1
    assert len(_events(session)) == 1


def test_another_value_replaces_it_and_the_earlier_stays_as_history(
    session: Session, row: KeyResult
):
    put(session, row.id, MONDAY, 1302)
    put(session, row.id, MONDAY, 1310, comment="counted again")

    held = course(session, row.id)
    history = store.history_of(session, row.id, MONDAY)

    assert [one.value for one in held] == [1310]
    assert [(one.value, one.replaced_at) for one in history] == [(1302, NOW), (1310, None)]


def test_a_change_is_told_to_whoever_listens(session: Session, row: KeyResult):
    put(session, row.id, MONDAY, 1302)

    (event,) = _events(session)

    assert (event.kind, event.subject) == ("key_result.valued", row.id)
    assert event.facts == {"date": "2026-11-23", "value": 1302, "source": "manual"}


def test_a_value_says_who_put_it_and_where_it_came_from(session: Session, row: KeyResult):
    held = put(session, row.id, MONDAY, 0.1 + 0.2)

    assert (held.source, held.recorded_by, held.recorded_at) == ("manual", "Ann", NOW)
    assert held.value == 0.1 + 0.2  # decimals are kept


def test_tomorrow_is_refused(session: Session, row: KeyResult):
    with pytest.raises(Invalid, match="lies in the future") as refused:
        put(session, row.id, TODAY + timedelta(days=1), 1302)

    assert refused.value.errors[0].field == "date"
    assert course(session, row.id) == ()


def test_today_is_decided_by_the_organisations_clock(session: Session, row: KeyResult):
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # already Wednesday in Oslo
    draft = ValueDraft(value=1)
    day = date(2026, 11, 25)

    held = values.put(session, row.id, day, draft, source="api", by="x", zone=OSLO, now=late)

    assert held.date == day


@pytest.mark.parametrize("value", [0.5, -1, 2])
def test_a_milestone_is_reached_or_not(session: Session, value: float):
    row = given_key_result(session, given_objective(session), kind="milestone", start=0, target=1)

    with pytest.raises(Invalid, match="not reached"):
        put(session, row.id, MONDAY, value)
    assert put(session, row.id, MONDAY, 1).value == 1


def test_an_unknown_key_result_is_not_here(session: Session):
    with pytest.raises(NotFound):
        put(session, "nothing", MONDAY, 1)


def test_values_put_at_the_same_moment_leave_one_that_holds(database: Database):
    with database.write() as session:
        row = given_key_result(session, given_objective(session))

    def put_one(value: float) -> None:
        with database.write() as session:
            put(session, row.id, MONDAY, value)

    with ThreadPoolExecutor(4) as several:
        list(several.map(put_one, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]))

    with database.read() as session:
        rows = session.exec(select(CheckIn)).all()
    assert len(rows) == 8
    assert len([one for one in rows if one.replaced_at is None]) == 1

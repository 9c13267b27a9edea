"""The Friday page of somebody who owns key results or promised something."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Session

from app.allocation import answer_store
from app.allocation import store as allocation
from app.allocation.calendar import number_of
from app.allocation.models import Invitation, Opening, Respondent
from app.links.keyring import Kind
from app.links.token import TrackedLink, sign
from app.okr import store
from app.okr.models import CheckIn, Cycle, KeyResult
from app.platform import clock
from app.platform.db import Database
from app.platform.iso_weeks import week_of
from app.review import items, week_store
from app.review.schemas import CommitmentDraft
from tests.okr.scenes import course, given_key_result, given_objective
from tests.web.conftest import Browser

pytestmark = pytest.mark.calendar

TIME = {"share.lights": "40", "share.new": "36", "share.existing": "12", "share.productivity": "12"}


def given(database: Database, *, owner: str, gives_time: bool, **changes: Any) -> str:
    """Ann's Friday is open, and `owner` owns a key result; its id."""
    now = clock.now()
    week = week_of(now.date())
    with database.write() as session:
        session.add(
            Respondent(id="ann", number=7, name="Ann", email="ann@x.example", asked_time=gives_time)
        )
        session.add(Invitation(week=week, respondent_id="ann", asked_time=gives_time))
        session.add(
            Opening(
                name=allocation.FRIDAY, week=week, mode="team", opened_at=now, reminds_at=now,
                closes_at=now + timedelta(days=2),
            )
        )  # fmt: skip
        allocation.put_week_buckets(session, week)
        return owned(session, owner, **changes).id


def owned(session: Session, owner: str, **changes: Any) -> KeyResult:
    row = given_key_result(session, given_objective(session), **changes)
    row.owner = owner
    cycle = store.cycle_of_key_result(session, row)
    today = clock.now().date()
    cycle.starts, cycle.ends = today - timedelta(days=40), today + timedelta(days=40)
    session.add_all([row, cycle])
    session.flush()
    return row


def value_put(database: Database, key: str, day: date, value: float) -> None:
    with database.write() as session:
        session.add(CheckIn(key_result_id=key, date=day, value=value, recorded_at=clock.now()))


def values(database: Database, key: str) -> list[tuple[float, int | None, str, str]]:
    with database.read() as session:
        return [(v.value, v.confidence, v.comment, v.recorded_by) for v in course(session, key)]


@pytest.fixture
def page(application: FastAPI) -> str:
    link = TrackedLink(number_of(week_of(clock.now().date())), 7, 0)
    return f"/s/{sign(link, Kind.SURVEY, application.state.keyring)}"


@pytest.mark.parametrize("owner", ["Ann", "ann", "ANN@x.example "])
def test_an_owner_puts_value_confidence_and_what_changed(
    stranger: Browser, database: Database, page: str, owner: str
):
    key = given(database, owner=owner, gives_time=False)
    value_put(database, key, clock.now().date() - timedelta(days=7), 1400)

    shown = stranger.get(page).text
    said = {f"value.{key}": "1430", f"confidence.{key}": "7", f"comment.{key}": "Two new chains"}
    thanks = stranger.get(stranger.post(page, csrf="", **said).headers["location"]).text

    assert 'value="1400"' in shown
    assert "share." not in shown
    assert "1,430" in thanks
    assert values(database, key)[-1] == (1430, 7, "Two new chains", "Ann")


def test_somebody_elses_key_result_is_neither_shown_nor_written(
    stranger: Browser, database: Database, page: str
):
    key = given(database, owner="Bo", gives_time=True)
    shown = stranger.get(page).text
    stranger.post(page, csrf="", **TIME, **{f"value.{key}": "9"})

    assert "Weekly active" not in shown
    assert values(database, key) == []


def test_one_wrong_number_keeps_everything_typed_and_writes_nothing(
    stranger: Browser, database: Database, page: str
):
    key = given(database, owner="Ann", gives_time=True)
    typed = {f"value.{key}": "1430", f"confidence.{key}": "11", "note": "Fire on Tuesday"}

    shown = stranger.post(page, csrf="", **TIME, **typed)

    assert shown.status_code == 422
    assert "Write a whole number from 0 to 10." in shown.text
    assert 'value="1430"' in shown.text
    assert "Fire on Tuesday" in shown.text
    assert values(database, key) == []
    with database.read() as session:
        week = week_of(clock.now().date())
        assert answer_store.answer_of(session, week, "ann") is None


def test_values_that_come_by_themselves_are_only_confirmed(
    stranger: Browser, database: Database, page: str
):
    key = given(database, owner="Ann", gives_time=False, source="experiment")
    value_put(database, key, clock.now().date() - timedelta(days=1), 12)

    shown = stranger.get(page).text
    stranger.post(page, csrf="", **{f"value.{key}": "99", f"confidence.{key}": "6"})

    assert f'name="value.{key}"' not in shown
    assert values(database, key)[-1][:2] == (12, 6)


def test_what_was_promised_is_said_done_or_not(stranger: Browser, database: Database, page: str):
    given(database, owner="Bo", gives_time=False)
    before = items.week_before(week_of(clock.now().date()))
    with database.write() as session:
        draft = CommitmentDraft(text="Ask ten bakers", owner="Ann")
        mine = items.commit(session, before, draft, by="Cem", now=clock.now()).id
        other = CommitmentDraft(text="Price the list", owner="Bo")
        theirs = items.commit(session, before, other, by="Cem", now=clock.now()).id

    shown = stranger.get(page).text
    said = {f"kept.{mine}": "not_done", f"kept.{theirs}": "done"}
    stranger.post(page, csrf="", **said)

    assert "You promised: Ask ten bakers" in shown
    assert "Price the list" not in shown
    with database.read() as session:
        kept = {one: week_store.commitment_of(session, one).kept for one in (mine, theirs)}
    assert kept == {mine: "not_done", theirs: None}


def test_a_closed_cycle_asks_nothing(stranger: Browser, database: Database, page: str):
    key = given(database, owner="Ann", gives_time=False)
    with database.write() as session:
        cycle: Cycle = store.cycle_of_key_result(session, store.key_result_of(session, key))
        cycle.closed_at = clock.now()
        session.add(cycle)

    assert "There is nothing to answer for you this week." in stranger.get(page).text


def test_an_old_weeks_mail_says_nothing_about_todays_number(
    stranger: Browser, database: Database, page: str
):
    key = given(database, owner="Ann", gives_time=False)
    with database.write() as session:
        week = week_of(clock.now().date())
        opening = allocation.get_opening(session, week)
        opening.closes_at = clock.now() - timedelta(days=8)
        session.add(opening)
    shown = stranger.get(page).text
    stranger.post(page, csrf="", **{f"value.{key}": "1430"})

    assert "There is nothing to answer for you this week." in shown
    assert values(database, key) == []

"""The Friday page, as somebody without a log-in meets it."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI

from app.allocation import answer_store, store
from app.allocation.calendar import number_of
from app.allocation.models import Invitation, Opening, Respondent
from app.links.keyring import Kind
from app.links.token import TrackedLink, sign
from app.platform import clock
from app.platform.db import Database
from tests.web.conftest import Browser

pytestmark = pytest.mark.calendar

WEEK = "2026-W47"
FULL = {"share.lights": "40", "share.new": "36", "share.existing": "12", "share.productivity": "12"}


def opened(database: Database, *, closed_for: timedelta) -> None:
    now = clock.now()
    with database.write() as session:
        session.add(Respondent(id="ann", number=7, name="Ann", email="ann@example.com"))
        session.add(Invitation(week=WEEK, respondent_id="ann"))
        session.add(
            Opening(
                name=store.FRIDAY,
                week=WEEK,
                mode="team",
                opened_at=now,
                reminds_at=now,
                closes_at=now - closed_for,
            )
        )
        store.put_week_buckets(session, WEEK)


@pytest.fixture
def page(application: FastAPI) -> str:
    link = TrackedLink(number_of(WEEK), 7, 0)
    return f"/s/{sign(link, Kind.SURVEY, application.state.keyring)}"


def test_an_answer_needs_no_log_in_and_no_session_token(
    stranger: Browser, database: Database, page: str
):
    opened(database, closed_for=timedelta(days=-1))

    thanks = stranger.get(stranger.post(page, csrf="", **FULL).headers["location"])

    assert "Thank you, Ann." in thanks.text
    assert "40 % on what had to be done" in thanks.text
    with database.read() as session:
        kept = answer_store.answer_of(session, WEEK, "ann")
    assert kept is not None
    assert (kept.shares["lights"], kept.late) == (40, False)


def test_what_had_to_be_done_is_asked_first(stranger: Browser, database: Database, page: str):
    opened(database, closed_for=timedelta(days=-1))

    names = re.findall(r'name="share\.(\w+)"', stranger.get(page).text)

    assert names == ["lights", "new", "existing", "productivity"]


def test_an_error_says_how_many_are_missing_and_loses_nothing(
    stranger: Browser, database: Database, page: str
):
    opened(database, closed_for=timedelta(days=-1))

    shown = stranger.post(page, csrf="", **FULL | {"share.new": "32", "note": "Fire on Tuesday"})

    assert shown.status_code == 422
    assert "This adds up to 96: 4 are missing." in shown.text
    assert 'value="32"' in shown.text
    assert "Fire on Tuesday" in shown.text


def test_a_late_answer_is_kept_and_marked(stranger: Browser, database: Database, page: str):
    opened(database, closed_for=timedelta(days=1))

    stranger.post(page, csrf="", **FULL)

    with database.read() as session:
        kept = answer_store.answer_of(session, WEEK, "ann")
    assert kept is not None
    assert kept.late


def test_an_expired_or_altered_link_is_not_found(stranger: Browser, database: Database, page: str):
    opened(database, closed_for=timedelta(days=31))

    assert stranger.get(page).status_code == 404
    assert stranger.get(page[:-1] + ("A" if page[-1] != "A" else "B")).status_code == 404

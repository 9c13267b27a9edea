"""The audit on its pages: searched, verified, and for admins only."""

import inspect
import re
from collections.abc import Iterator, Sequence

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from sqlalchemy import update
from sqlmodel import col, select

from app.experiments.models import Feature
from app.identity import audit, guard
from app.identity.access import Access, access_of
from app.identity.models import ApiToken, AuditRow
from app.platform import clock
from app.platform.db import Database
from tests.routes import routes
from tests.web.conftest import Browser


@pytest.fixture
def busy(ann: Browser, eve: Browser) -> Browser:
    eve.post("/features", title="Waste", problem="")
    ann.post("/tokens", name="Board", role="viewer")
    return ann


def test_what_was_done_is_shown_the_newest_first(busy: Browser):
    shown = busy.get("/audit").text

    assert shown.index("token made") < shown.index("feature made")
    assert "Eve" in shown


def test_what_was_made_is_what_it_is_about(busy: Browser, database: Database):
    with database.read() as session:
        feature = session.exec(select(Feature.id)).one()
        token = session.exec(select(ApiToken.id)).one()
    shown = busy.get("/audit").text

    assert f'href="/features/{feature}"' in shown
    assert token in shown


def test_whoever_only_looks_is_not_noted(busy: Browser, database: Database):
    before = len(_rows(database))
    busy.post("/customers/find", q="nobody@example.com")

    assert len(_rows(database)) == before


def test_it_is_searched_by_words_and_days(busy: Browser):
    shown = busy.get("/audit?q=token").text
    later = busy.get("/audit?since=2027-01-01").text
    earlier = busy.get("/audit?until=2026-01-01").text

    assert "token made" in shown
    assert "feature made" not in shown
    assert "Nothing was found." in later
    assert "Nothing was found." in earlier


@pytest.mark.parametrize(
    "day", ["yesterday", "2026-13-01", "-1", "٢٠٢٦-١١-٢٥x", "0001-01-01", "9999-12-31"]
)
def test_a_day_that_is_none_is_named_and_kept(busy: Browser, day: str):
    answer = busy.get(f"/audit?q=token&since={day}")

    assert answer.status_code == 422
    assert "Write a day as 2026-11-25, between 1970 and 2199." in answer.text
    assert f'value="{day}"' in answer.text


@pytest.mark.parametrize("day", ["1970-01-01", "2199-12-31"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_the_ends_of_the_calendar_are_days(busy: Browser, end: str, day: str):
    assert busy.get(f"/audit?{end}={day}").status_code == 200


def test_whether_it_is_whole_is_said_with_the_head(busy: Browser, database: Database):
    whole = busy.get("/audit/verified").text
    with database.write() as session:
        session.execute(update(AuditRow).where(col(AuditRow.number) == 2).values(actor="Bo"))
    broken = busy.get("/audit/verified").text

    assert "Yes." in whole
    assert "No." in broken
    assert "Row 2" in broken


def _rows(database: Database) -> Sequence[AuditRow]:
    with database.read() as session:
        return session.exec(select(AuditRow)).all()


def test_it_is_for_admins(eve: Browser):
    assert eve.get("/audit").status_code == 403
    assert eve.get("/audit/verified").status_code == 403
    assert 'href="/audit"' not in eve.get("/features").text


def test_beside_a_name_stands_who_that_is(busy: Browser, stranger: Browser, database: Database):
    """A name is what somebody chose; whoever has no log-in is said to have none."""
    with database.write() as session:
        audit.note(session, actor="Ann", action="feature made", now=clock.now())
    shown = re.findall(
        r'data-label="Who">(\w+)<span class="table__sub">([^<]+)', busy.get("/audit").text
    )

    assert ("Ann", "ann@halvern.example") in shown
    assert ("Eve", "eve@halvern.example") in shown
    assert ("Ann", "no user") in shown


def test_every_change_of_a_page_is_made_where_it_is_noted(assembled: FastAPI):
    """By its transaction, or by itself: no route that somebody who is logged in changes by."""
    changing = [route for route in routes(assembled) if "POST" in (route.methods or ())]
    unnoted = {
        route.path
        for route in changing
        if guard._db not in set(_needed(route.dependant))
        and not any(sign in inspect.getsource(route.endpoint) for sign in _NOTES)
    }

    assert len(changing) > 100
    assert unnoted == _ONLY_LOOK | _OF_NOBODY | _BY_GRANTS
    assert {access_of("POST", path) for path in _OF_NOBODY} == {Access.OPEN, Access.PUBLIC}


def _needed(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for one in dependant.dependencies:
        yield from _needed(one)


_NOTES = ("guard.writing(", "requests_noted.done(")
_ONLY_LOOK = {
    "/audiences/{audience_id}/people/find", "/conversions/find", "/customers/find",
    "/experiments/{experiment_id}/hits/find", "/experiments/{experiment_id}/sends/find",
    "/experiments/{experiment_id}/links", "/outbox/find", "/search", "/suppressions/find",
}  # fmt: skip
_BY_GRANTS = {"/oauth/authorize", "/account/agents/{grant_id}/end"}  # naming the program
_OF_NOBODY = {"/join/{token}", "/login", "/login/code", "/login/oidc/back-channel"}  # say who came

"""Where everybody with a password says a code: whoever has none yet sets it up before all else."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col

from app.identity.models import LoginSession
from app.platform.db import Database
from app.platform.errors import CodeWanted
from tests.web.admin.test_accounts import EVE, code_of, enrolled, logged_in, secret_of
from tests.web.conftest import Browser

_SET_UP = "/account/second-step"


@pytest.fixture
def wanted(application: FastAPI) -> Iterator[FastAPI]:
    before = application.state.settings
    application.state.settings = before.model_copy(update={"require_totp": True})
    yield application
    application.state.settings = before


@pytest.mark.parametrize("place", ["/", "/account", "/features", "/password", "/nowhere"])
def test_every_page_leads_to_setting_it_up(eve: Browser, wanted: FastAPI, place: str):
    answer = eve.get(place)

    assert wanted.state.settings.require_totp
    assert (answer.status_code, answer.headers.get("location")) in {(303, _SET_UP), (404, None)}


def test_no_change_is_made_before(eve: Browser, ann: Browser, wanted: FastAPI):
    token = eve.token()
    refused = eve.post("/features", csrf=token, title="Waste", problem="")
    wanted.state.settings = wanted.state.settings.model_copy(update={"require_totp": False})

    assert refused.status_code == CodeWanted.status
    assert f'href="{_SET_UP}"' in refused.text  # and what was typed stands below
    assert "Waste" not in ann.get("/features").text


def test_a_log_in_leads_to_it_and_then_everything_opens(eve: Browser, wanted: FastAPI):
    eve.cookies.clear()
    browser = logged_in(wanted)
    shown = browser.get(_SET_UP)
    token = re.search(r'name="csrf" value="([^"]*)"', shown.text)
    assert token
    begun = browser.post(_SET_UP, csrf=token[1])
    page = browser.get(begun.headers["location"]).text
    codes = browser.post(f"{_SET_UP}/confirm", csrf=token[1], code=code_of(secret_of(page), -1))

    assert "Set it up once; then everything else opens." in shown.text
    assert "Not now" not in page
    assert "They are shown this once." in codes.text
    assert browser.get("/features").status_code == 200
    assert Browser(wanted).log_in(EVE).headers["location"] == "/login/code"


def test_whoever_waits_for_it_may_log_out(eve: Browser, wanted: FastAPI):
    token = re.search(r'name="csrf" value="([^"]*)"', eve.get(_SET_UP).text)
    assert token
    eve.post("/logout", csrf=token[1])

    assert eve.get("/features").headers["location"].startswith("/login")
    assert wanted.state.settings.require_totp


def test_it_cannot_be_turned_off_and_an_admin_takes_away_a_lost_phone(
    eve: Browser, ann: Browser, application: FastAPI, wanted: FastAPI
):
    application.state.settings = wanted.state.settings.model_copy(update={"require_totp": False})
    secret, _ = enrolled(eve)
    enrolled(ann)
    application.state.settings = wanted.state.settings.model_copy(update={"require_totp": True})
    refused = eve.post("/account/second-step/off", code=code_of(secret))
    account, of_eve = eve.get("/account").text, re.search(r'/people/(\w+)"[^>]*>Eve', _people(ann))
    assert of_eve
    ann.post(f"/people/{of_eve[1]}/reset-second-step")

    assert refused.status_code == 409
    assert "A code is asked of everybody here." in refused.text
    assert "Turn off" not in account
    assert eve.get("/features").headers["location"] == _SET_UP


def _people(browser: Browser) -> str:
    return browser.get("/people").text


def test_it_is_asked_of_nobody_who_comes_by_the_provider(
    eve: Browser, wanted: FastAPI, database: Database
):
    with database.write() as session:
        session.execute(update(LoginSession).where(col(LoginSession.id) != "").values(issuer="x"))

    assert eve.get("/features").status_code == 200
    assert wanted.state.settings.require_totp

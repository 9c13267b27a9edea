"""Logging in, out, setting up, and what a viewer is spared."""

import pytest
from sqlmodel import select

from app.identity import setup
from app.identity.models import AuditRow
from app.platform.db import Database
from tests.identity.scenes import PASSWORD
from tests.web.conftest import NOW, Browser


def test_who_is_not_logged_in_is_shown_the_door_and_comes_back(stranger: Browser):
    answer = stranger.get("/experiments?show=Drafts")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/experiments%3Fshow%3DDrafts"


def test_a_wrong_password_says_so_and_keeps_the_address(stranger: Browser):
    answer = stranger.log_in("ann@halvern.example", "wrong")

    assert answer.status_code == 422
    assert "ann@halvern.example" in answer.text
    assert "is wrong" in answer.text
    assert "wrong" not in answer.text.replace("is wrong", "")


def test_logging_out_ends_the_session(ann: Browser):
    ann.post("/logout")

    assert ann.get("/").status_code == 303


def test_a_form_from_another_page_changes_nothing(eve: Browser):
    answer = eve.post("/audiences", csrf="guessed", name="Bakeries")

    assert answer.status_code == 403
    assert "No audience yet" in eve.get("/audiences").text


def test_a_viewer_sees_no_button_that_would_be_refused(bo: Browser):
    assert "New feature" not in bo.get("/features").text
    assert bo.get("/people").status_code == 403
    assert bo.post("/features", title="x").status_code == 403


def test_the_first_person_sets_up_with_the_token_that_was_printed(application, database: Database):
    with database.write() as session:
        token = setup.issue(session, now=NOW)
    first = Browser(application)

    page = first.get(f"/setup?token={token}")
    fields = {"name": "Ann", "email": "ann@halvern.example", "password": PASSWORD}
    answer = first.post("/setup", csrf="", token=token, **fields)

    assert str(token) in page.text
    assert answer.headers["location"] == "/"
    assert "Will customers use it?" in first.get("/").text


def test_a_password_that_is_refused_leaves_the_set_up_token_alive(application, database: Database):
    with database.write() as session:
        token = setup.issue(session, now=NOW)
    first = Browser(application)
    fields = {"name": "Ann", "email": "ann@halvern.example", "token": token}

    refused = first.post("/setup", csrf="", password="short", **fields)
    answer = first.post("/setup", csrf="", password=PASSWORD, **fields)

    assert "at least 10 characters" in refused.text
    assert answer.headers["location"] == "/"


def test_a_refused_log_in_stands_in_the_audit(stranger: Browser, database: Database):
    stranger.log_in("ann@halvern.example", "not this one at all")

    with database.read() as session:
        rows = session.exec(select(AuditRow)).all()
    assert [(row.actor, row.action) for row in rows] == [("ann@halvern.example", "log-in refused")]


@pytest.mark.parametrize(
    "typed", ["my secret, in the wrong field", "x" * 320, "", "a\x1bb@c.example"]
)
def test_what_is_typed_instead_of_an_address_is_kept_nowhere(
    stranger: Browser, database: Database, typed: str
):
    stranger.log_in(typed, "not this one at all")

    with database.read() as session:
        rows = session.exec(select(AuditRow)).all()
    assert [row.actor for row in rows] == ["Somebody unknown"]


def test_a_new_password_ends_other_browsers_and_keeps_this_one(ann: Browser, stranger: Browser):
    stranger.log_in("ann@halvern.example")

    ann.post("/password", old=PASSWORD, new="another long sentence")

    assert ann.get("/account").status_code == 200
    assert stranger.get("/account").headers["location"].startswith("/login")


def test_a_wrong_set_up_token_loses_nothing_that_was_typed(application, database: Database):
    answer = Browser(application).post(
        "/setup", csrf="", token="set_no", name="Ann", email="ann@b.example", password=PASSWORD
    )

    assert answer.status_code == 422
    assert "ann@b.example" in answer.text
    assert PASSWORD not in answer.text


def test_a_token_is_shown_once(ann: Browser):
    answer = ann.post("/tokens", name="Warehouse", role="viewer")

    assert "tsl_" in answer.text
    assert "secret" not in ann.get("/tokens").text


def test_an_address_that_is_not_there_is_a_page(stranger: Browser):
    answer = stranger.get("/nothing")

    assert answer.status_code == 404
    assert "There is no page at this address." in answer.text
    assert "/experiments" not in answer.text


def test_an_address_that_is_not_there_has_the_menu_of_whoever_is_logged_in(ann: Browser):
    answer = ann.get("/nothing")

    assert answer.status_code == 404
    assert 'href="/experiments"' in answer.text
    assert "/logout" in answer.text


def test_every_page_carries_the_policy(ann: Browser):
    assert "default-src 'none'" in ann.get("/").headers["content-security-policy"]


def test_a_refusal_gives_advice_that_fits_it(eve: Browser, stranger: Browser):
    stale = eve.post("/audiences", csrf="guessed", name="Bakeries").text
    wrong_kind = eve._ask("POST", "/").text
    wrong_name = [
        who._ask("GET", "/", headers={"Host": "other.example"}) for who in (eve, stranger)
    ]

    assert "Look at it, then send it." in stale
    assert "change your role" not in stale
    assert "use its buttons and links" in wrong_kind
    assert {answer.status_code for answer in wrong_name} == {421}
    assert not any("Back to this week" in answer.text for answer in wrong_name)

"""One's own account: where one is logged in, and the code beside the password."""

import base64
import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.identity import totp
from app.identity.models import AuditRow, LoginSession, RecoveryCode, SecondStep
from app.platform import clock
from app.platform.db import Database
from tests import moments
from tests.anew import forget_tries
from tests.web.conftest import Browser

EVE = "eve@halvern.example"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def logged_in(application: FastAPI, email: str = EVE) -> Browser:
    browser = Browser(application)
    assert browser.log_in(email).status_code == 303
    return browser


def test_every_session_is_listed_with_its_device(eve: Browser, application: FastAPI):
    other = Browser(application)
    other._ask(
        "POST",
        "/login",
        data={"email": EVE, "password": "a sentence nobody guesses", "next": "/"},
        headers={"User-Agent": FIREFOX},
    )

    page = eve.get("/account").text

    assert "Firefox on Windows" in page
    assert "127.0.0.0/24" in page
    assert page.count("This browser") == 1
    assert page.count("End this one") == 1


def test_one_session_is_ended_and_the_others_go_on(eve: Browser, application: FastAPI):
    phone, tablet = logged_in(application), logged_in(application)
    kept = tablet.cookies["thinslice"]
    ends = set(re.findall(r"/account/sessions/(\w+)/end", eve.get("/account").text))
    phones = set(re.findall(r"/account/sessions/(\w+)/end", tablet.get("/account").text))
    (phone_only,) = ends & phones

    ended = eve.send(f"/account/sessions/{phone_only}/end", on="/account")

    assert "That browser is logged out." in ended.text
    assert phone.get("/features").status_code == 303
    assert tablet.get("/features").status_code == 200
    assert tablet.cookies["thinslice"] == kept
    assert eve.post(f"/account/sessions/{phone_only}/end").status_code == 404


def test_nobody_ends_the_session_of_somebody_else(eve: Browser, bo: Browser, database: Database):
    with database.read() as session:
        found = session.exec(select(LoginSession)).all()
    for row in found:
        bo.post(f"/account/sessions/{row.id}/end")

    assert eve.get("/features").status_code == 200


def test_all_others_are_ended_at_once(eve: Browser, application: FastAPI, ann: Browser):
    others = [logged_in(application) for _ in range(3)]

    eve.send("/account/sessions/end-others", on="/account")

    assert {other.get("/features").status_code for other in others} == {303}
    assert [who.get("/features").status_code for who in (eve, ann)] == [200, 200]


def secret_of(page: str) -> bytes:
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found
    return base64.b32decode(found[1].replace(" ", ""))


def code_of(secret: bytes, steps: int = 0) -> str:
    return totp.code_at(secret, totp.step_at(clock.now()) + steps)


def enrolled(browser: Browser) -> tuple[bytes, list[str]]:
    """The app's secret, and the recovery codes."""
    secret = secret_of(browser.send("/account/second-step", on="/account").text)
    shown = browser.post("/account/second-step/confirm", code=code_of(secret, -1))
    assert shown.status_code == 200
    return secret, re.findall(r'class="mono">([\w-]{14})<', shown.text)


def test_a_code_is_asked_for_and_opens_once(eve: Browser, application: FastAPI, database: Database):
    secret, codes = enrolled(eve)
    other = Browser(application)
    asked = other.log_in(EVE)
    wrong = other.post("/login/code", csrf="", code="000000")
    right = other.post("/login/code", csrf="", code=f" {code_of(secret)[:3]} {code_of(secret)[3:]}")
    third = Browser(application)
    third.log_in(EVE)
    again = third.post("/login/code", csrf="", code=code_of(secret))

    assert len(set(codes)) == 10
    assert asked.headers["location"] == "/login/code"
    assert (wrong.status_code, right.status_code, again.status_code) == (422, 303, 422)
    assert "or was used" in again.text
    assert other.get("/features").status_code == 200
    with database.read() as session:
        kept = session.exec(select(SecondStep)).one()
        hashes = session.exec(select(RecoveryCode.hash)).all()
    assert base64.b32encode(secret).decode() not in kept.secret
    assert not set(codes) & set(hashes)


def test_the_square_is_drawn_whole_whatever_its_size(eve: Browser):
    page = eve.send("/account/second-step", on="/account").text
    drawn = re.search(r'<svg[^>]*viewBox="0 0 (\d+) (\d+)"[^>]*>', page)

    assert drawn
    assert "width=" not in drawn[0]
    assert drawn[1] == drawn[2]


def test_the_password_alone_opens_nothing(eve: Browser, application: FastAPI):
    enrolled(eve)
    other = Browser(application)
    other.log_in(EVE)

    assert other.get("/features").status_code == 303
    assert "thinslice" not in other.cookies


def test_a_recovery_code_opens_once(eve: Browser, application: FastAPI, database: Database):
    _, codes = enrolled(eve)
    answers = []
    for code in (codes[0], codes[0], codes[1].upper().replace("-", " "), "2222-2222-2222"):
        browser = Browser(application)
        browser.log_in(EVE)
        answers.append(browser.post("/login/code", csrf="", code=code).status_code)

    assert answers == [303, 422, 303, 422]
    assert "8 recovery codes left" in eve.get("/account").text
    with database.read() as session:
        noted = [
            row.details
            for row in session.exec(select(AuditRow))
            if row.action == "recovery code used"
        ]
    assert noted == [{"left": 9}, {"left": 8}]


def test_somebody_elses_recovery_code_opens_nothing(
    eve: Browser, bo: Browser, application: FastAPI
):
    _, codes = enrolled(eve)
    enrolled(bo)
    other = Browser(application)
    other.log_in("bo@halvern.example")

    assert other.post("/login/code", csrf="", code=codes[0]).status_code == 422


def test_five_wrong_codes_ask_for_the_password_again(eve: Browser, application: FastAPI):
    secret, _ = enrolled(eve)
    other = Browser(application)
    other.log_in(EVE)
    for _ in range(5):
        forget_tries()
        assert other.post("/login/code", csrf="", code="000000").status_code == 422
    forget_tries()

    answer = other.post("/login/code", csrf="", code=code_of(secret))

    assert answer.headers["location"] == "/login?said=code-too-late"


def test_codes_are_throttled_like_passwords(eve: Browser, application: FastAPI):
    enrolled(eve)
    other = Browser(application)
    other.log_in(EVE)
    forget_tries()
    answers = []
    for _ in range(7):
        answers.append(other.post("/login/code", csrf="", code="000000").status_code)
        if answers[-1] == 303:
            other.log_in(EVE)

    assert answers[:5] == [422] * 5
    assert 429 in answers


def test_half_in_ends_after_ten_minutes_and_with_a_new_password(
    eve: Browser, ann: Browser, application: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    secret, _ = enrolled(eve)
    late, stale = Browser(application), Browser(application)
    stale.log_in(EVE)
    page = re.search(r'href="(/people/\w+)">Eve<', ann.get("/people").text)
    assert page
    ann.post(f"{page[1]}/password", password="another long sentence")
    late.log_in(EVE, "another long sentence")
    moments.state(monkeypatch, clock.now() + timedelta(minutes=11))

    for browser in (stale, late):
        answer = browser.post("/login/code", csrf="", code=code_of(secret))
        assert answer.headers["location"].startswith("/login?")


def test_turning_it_off_takes_a_code(eve: Browser, application: FastAPI):
    secret, _ = enrolled(eve)

    refused = eve.post("/account/second-step/off", code="000000")
    used = eve.post("/account/second-step/off", code=code_of(secret, -1))
    done = eve.send("/account/second-step/off", on="/account", code=code_of(secret))

    assert (refused.status_code, used.status_code) == (422, 422)
    assert "does not open" in refused.text
    assert "a password is enough" in done.text
    assert Browser(application).log_in(EVE).headers["location"] == "/"


def test_new_recovery_codes_kill_the_old_ones(eve: Browser, application: FastAPI):
    secret, old = enrolled(eve)
    shown = eve.post("/account/second-step/codes", code=code_of(secret)).text
    new = re.findall(r'class="mono">([\w-]{14})<', shown)
    answers = []
    for code in (old[0], new[0]):
        browser = Browser(application)
        browser.log_in(EVE)
        answers.append(browser.post("/login/code", csrf="", code=code).status_code)

    assert answers == [422, 303]
    assert not set(old) & set(new)


def test_an_admin_resets_it(eve: Browser, ann: Browser, application: FastAPI):
    enrolled(eve)
    page = re.search(r'href="(/people/\w+)">Eve<', ann.get("/people").text)
    assert page
    assert "Reset the code" in ann.get(page[1]).text

    ann.send(f"{page[1]}/reset-second-step", on=page[1])

    assert Browser(application).log_in(EVE).headers["location"] == "/"
    assert "Reset the code" not in ann.get(page[1]).text


def test_a_wrong_first_code_changes_nothing(eve: Browser, application: FastAPI):
    eve.send("/account/second-step", on="/account")

    answer = eve.post("/account/second-step/confirm", code="000000")

    assert answer.status_code == 422
    assert "not the code that the app shows" in answer.text
    assert Browser(application).log_in(EVE).headers["location"] == "/"

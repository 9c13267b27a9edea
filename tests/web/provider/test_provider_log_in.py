"""Logging in with an identity provider that runs beside, in a process of its own."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.identity.models import AuditRow, LoginSession, User
from app.identity.oidc.provider import Provider
from app.platform import clock
from app.platform.db import Database
from tests import moments
from tests.anew import forget_tries
from tests.provider.process import Idp
from tests.web.conftest import Browser
from tests.web.provider.people import Person, rows


def test_the_button_stands_beside_the_form(stranger: Browser):
    page = stranger.get("/login?next=/features").text

    assert "Log in with Halvern" in page
    assert 'href="/login/oidc?next=%2Ffeatures"' in page
    assert 'name="password"' in page


def test_somebody_new_comes_in_where_they_wanted_to_go(person: Person, database: Database):
    answer = person.log_in("eli")

    assert (answer.status_code, answer.headers["location"]) == (303, "/features")
    assert "New feature" in person.browser.get("/features").text
    (eli,) = [user for user in rows(database, User) if user.subject]
    assert (eli.email, eli.name, eli.role) == ("eli@halvern.example", "Eli", "editor")
    assert not eli.has_password
    (noted,) = [row for row in rows(database, AuditRow) if row.action == "log-in"]
    assert noted.details == {"method": "oidc", "issuer": person.idp.issuer}


# One each, through the whole log-in; `tests/identity/test_id_token.py` tries every kind of value.
WRONG = (
    ("iss", "http://127.0.0.1"), ("aud", "x"), ("aud", ["x", "thinslice"]), ("azp", "x"),
    ("sub", 7), ("nonce", "x"), ("nonce", "(missing)"), ("exp", 1), ("iat", 1), ("nbf", 2**40),
)  # fmt: skip


def refused(database: Database, answer: httpx.Response) -> bool:
    """Nobody is logged in or made, a sentence stands above the form, and the audit knows."""
    noted = [row.action for row in rows(database, AuditRow)]
    return "log-in refused" in noted and outside(database, answer)


def outside(database: Database, answer: httpx.Response) -> bool:
    """The same of somebody whom we did not send: nobody tried to log in."""
    made = [user for user in rows(database, User) if user.subject]
    noted = [row.action for row in rows(database, AuditRow)]
    return (
        answer.status_code in {403, 422, 503}
        and 'role="alert"' in answer.text
        and 'name="password"' in answer.text
        and not made
        and not rows(database, LoginSession)
        and "log-in" not in noted
    )


@pytest.mark.parametrize(("claim", "value"), WRONG)
def test_a_claim_that_is_not_as_it_must_be_lets_nobody_in(
    person: Person, database: Database, claim: str, value: Any
):
    assert refused(database, person.log_in("ada", claims={claim: value}))


SIGNINGS = (
    "none", "none, with a signature", "public key as a secret", "client's secret",
    "other key, same name", "other key, own name", "key in the header", "changed afterwards",
    "cut off", "no token at all", "far too long",
)  # fmt: skip


@pytest.mark.parametrize("signing", SIGNINGS)
def test_what_the_provider_did_not_sign_lets_nobody_in(
    person: Person, database: Database, signing: str
):
    assert refused(database, person.log_in("ada", signing=signing))


def test_each_part_of_the_answer_is_checked(person: Person, database: Database):
    """Changed, missing, twice: the state, the code, and who says that they are."""
    answers: list[dict[str, Any]] = [
        {name: value}
        for name in ("state", "code", "iss")
        for value in ("(missing)", "", "x", "x" * 5000, "é")
    ]
    answers += [{"error": "access_denied"}, {"error": "<script>", "code": "(missing)"}]
    for answer in answers:
        is_out = outside if "state" in answer else refused
        assert is_out(database, person.log_in("ada", answer=answer)), answer
        forget_tries()
    person.idp.tell(who="ada")
    for name in ("state", "code", "iss"):
        forget_tries()
        assert outside(database, person.browser.get(f"{person.begin()}&{name}=x")), name


def test_what_the_provider_says_is_shown_as_text_only(person: Person):
    answer = person.log_in("ada", answer={"error": "<script>alert(1)</script>"})

    assert "<script>alert" not in answer.text
    assert "no reason given" in answer.text


def test_an_answer_is_good_for_once_in_one_browser_for_ten_minutes(
    person: Person, application: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
):
    person.idp.tell(who="ada")
    back = person.begin()

    other = Browser(application).get(back)
    late = moments_later(monkeypatch, timedelta(minutes=10), lambda: person.browser.get(back))
    person.idp.tell(who="ada")
    fresh = person.begin()
    first, again = person.browser.get(fresh), person.browser.get(fresh)

    assert refusal_of(other) == refusal_of(late) == refusal_of(again)
    assert first.status_code == 303


def moments_later(patch: pytest.MonkeyPatch, later: timedelta, act: Any) -> Any:
    """What comes of it then."""
    moments.state(patch, clock.now() + later)
    done = act()
    moments.state(patch, clock.now() - later)
    return done


def refusal_of(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    found = re.search(r'role="alert">([^<]+)', answer.text)
    return found[1] if found else ""


def test_two_tabs_of_a_browser_may_be_under_way(person: Person):
    person.idp.tell(who="eli")
    first, second = person.begin("/features"), person.begin("/learnings")

    assert person.browser.get(first).headers["location"] == "/features"
    assert second != first


def test_the_cookie_of_an_attempt_is_out_of_reach_and_gone_in_ten_minutes(person: Person):
    answer = person.browser.get("/login/oidc")

    cookie = answer.headers["set-cookie"]
    assert "SameSite=lax" in cookie
    assert "HttpOnly" in cookie
    assert "Max-Age=600" in cookie


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil", "x", ""])
def test_nobody_is_led_to_another_host(person: Person, onward: str):
    person.idp.tell(who="eli")

    assert person.browser.get(person.begin(onward)).headers["location"] == "/"


def test_a_provider_that_is_down_says_so_and_passwords_work(
    stranger: Browser, idp: Idp, application: FastAPI
):
    idp.tell(status=500)
    answer = stranger.get("/login/oidc")
    application.state.settings = application.state.settings.model_copy(
        update={"oidc_issuer": "http://127.0.0.1:9"}
    )
    application.state.provider = Provider(application.state.settings)
    nowhere = stranger.get("/login/oidc")

    assert (answer.status_code, nowhere.status_code) == (503, 503)
    assert "answered 500" in answer.text
    assert "could not be connected to" in nowhere.text
    assert stranger.log_in("ann@halvern.example").status_code == 303


@pytest.mark.parametrize(
    "lies",
    [
        {"metadata": {"issuer": "https://other.example"}},
        {"metadata": {"token_endpoint": "(missing)"}},
        {"metadata": {"authorization_endpoint": "javascript:alert(1)"}},
        {"metadata": {"jwks_uri": 7}},
        {"metadata": {"end_session_endpoint": "http://127.0.0.1/\r\nx: y"}},
        {"metadata": {"end_session_endpoint": "http://127.0.0.1/;url= x"}},
        {"metadata": {"end_session_endpoint": "http://127.0.0.1/\x7f"}},
        {"metadata": {"token_endpoint": "http://10.0.0.1/token"}},
        {"metadata": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}},
        {"jwks": {"keys": "none"}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "RSA"}]}},
        {"tokens": {"id_token": "(missing)"}},
        {"tokens": {"id_token": 7}},
        {"tokens": {"error": "invalid_grant"}},
        {"claims": {"email": "(missing)"}, "userinfo": {"sub": "sub-bob"}},
        {"claims": {"groups": "(missing)"}, "userinfo": {"sub": "(missing)"}},
    ],
)
def test_a_provider_that_makes_no_sense_lets_nobody_in(
    person: Person, database: Database, lies: dict[str, Any]
):
    person.idp.tell(who="ada", **lies)
    begun = person.browser.get("/login/oidc")
    answer = begun if begun.status_code == 503 else person.log_in("ada", **lies)

    assert answer.status_code in {422, 503}
    assert 'name="password"' in answer.text
    assert not rows(database, LoginSession)


def test_what_the_token_leaves_out_is_asked_for(person: Person, database: Database):
    gone = dict.fromkeys(("email", "email_verified", "groups", "name"), "(missing)")

    assert person.log_in("ada", claims=gone).status_code == 303
    (ada,) = [user for user in rows(database, User) if user.subject]
    assert (ada.email, ada.role, ada.name) == ("ada@halvern.example", "admin", "Ada")


def test_whether_an_address_is_verified_is_asked_where_it_stands(
    person: Person, database: Database
):
    lies = {"claims": {"email": "ann@halvern.example", "email_verified": "(missing)",
                       "groups": "(missing)"}}  # fmt: skip

    assert refused(database, person.log_in("ada", **lies))


@pytest.mark.parametrize("verified", [False, "false", "(missing)", None, 1, "yes"])
def test_an_address_that_is_not_verified_is_nobodys(
    person: Person, database: Database, verified: Any
):
    assert refused(database, person.log_in("ada", claims={"email_verified": verified}))


def test_keys_are_fetched_again_for_a_new_one_and_at_most_once_a_minute(
    person: Person, monkeypatch: pytest.MonkeyPatch
):
    assert person.log_in("ada").status_code == 303
    asked = person.idp.asked("/jwks")
    person.browser.cookies.clear()
    moments.state(monkeypatch, clock.now() + timedelta(minutes=2))

    assert person.log_in("ada", rotate=True).status_code == 303
    person.browser.cookies.clear()
    for _ in range(3):
        assert person.log_in("ada", signing="other key, own name").status_code == 422

    assert person.idp.asked("/jwks") == asked + 1

"""Out both ways: here and on to the provider, and here because the provider says so."""

import html
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.identity.models import LoginSession
from app.platform import clock
from app.platform.db import Database
from tests.provider.process import Idp
from tests.web.conftest import Browser
from tests.web.provider.people import Person, rows

EVENT: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}


def test_logging_out_goes_on_to_the_provider_with_what_it_gave(person: Person, database: Database):
    person.log_in("eli")
    answer = person.browser.post("/logout")
    address = answer.headers["refresh"].removeprefix("0;url=")
    back = httpx.get(address)

    assert answer.status_code == 200
    assert html.unescape(re.findall(r'href="(http[^"]*)"', answer.text)[0]) == address
    assert (back.status_code, back.headers["location"]) == (302, "http://127.0.0.1:8000/login")
    assert rows(database, LoginSession) == []
    assert person.browser.get("/").headers["location"].startswith("/login")


def test_the_token_is_unreadable_in_the_database(person: Person, database: Database):
    person.log_in("eli")

    (row,) = rows(database, LoginSession)
    assert row.id_token
    assert "eyJ" not in row.id_token


@pytest.mark.parametrize("lies", [{"metadata": {"end_session_endpoint": "(missing)"}}])
def test_a_provider_without_a_log_out_is_left_alone(person: Person, lies: dict[str, Any]):
    person.log_in("eli", **lies)

    answer = person.browser.post("/logout")

    assert answer.headers["location"] == "/login?said=logged-out"


def test_whoever_came_by_a_password_leaves_without_the_provider(ann: Browser):
    assert ann.post("/logout").headers["location"] == "/login?said=logged-out"


class Told:
    """Log-outs as the provider signs them."""

    def __init__(self, idp: Idp, browser: Browser) -> None:
        self.idp, self.browser = idp, browser

    def claims(self, **more: Any) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        honest = {"iss": self.idp.issuer, "aud": "thinslice", "iat": now, "exp": now + 120,
                  "jti": "j1", "events": EVENT}  # fmt: skip
        return {name: value for name, value in {**honest, **more}.items() if value != "(missing)"}

    def __call__(self, signing: str = "honest", **claims: Any) -> httpx.Response:
        self.idp.tell(signing=signing)
        token = httpx.post(f"{self.idp.issuer}/sign", json=self.claims(**claims)).text
        return self.browser._ask("POST", "/login/oidc/back-channel", data={"logout_token": token})


@pytest.fixture
def told(idp: Idp, application: FastAPI) -> Told:
    return Told(idp, Browser(application))


def two_sessions(person: Person, application: FastAPI, database: Database) -> tuple[str, str]:
    person.log_in("eli")
    Person(Browser(application), person.idp).log_in("eli")
    came = [row for row in rows(database, LoginSession) if row.issuer]
    first, second = sorted(came, key=lambda row: row.created_at)
    return str(first.sid), str(second.sid)


def test_the_providers_log_out_alone_ends_the_session_that_it_names(
    person: Person, application: FastAPI, database: Database, told: Told
):
    first, second = two_sessions(person, application, database)

    answer = told(sid=first, sub="sub-eli")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert [row.sid for row in rows(database, LoginSession)] == [second]
    assert person.browser.get("/").headers["location"].startswith("/login")


def test_without_a_session_named_all_that_came_from_the_provider_end(
    person: Person, application: FastAPI, database: Database, told: Told, ann: Browser
):
    two_sessions(person, application, database)

    assert told(sub="sub-eli").status_code == 200
    assert [row.issuer for row in rows(database, LoginSession)] == [None]  # Ann's


def test_a_log_out_is_taken_once(
    person: Person, application: FastAPI, database: Database, told: Told
):
    first, second = two_sessions(person, application, database)

    assert told(sid=first).status_code == 200
    assert told(sid=second).status_code == 400
    assert told(sid=second, jti="j2").status_code == 200
    assert rows(database, LoginSession) == []


@pytest.mark.parametrize(
    ("claim", "value"),
    [("iss", "x"), ("aud", "x"), ("iat", 1), ("exp", 1), ("events", {}), ("nonce", "x"),
     ("jti", "(missing)"), ("sid", "(missing)")],
)  # fmt: skip
def test_a_log_out_that_is_not_as_it_must_be_ends_nothing(
    person: Person, database: Database, told: Told, claim: str, value: Any
):
    person.log_in("eli")
    (row,) = rows(database, LoginSession)

    assert told(**{"sid": row.sid, claim: value}).status_code == 400
    assert len(rows(database, LoginSession)) == 1


@pytest.mark.parametrize(
    "signing", ["none", "public key as a secret", "client's secret", "other key, same name"]
)
def test_a_log_out_that_the_provider_did_not_sign_ends_nothing(
    person: Person, database: Database, told: Told, signing: str
):
    person.log_in("eli")

    assert told(signing, sub="sub-eli").status_code == 400
    assert len(rows(database, LoginSession)) == 1


@pytest.mark.parametrize("field", [{}, {"logout_token": ""}, {"logout_token": "x" * 60_000}])
def test_no_log_out_at_all_is_refused(stranger: Browser, idp: Idp, field: dict[str, str]):
    assert stranger._ask("POST", "/login/oidc/back-channel", data=field).status_code == 400


def test_an_id_token_logs_nobody_out(person: Person, database: Database):
    """What a browser has seen may not be played back as a log-out."""
    person.log_in("eli")
    address = person.browser.post("/logout").headers["refresh"]
    token = httpx.URL(address.removeprefix("0;url=")).params["id_token_hint"]
    person.log_in("eli")

    answer = person.browser._ask("POST", "/login/oidc/back-channel", data={"logout_token": token})

    assert answer.status_code == 400
    assert len(rows(database, LoginSession)) == 1

"""What an attacker tries at the log-in by a provider: fill it, shut it, come in, stay in."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.identity import throttle, tokens
from app.identity.models import ApiToken, AuditRow, LogInAttempt, LoginSession, User
from app.identity.oidc.provider import Metadata, Provider
from app.identity.store import FROM_PROVIDER_LASTS
from app.platform import clock
from app.platform.db import Database
from tests import moments
from tests.provider.process import Idp
from tests.web.conftest import Browser
from tests.web.provider.people import Person, rows

HERE = "127.0.0.1"
NOBODY_SENT = ("", "?state=a&code=b", "?state=a&state=b&code=c", "?error=access_denied", "?code=b")


@pytest.mark.parametrize("has_begun", [False, True])
@pytest.mark.parametrize("answer", NOBODY_SENT)
def test_whom_we_did_not_send_leaves_nothing_in_the_audit(
    person: Person, database: Database, answer: str, *, has_begun: bool
):
    if has_begun:
        person.idp.tell(who="ada")
        person.begin()

    assert person.browser.get(f"/login/oidc/callback{answer}").status_code == 422
    assert rows(database, AuditRow) == []


def test_the_way_back_is_counted_by_the_caller(stranger: Browser, idp: Idp):
    for _ in range(120):
        throttle.check_way("back", caller=HERE)

    assert stranger.get("/login/oidc/callback?state=a&code=b").status_code == 429


def test_refusals_in_the_audit_are_counted_by_the_caller(person: Person, database: Database):
    for _ in range(30):
        throttle.check_refused(caller=HERE)

    assert person.log_in("ada", answer={"code": "(missing)"}).status_code == 429
    assert rows(database, AuditRow) == []
    assert person.log_in("ada").status_code == 303


def test_an_office_behind_one_address_logs_in_at_once(idp: Idp, application: FastAPI, ann: Browser):
    begun = [Browser(application).get("/login/oidc").status_code for _ in range(12)]

    assert begun == [303] * 12


@pytest.mark.parametrize("destination", ["image", "iframe", "script", "empty", ""])
def test_no_part_of_a_foreign_page_begins_a_log_in(
    person: Person, database: Database, destination: str
):
    answer = person.browser.get("/login/oidc", **{"sec-fetch-dest": destination})

    assert answer.status_code == 403
    assert rows(database, LogInAttempt) == []
    went = person.browser.get("/login/oidc", **{"sec-fetch-dest": "document"})
    assert went.status_code == 303


def test_whoever_is_let_in_no_more_keeps_no_token(person: Person, database: Database):
    person.log_in("ada")
    (ada,) = [user for user in rows(database, User) if user.subject]
    with database.write() as session:
        tokens.add(session, name="t", role="viewer", by="Ada", by_id=ada.id, now=clock.now())
    person.browser.cookies.clear()

    assert person.log_in("ada", claims={"groups": ["guests"]}).status_code == 403
    assert [token.revoked_at is None for token in rows(database, ApiToken)] == [False]
    (noted,) = [row for row in rows(database, AuditRow) if row.action == "log-in refused"]
    assert noted.subject == ada.id
    assert noted.details["who"] == "ada@halvern.example"
    assert (noted.details["sessions"], noted.details["tokens"]) == (1, 1)


def test_a_session_from_the_provider_ends_after_a_day_of_work_however_used(
    person: Person, application: FastAPI, ann: Browser, monkeypatch: pytest.MonkeyPatch
):
    person.log_in("eli")
    begun = clock.now()
    moments.state(monkeypatch, begun + FROM_PROVIDER_LASTS - timedelta(minutes=1))
    assert person.browser.get("/features").status_code == 200
    application.state.last_use.write()
    moments.state(monkeypatch, begun + FROM_PROVIDER_LASTS)

    assert person.browser.get("/features").headers["location"].startswith("/login")
    assert ann.get("/features").status_code == 200


def test_over_tls_the_cookie_of_an_attempt_is_tied_to_the_host(
    person: Person, application: FastAPI
):
    """A sibling host sets no `__Host-` cookie, so nobody is led into another's account."""
    settings = application.state.settings
    application.state.settings = settings.model_copy(update={"public_url": "https://127.0.0.1"})

    header = person.browser.get("/login/oidc").headers["set-cookie"]

    assert header.startswith("__Host-thinslice-login=")
    assert {"Secure", "Path=/", "HttpOnly", "Max-Age=600"} <= set(header.split("; "))
    assert "domain" not in header.lower()


def test_a_log_out_that_goes_on_to_the_provider_stands_in_the_audit(
    person: Person, database: Database
):
    person.log_in("eli")
    (eli,) = [user for user in rows(database, User) if user.subject]
    assert "refresh" in person.browser.post("/logout").headers

    (noted,) = [row for row in rows(database, AuditRow) if row.action == "POST /logout"]
    assert (noted.actor, noted.actor_id) == ("Eli", eli.id)


def test_a_provider_is_asked_when_the_database_is_free(
    person: Person, database: Database, monkeypatch: pytest.MonkeyPatch
):
    person.log_in("eli")
    person.browser.token()
    metadata, seen = Provider.metadata, []

    def asked(self: Provider, **when: Any) -> Metadata:
        seen.append(len(rows(database, LoginSession)))
        return metadata(self, **when)

    monkeypatch.setattr(Provider, "metadata", asked)
    person.browser.post("/logout")

    assert seen == [0]  # what the transaction did is done


@pytest.mark.parametrize("said", [False, "(missing)", True])
def test_an_address_is_verified_where_it_stands_alone(
    person: Person, database: Database, said: object
):
    lies = {
        "claims": {"email": "(missing)", "email_verified": True},
        "userinfo": {"email": "ann@elsewhere.example", "email_verified": said},
    }

    assert person.log_in("ada", **lies).status_code == (303 if said is True else 403)
    assert len([user for user in rows(database, User) if user.subject]) == (said is True)


def test_a_session_with_an_endless_name_at_the_provider_is_kept_without_it(
    person: Person, database: Database
):
    assert person.log_in("eli", claims={"sid": "x" * 256}).status_code == 303
    assert [row.sid for row in rows(database, LoginSession)] == [None]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada\nAdmin \x1b[31m\u202e", "Ada Admin [31m"),
        ("\r\n", "ada"),
        ("command line", "ada"),
        (" Identity  PROVIDER\n", "ada"),
    ],
)
def test_the_provider_names_nobody_what_cannot_stand_in_a_line_or_is_ours(
    person: Person, database: Database, given: str, kept: str
):
    claims = {"name": given, "preferred_username": "(missing)"}
    assert person.log_in("ada", claims=claims).status_code == 303

    (ada,) = [user for user in rows(database, User) if user.subject]
    assert ada.name == kept

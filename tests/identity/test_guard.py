"""The door: who comes in, who may what, and whose form it is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlmodel import select
from starlette.datastructures import URL
from starlette.requests import Request

from app.identity import callers, guard, sessions, store, tokens
from app.identity.models import ApiToken, AuditRow, LoginSession, User
from app.platform import clock
from app.platform.db import Database
from tests.identity.conftest import OURS, Caller

System = Callable[[str], Caller]
ROLES = ("viewer", "editor", "admin")
ROUTES = [
    ("GET", "/features/f1", "viewer"),
    ("POST", "/features", "editor"),
    ("GET", "/people", "admin"),
]
API_ROUTES = [
    ("GET", "/api/v1/features/f1", "viewer"),
    ("POST", "/api/v1/features", "editor"),
    ("DELETE", "/api/v1/people/p1", "admin"),
]


def _rows(database: Database, kind: type[Any]) -> Any:
    with database.read() as session:
        return session.exec(select(kind)).all()


@pytest.mark.parametrize("role", ROLES)
def test_a_person_may_what_their_role_reaches(request, application: FastAPI, role: str):
    caller = request.getfixturevalue({"viewer": "bo", "editor": "eve", "admin": "ann"}[role])

    for method, path, needed in ROUTES:
        answer = caller.ask(
            method, path, data={"title": "x", "csrf": caller.csrf} if method == "POST" else None
        )
        reaches = ROLES.index(role) >= ROLES.index(needed)

        assert answer.status_code == (200 if reaches else 403), (role, method, path)


@pytest.mark.parametrize("role", ROLES)
def test_a_token_may_what_its_role_reaches(system: System, role: str):
    caller = system(role)

    for method, path, needed in API_ROUTES:
        reaches = ROLES.index(role) >= ROLES.index(needed)

        assert caller.ask(method, path).status_code == (200 if reaches else 403), (role, path)


@pytest.mark.parametrize(("method", "path", "_role"), [*ROUTES, *API_ROUTES])
def test_without_a_log_in_or_token_nothing_opens(stranger: Caller, method, path, _role):
    assert (
        stranger.ask(method, path, data={"title": "x"} if method == "POST" else None).status_code
        == 401
    )


def test_a_route_that_is_not_in_the_table_is_open_to_nobody(ann: Caller):
    assert ann.ask("GET", "/forgotten").status_code == 403


def test_a_refusal_says_which_role_it_needs(bo: Caller):
    assert "You are a viewer; this needs an admin" in bo.ask("GET", "/people").text


def test_who_is_asking_reaches_the_route(ann: Caller):
    assert ann.ask("GET", "/features/f1").json() == {"who": "Ann", "role": "admin", "feature": "f1"}


# The API: a token, and nothing else.


def test_a_cookie_opens_no_api(ann: Caller):
    assert ann.ask("GET", "/api/v1/features/f1").status_code == 401


def test_a_token_opens_no_page(system: System):
    assert system("admin").ask("GET", "/features/f1").status_code == 401


def test_a_token_in_the_address_opens_nothing(stranger: Caller, system: System):
    secret = system("admin").headers["Authorization"].split()[1]

    assert (
        stranger.ask("GET", f"/api/v1/features/f1?token={secret}&access_token={secret}").status_code
        == 401
    )


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer tsl_",
        "Basic tsl_x",
        "tsl_x",
        "Bearer tsl_å",
        "Bearer tsl_" + "x" * 5000,
    ],
)
def test_what_is_no_token_is_401_and_nothing_worse(stranger: Caller, header: str):
    answer = stranger.ask(
        "GET", "/api/v1/features/f1", headers=[(b"authorization", header.encode())]
    )

    assert answer.status_code == 401


def test_a_revoked_token_opens_nothing(system: System, database: Database):
    caller = system("admin")
    with database.write() as session:
        tokens.revoke(session, session.exec(select(ApiToken)).one().id, now=clock.now())

    assert caller.ask("GET", "/api/v1/features/f1").status_code == 401


def _used(caller: Caller, path: str) -> None:
    """Ask, and let the process write down what it saw in use."""
    caller.ask("GET", path)
    caller.application.state.last_use.write()


def test_a_tokens_last_use_is_noted_at_most_once_a_minute(system: System, database: Database):
    caller = system("viewer")
    _used(caller, "/api/v1/features/f1")
    first = _rows(database, ApiToken)[0].last_used_at
    _used(caller, "/api/v1/features/f1")

    assert first is not None
    assert _rows(database, ApiToken)[0].last_used_at == first
    with database.write() as session:
        token_id = _rows(database, ApiToken)[0].id
        store.note_use(session, ApiToken, token_id, now=first - timedelta(minutes=2))
    _used(caller, "/api/v1/features/f1")
    assert _rows(database, ApiToken)[0].last_used_at > first


@pytest.mark.parametrize("path", ["/people", "/api/v1/features/f1"])
def test_reading_writes_nothing_and_waits_for_no_writer(
    ann: Caller, system: System, database: Database, path: str
):
    caller = system("viewer") if path.startswith("/api/") else ann

    with database.write():  # somebody holds it all the time
        assert caller.ask("GET", path).status_code == 200


def test_what_was_in_use_while_the_database_was_away_is_written_later(
    system: System, database: Database, monkeypatch: pytest.MonkeyPatch
):
    caller = system("viewer")
    caller.ask("GET", "/api/v1/features/f1")
    with monkeypatch.context() as patch:
        patch.setattr(database, "write_unheard", _away)
        caller.application.state.last_use.write()
    assert _rows(database, ApiToken)[0].last_used_at is None

    caller.application.state.last_use.write()

    assert _rows(database, ApiToken)[0].last_used_at is not None


def _away(*_: object) -> None:
    raise OperationalError("BEGIN IMMEDIATE", {}, Exception("away"))


# Sessions.


@pytest.mark.parametrize("secret", ["", "guessed", "%00", "x" * 3000])
def test_a_guessed_cookie_is_nobody(application: FastAPI, secret: str):
    assert (
        Caller(application, cookies={"thinslice": secret}).ask("GET", "/people").status_code == 401
    )


def test_a_session_in_use_is_prolonged_and_not_at_every_request(ann: Caller, database: Database):
    began = clock.now() - timedelta(days=10)
    with database.write() as session:
        row = session.exec(select(LoginSession)).one()
        row.expires_at = began + sessions.LASTS
        session.add(row)

    _used(ann, "/people")
    prolonged = _rows(database, LoginSession)[0].expires_at
    _used(ann, "/people")

    assert prolonged > clock.now() + timedelta(days=13)
    assert _rows(database, LoginSession)[0].expires_at == prolonged


def test_a_session_past_its_end_opens_nothing(ann: Caller, database: Database):
    with database.write() as session:
        row = session.exec(select(LoginSession)).one()
        row.expires_at = clock.now()
        session.add(row)

    assert ann.ask("GET", "/people").status_code == 401


def test_a_lesser_role_holds_from_the_next_request_on(ann: Caller, database: Database):
    with database.write() as session:
        user = session.exec(select(User)).one()
        user.role = "viewer"
        session.add(user)

    assert ann.ask("GET", "/people").status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger: Caller):
    header = stranger.ask("POST", "/login").headers["set-cookie"]

    assert header.startswith("thinslice=secret;")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(header.split("; "))
    assert "Secure" not in header


def test_over_tls_the_cookie_is_tied_to_the_host(application: FastAPI, stranger: Caller):
    settings = application.state.settings
    application.state.settings = settings.model_copy(
        update={"public_url": "https://insights.example.com"}
    )

    header = stranger.ask("POST", "/login").headers["set-cookie"]

    assert header.startswith("__Host-thinslice=secret;")
    assert {"Secure", "Path=/", "HttpOnly"} <= set(header.split("; "))
    assert "domain" not in header.lower()


# CSRF: each way in.


def _post(caller: Caller, headers: dict[str, str] | None = None, **fields: str) -> int:
    answer = caller.ask("POST", "/features", data={"title": "x", **fields}, headers=headers or {})
    return answer.status_code


def test_a_form_with_the_sessions_own_token_is_taken_whole(eve: Caller):
    answer = eve.ask("POST", "/features", data={"title": "Rye", "csrf": eve.csrf})

    assert answer.json() == {"title": "Rye"}  # the guard read the form, and left it to the route


@pytest.mark.parametrize("csrf", ["", "guessed", "åäö", "\x00"])
def test_a_form_with_another_token_changes_nothing(eve: Caller, database: Database, csrf: str):
    assert _post(eve, csrf=csrf) == 403
    assert len(_rows(database, User)) == 1


def test_a_form_without_a_token_changes_nothing(eve: Caller):
    assert _post(eve) == 403


def test_somebody_elses_token_is_not_ones_own(ann: Caller, eve: Caller):
    assert _post(eve, csrf=ann.csrf) == 403


def test_scripts_of_ours_may_send_the_token_in_a_header(eve: Caller):
    assert _post(eve, {"X-CSRF": eve.csrf}) == 200
    assert _post(eve, {"X-CSRF": "guessed"}, csrf=eve.csrf) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "rubbish"])
def test_another_site_changes_nothing_even_with_the_token(eve: Caller, site: str):
    assert _post(eve, {"Sec-Fetch-Site": site}, csrf=eve.csrf) == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_may(eve: Caller, site: str):
    assert _post(eve, {"Sec-Fetch-Site": site}, csrf=eve.csrf) == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": OURS}, 200),
        ({"Referer": f"{OURS}/features/new"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Origin": "http://[", "Referer": f"{OURS}/"}, 403),
        ({"Referer": "https://evil.example/127.0.0.1:8000"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_a_browser_without_fetch_headers_is_known_by_its_origin(eve: Caller, headers, status):
    assert _post(eve, headers, csrf=eve.csrf) == status


def test_the_log_in_form_is_taken_from_our_pages_only(stranger: Caller):
    assert (
        stranger.ask("POST", "/login", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    )
    assert (
        stranger.ask("POST", "/login", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    )
    assert (
        stranger.ask("POST", "/login", headers={"Origin": "https://evil.example"}).status_code
        == 403
    )


def test_an_upload_carries_its_token_in_the_address_or_in_itself_where_it_is_read_whole(
    eve: Caller,
):
    path = "/imports/new"
    files = {"file": ("people.csv", b"email\n" * 1000)}

    assert eve.ask("POST", f"{path}?csrf={eve.csrf}", files=files).json()["bytes"] > 0
    assert eve.ask("POST", f"{path}?csrf=guessed", files=files).status_code == 403
    assert eve.ask("POST", path, files=files, data={"csrf": eve.csrf}).status_code == 200
    assert eve.ask("POST", path, files=files, data={"csrf": "guessed"}).status_code == 403
    streamed = "/audiences/a/imports"  # as large as it may be, nobody reads it for a token
    assert eve.ask("POST", streamed, files=files, data={"csrf": eve.csrf}).status_code == 403


def test_a_one_click_unsubscribe_needs_none_of_this_and_sees_no_session(ann: Caller):
    answer = ann.ask("POST", "/u/token", headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer.json()) == (200, None)


# The transaction of a request, and its audit.


def test_who_changed_what_stands_in_the_audit(eve: Caller, database: Database):
    _post(eve, csrf=eve.csrf)

    (row,) = _rows(database, AuditRow)
    (made,) = [user.id for user in _rows(database, User) if user.role == "viewer"]

    assert (row.actor, row.action, row.subject) == ("Eve", "POST /features", made)
    assert eve.csrf not in str(row.model_dump())


def test_what_a_token_changed_stands_there_with_its_subject(system: System, database: Database):
    system("admin").ask("DELETE", "/api/v1/people/p1")

    (row,) = _rows(database, AuditRow)

    assert (row.actor, row.action, row.subject) == (
        "admin",
        "DELETE /api/v1/people/{person_id}",
        "p1",
    )


def test_a_refused_change_is_undone_whole_and_leaves_no_audit(eve: Caller, database: Database):
    answer = eve.ask("POST", "/features/f1", data={"csrf": eve.csrf})

    assert answer.status_code == 409
    assert len(_rows(database, User)) == 1
    assert _rows(database, AuditRow) == []


# Whose address it is.


def _caller(application: FastAPI, trusted: tuple[str, ...], *forwarded: str) -> str:
    settings = application.state.settings
    application.state.settings = settings.model_copy(update={"trusted_proxies": trusted})
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "app": application, "headers": headers, "client": ("192.0.2.1", 1)}
    return guard.caller_of(Request(scope))


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), ("203.0.113.9",), "192.0.2.1"),
        (("192.0.2.0/24",), ("203.0.113.9",), "203.0.113.9"),
        (("192.0.2.1",), ("1.2.3.4, 203.0.113.9",), "203.0.113.9"),
        (("192.0.2.1", "203.0.113.9"), ("198.51.100.7, 203.0.113.9",), "198.51.100.7"),
        (("192.0.2.1",), ("1.2.3.4", "203.0.113.9"), "203.0.113.9"),  # a line of its own
        (("192.0.2.1",), (), "192.0.2.1"),
        (("192.0.2.1",), ("",), "192.0.2.1"),
        (("not a network",), ("203.0.113.9",), "192.0.2.1"),
    ],
)
def test_only_a_trusted_proxy_says_for_whom_it_asks(application, trusted, forwarded, address):
    assert _caller(application, trusted, *forwarded) == address


@pytest.mark.parametrize("path", ["/metrics", "/mcp", "/api/v1/features"])
def test_what_asks_for_a_token_is_known_by_its_path_alone(
    monkeypatch: pytest.MonkeyPatch, path: str
):
    """Frameworks have made addresses of `Host` as it came: a `/` or `?` in it moves the path."""
    monkeypatch.setattr(Request, "url", URL("http://x/?/metrics"))
    asked = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}

    assert callers.is_api(Request(asked))

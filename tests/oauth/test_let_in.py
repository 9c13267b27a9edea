"""The way of an agent from asking to its last call: what it gets, and when that is over."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.identity import audit, users
from app.identity import tokens as api_tokens
from app.identity.models import AgentGrant, AgentProgram, AgentToken, AuditRow, User
from app.identity.oauth import issuing, offered
from app.identity.oauth import store as oauth
from app.platform import clock
from app.platform.db import Database
from tests.identity.scenes import hashed_password
from tests.oauth.program import DRAFT, OURS, Program
from tests.web.conftest import Browser


def test_who_is_not_let_in_is_told_where_to_ask(program: Program):
    refused = program.ask("POST", "/mcp", json={})
    told = refused.headers["www-authenticate"]
    address = told.partition('resource_metadata="')[2].partition('"')[0]
    resource = program.ask("GET", address).json()
    [issuer] = resource["authorization_servers"]
    server = program.ask("GET", f"{issuer}/.well-known/oauth-authorization-server").json()

    assert refused.status_code == 401
    assert told.startswith("Bearer ")
    assert 'scope="read"' in told
    assert resource["resource"] == f"{OURS}/mcp"
    assert resource["scopes_supported"] == ["read"]
    assert server["issuer"] == issuer == OURS
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True


def test_both_words_without_which_claude_registers_no_document_are_said(program: Program):
    server = program.ask("GET", "/.well-known/oauth-authorization-server").json()

    assert server["client_id_metadata_document_supported"] is True
    assert "none" in server["token_endpoint_auth_methods_supported"]


def test_an_agent_that_was_let_in_reads_and_is_told_to_ask_before_it_drafts(
    program: Program, eve: Browser
):
    tokens = program.let_in(eve)
    listed = program.mcp(tokens["access_token"])
    drafted = program.mcp(tokens["access_token"], DRAFT)

    assert tokens["scope"] == "read"
    assert tokens["expires_in"] == 1800
    assert listed.status_code == 200
    assert len(listed.json()["result"]["tools"]) == 15
    assert drafted.status_code == 403
    assert 'error="insufficient_scope"' in drafted.headers["www-authenticate"]
    assert 'scope="read draft"' in drafted.headers["www-authenticate"]


def test_one_that_may_draft_gets_to_the_tool(program: Program, eve: Browser):
    tokens = program.let_in(eve, "read", "draft")
    drafted = program.mcp(tokens["access_token"], DRAFT)

    assert tokens["scope"] == "read draft"
    assert drafted.status_code == 200
    assert "No experiment e here" in drafted.text


def test_reading_is_ticked_and_drafting_is_not_whatever_was_asked_for(
    program: Program, eve: Browser
):
    page = eve.get(program.address(scope="read draft")).text

    assert 'name="read" value="yes" checked' in page
    assert 'name="draft" value="yes">' in page
    assert "it asks for this" in page
    assert "Sorter" in page
    assert '<strong class="mono">127.0.0.1</strong>' in page


def test_a_viewer_lets_nobody_draft_whatever_is_sent(program: Program, bo: Browser):
    page = bo.get(program.address(scope="read draft")).text
    forged = bo.post(
        "/oauth/authorize", **program.question(), read="yes", draft="yes", answer="allow"
    )
    tokens = program.let_in(bo)

    assert 'name="draft"' not in page
    assert forged.status_code == 403
    assert program.mcp(tokens["access_token"], DRAFT).status_code == 200  # refused in words
    assert "This token may only read" in program.mcp(tokens["access_token"], DRAFT).text


@pytest.mark.parametrize("ticked", [(), ("draft",)], ids=["nothing", "drafting-alone"])
def test_nothing_is_let_in_that_may_not_read(program: Program, eve: Browser, ticked):
    boxes = dict.fromkeys(ticked, "yes")
    again = eve.post("/oauth/authorize", **program.question(), **boxes, answer="allow")

    assert again.status_code == 422
    assert "Tick what it may do" in again.text
    assert "refresh" not in again.headers


def test_who_is_refused_hears_so_and_gets_nothing(
    program: Program, eve: Browser, database: Database
):
    said = program.answered(eve, answer="refuse")

    assert said == {"error": "access_denied", "state": program.state, "iss": OURS}
    with database.read() as session:
        assert session.exec(select(AgentGrant)).all() == []


def test_who_is_not_logged_in_logs_in_first_and_comes_back(program: Program, stranger: Browser):
    sent = stranger.get(program.address())
    assert sent.status_code == 303
    login = sent.headers["location"]
    page = stranger.get(login).text
    onward = page.partition('name="next" value="')[2].partition('"')[0].replace("&amp;", "&")
    back = stranger.post(
        "/login", csrf="", email="eve@halvern.example", password="a sentence nobody guesses",
        next=onward,
    )  # fmt: skip

    assert back.headers["location"] == program.address()
    assert "Let “Sorter” in?" in stranger.get(back.headers["location"]).text


def test_its_tokens_open_agents_alone(program: Program, ann: Browser):
    tokens = program.let_in(ann, "read", "draft")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    for path in ("/api/v1/experiments", "/api/v1/users", "/metrics"):
        assert program.ask("GET", path, headers=headers).status_code in {401, 404}, path
    assert program.ask("GET", "/account", headers=headers).status_code == 303
    assert program.mcp(tokens["refresh_token"]).status_code == 401


def test_nothing_that_opens_stands_in_the_database_as_it_is(
    program: Program, eve: Browser, database: Database
):
    code = program.code(eve)
    tokens = program.exchange(code).json()
    secrets = (code, tokens["access_token"], tokens["refresh_token"])

    assert [one[:4] for one in secrets] == ["tsk_", "tsa_", "tsr_"]
    assert min(map(len, secrets)) == 47  # 256 bits behind the prefix
    with database.read() as session:
        rows = [
            *session.exec(select(AgentGrant)).all(),
            *session.exec(select(AgentToken)).all(),
            *session.exec(select(AuditRow)).all(),
        ]
        assert len(rows) >= 4
        assert not [one for one in secrets for row in rows if one[4:] in str(row.model_dump())]


def test_a_refresh_token_is_good_for_once_and_comes_back_with_another(
    program: Program, eve: Browser
):
    first = program.let_in(eve)
    second = program.refresh(first["refresh_token"]).json()

    assert second["refresh_token"] != first["refresh_token"]
    assert program.mcp(second["access_token"]).status_code == 200


def test_an_old_refresh_token_ends_the_family(program: Program, eve: Browser, database: Database):
    first = program.let_in(eve)
    second = program.refresh(first["refresh_token"]).json()
    again = program.refresh(first["refresh_token"])

    assert again.json()["error"] == "invalid_grant"
    for token in (first["access_token"], second["access_token"]):
        assert program.mcp(token).status_code == 401
    assert program.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert ended(database) == ["its refresh token came twice"]


def test_a_code_that_comes_twice_ends_what_it_gave(
    program: Program, eve: Browser, database: Database
):
    code = program.code(eve)
    tokens = program.exchange(code).json()
    again = program.exchange(code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert program.mcp(tokens["access_token"]).status_code == 401
    assert ended(database) == ["its code came twice"]


def ended(database: Database) -> list[str]:
    with database.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.action == "agent ended")).all()
        return [row.details["because"] for row in rows]


def _new_password(database: Database, user: User) -> None:
    with database.write() as session:
        row = session.get_one(User, user.id)
        users.change_password(session, row, hashed_password(), now=clock.now())


def _removed(database: Database, user: User) -> None:
    with database.write() as session:
        users.remove(session, session.get_one(User, user.id), now=clock.now())


def _restored(database: Database, user: User) -> None:
    with database.write() as session:
        oauth.end_every(session, now=clock.now())


@pytest.mark.parametrize("over", [_new_password, _removed, _restored])
def test_whoever_may_not_come_in_as_they_did_keeps_no_agent(
    program: Program, eve: Browser, database: Database, over: Callable[[Database, User], None]
):
    tokens, waiting = program.let_in(eve), program.code(eve)
    with database.read() as session:
        user = session.exec(select(User).where(User.email == "eve@halvern.example")).one()
    over(database, user)

    assert program.mcp(tokens["access_token"]).status_code == 401
    assert program.refresh(tokens["refresh_token"]).status_code == 400
    assert program.exchange(waiting).status_code == 400


def test_whoever_becomes_a_viewer_has_no_agent_that_drafts(
    program: Program, eve: Browser, database: Database
):
    tokens = program.let_in(eve, "read", "draft")
    with database.write() as session:
        row = session.exec(select(User).where(User.email == "eve@halvern.example")).one()
        users.change_role(session, row, "viewer", now=clock.now())

    assert "This token may only read" in program.mcp(tokens["access_token"], DRAFT).text


def test_it_is_listed_with_its_last_use_and_taken_back_at_once(
    program: Program, eve: Browser, bo: Browser, application: FastAPI
):
    tokens = program.let_in(eve)
    assert "Last used" in eve.get("/account/agents").text
    assert ">never<" in eve.get("/account/agents").text
    program.mcp(tokens["access_token"])
    application.state.last_use.write()
    page = eve.get("/account/agents").text
    [end] = _ends(page)

    assert ">never<" not in page
    assert "Sorter" not in bo.get("/account/agents").text
    assert bo.post(end).status_code == 404
    assert program.mcp(tokens["access_token"]).status_code == 200
    assert "Taken back" in eve.send(end, on="/account/agents").text
    assert program.mcp(tokens["access_token"]).status_code == 401
    assert eve.post(end).status_code == 404


@pytest.mark.parametrize("way", ["page", "api"])
def test_an_admin_sees_whom_somebody_let_in_and_ends_it(
    program: Program, eve: Browser, ann: Browser, database: Database, way: str
):
    tokens = program.let_in(eve)
    with database.write() as session:
        user = session.exec(select(User).where(User.email == "eve@halvern.example")).one().id
        admin = api_tokens.add(session, name="A", role="admin", by="Ann", now=clock.now())
    assert "Sorter: read, last used never" in ann.get(f"/people/{user}").text
    if way == "page":
        assert "is refused" in ann.send(f"/people/{user}/end-agents", on="/people").text
    else:
        headers = {"Authorization": f"Bearer {admin.secret}"}
        ended = program.ask("DELETE", f"/api/v1/users/{user}/agents", headers=headers)
        assert ended.status_code == 204

    assert program.mcp(tokens["access_token"]).status_code == 401
    assert "Sorter" not in ann.get(f"/people/{user}").text


def _ends(page: str) -> list[str]:
    return re.findall(r'action="(/account/agents/\w+/end)"', page)


def test_a_program_gives_its_tokens_back(program: Program, eve: Browser, database: Database):
    other = Program(program.application, name="Other")
    for kind in ("access_token", "refresh_token"):
        tokens = program.let_in(eve)
        stolen = program.send("/oauth/revoke", token=tokens[kind], client_id=other.client_id)
        assert stolen.json()["error"] == "invalid_client"
        assert program.mcp(tokens["access_token"]).status_code == 200
        gone = program.send("/oauth/revoke", token=tokens[kind], client_id=program.client_id)
        assert (gone.status_code, gone.content) == (200, b"")
        assert program.mcp(tokens["access_token"]).status_code == 401
    unknown = program.send("/oauth/revoke", token="tsr_x", client_id=program.client_id)

    assert unknown.status_code == 200
    assert ended(database) == ["its program gave it back"] * 2


def test_the_audit_names_program_and_person_of_each_answer(
    program: Program, eve: Browser, database: Database
):
    program.answered(eve, answer="refuse")
    tokens = program.let_in(eve, "read", "draft")
    [end] = _ends(eve.get("/account/agents").text)
    program.mcp(tokens["access_token"])
    eve.post(end)

    with database.read() as session:
        rows = session.exec(select(AuditRow).order_by(AuditRow.number)).all()  # type: ignore[arg-type]
        told = [(row.actor, row.action, row.details) for row in rows if "agent" in row.action]
        assert not audit.Seals(program.application.state.keyring.seals).verified(session).faults
    beside = {"client": program.client_id, "name": "Sorter", "answer to": "127.0.0.1"}
    scope = {"scope": "read draft"}
    assert told == [
        ("Eve", "agent refused", beside),
        ("Eve", "agent allowed", beside | scope),
        ("Eve", "agent taken back", beside | scope),
    ]


def test_everything_ends_by_itself(
    program: Program, eve: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
):
    late = program.code(eve)
    tokens = program.let_in(eve)
    now = clock.now()

    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=3))
    assert program.exchange(late).json()["error"] == "invalid_grant"
    assert program.mcp(tokens["access_token"]).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=31))
    assert program.mcp(tokens["access_token"]).status_code == 401
    for days in (25, 50, 75, 89):
        monkeypatch.setattr(clock, "now", lambda days=days: now + timedelta(days=days))
        tokens = program.refresh(tokens["refresh_token"]).json()
        assert program.mcp(tokens["access_token"]).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + issuing.GRANT_LASTS + timedelta(seconds=1))
    assert program.mcp(tokens["access_token"]).status_code == 401
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_programs_that_nobody_lets_in_are_forgotten_after_a_day(
    program: Program, eve: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
):
    used = Program(program.application, name="Used")
    used.let_in(eve)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1, seconds=1))
    page = _next_day(program, eve, database)

    assert page.status_code == 400
    assert "not known here" in page.text
    Program(program.application, name="New")
    with database.read() as session:
        names = {row.name for row in session.exec(select(AgentProgram)).all()}
    assert names == {"Used", "New"}


def _next_day(program: Program, eve: Browser, database: Database):
    return eve.get(program.address())


def test_where_the_operator_wants_none_each_address_says_so(
    program: Program, eve: Browser, application: FastAPI
):
    tokens = program.let_in(eve)
    application.state.settings = application.state.settings.model_copy(
        update={"agents_log_in": False}
    )

    for method, path in (
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/oauth-protected-resource"),
        ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("POST", "/oauth/register"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/revoke"),
        ("POST", "/mcp"),
    ):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        said = program.ask(method, path, headers=headers)
        assert said.status_code == 404, path
        assert "THINSLICE_AGENTS_LOG_IN=0" in said.json()["detail"], path
    assert "THINSLICE_AGENTS_LOG_IN=0" in eve.get(program.address()).text
    assert "THINSLICE_AGENTS_LOG_IN=0" in eve.get("/account/agents").text
    assert program.ask("POST", "/mcp").headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ((False, OURS), "pip install"),
        ((True, "http://insights.example"), "over TLS only"),
    ],
    ids=["no-sdk", "no-tls"],
)
def test_where_it_cannot_be_offered_it_says_what_helps(
    program: Program,
    application: FastAPI,
    monkeypatch: pytest.MonkeyPatch,
    way: tuple[bool, str],
    said: str,
):
    monkeypatch.setattr(offered, "is_installed", lambda: way[0])
    changed = {"public_url": way[1]}
    application.state.settings = application.state.settings.model_copy(update=changed)

    answer = program.ask("GET", "/.well-known/oauth-authorization-server")

    assert answer.status_code == 404
    assert said in answer.json()["detail"]

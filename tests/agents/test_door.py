"""Who may ask at /mcp, and from where."""

import httpx
import pytest
from fastapi import FastAPI

from app.agents import pace, site
from app.identity import store
from app.identity.oauth.offered import INSTALL
from app.identity.secrets import kept
from tests import alone
from tests.agents.asked import Agent

_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def _post(application: FastAPI, token: str | None, **more: str) -> httpx.Response:
    headers = {"Accept": "application/json, text/event-stream", **more}
    if token:
        headers["Authorization"] = f"Bearer {token}"

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post("/mcp", json=_LIST, headers=headers)

    return alone.run(post())


def test_a_token_opens_it(agent: Agent):
    assert _post(agent.application, agent.token).status_code == 200


@pytest.mark.parametrize("token", [None, "tsl_nobodys", "else"])
def test_without_a_token_of_ours_it_stays_shut(agent: Agent, token: str | None):
    answer = _post(agent.application, token)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_a_foreign_name_and_a_foreign_page_are_refused(agent: Agent):
    assert _post(agent.application, agent.token, Host="rebound.example").status_code == 421
    assert _post(agent.application, agent.token, Origin="https://e.example").status_code == 403


def test_where_the_sdk_is_missing_it_says_so(agent: Agent, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(site, "is_installed", lambda: False)

    answer = _post(agent.application, agent.token)

    assert answer.status_code == 404
    assert INSTALL in answer.json()["detail"]


def test_sixty_calls_a_minute_and_the_next_is_told_how_long_to_wait(agent: Agent):
    for _ in range(pace.CALLS):
        pace.check(_id_of(agent))
        pace.check(f"another than {_id_of(agent)}")

    said = agent.refused("list_experiments")

    assert said.startswith("60 calls a minute. Go on in ")
    assert 0 < int(said.removesuffix(" s.").rpartition(" ")[2]) <= 60


def _id_of(agent: Agent) -> str:
    with agent.application.state.database.read() as session:
        row = store.token_by_hash(session, kept(agent.token))
    assert row is not None
    return row.id

"""Programs that are known by a document of their own, fetched past our guard."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx
from fastapi import FastAPI

from app.identity.oauth import documents
from app.platform.outbound import Outbound
from tests.anew import forget_tries
from tests.oauth.program import Program
from tests.web.conftest import Browser

ADDRESS = "https://agent.example/oauth/client.json"
CALLBACK = "https://agent.example/back"
SAID: dict[str, Any] = {
    "client_id": ADDRESS,
    "client_name": "Claude",
    "redirect_uris": [CALLBACK],
    "token_endpoint_auth_method": "none",
}
PUBLIC = {"agent.example": ["93.184.216.34"], "inside.example": ["10.0.0.7"]}


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    forget_tries()
    yield
    forget_tries()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.MockRouter]:
    resolving = Outbound(resolve=lambda host, _port: PUBLIC.get(host, []))
    monkeypatch.setattr(documents, "OUTBOUND", resolving)
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def agent(application: FastAPI, people: None) -> Program:
    return Program(application, redirect=CALLBACK, client_id=ADDRESS)


def _serve(web: respx.MockRouter, said: Any = None, **more: Any) -> respx.Route:
    content = said if isinstance(said, bytes) else json.dumps(SAID if said is None else said)
    headers = {"Content-Type": more.pop("kind", "application/json; charset=utf-8")}
    answer = httpx.Response(more.pop("status", 200), content=content, headers=headers | more)
    return web.get("https://93.184.216.34/oauth/client.json").mock(return_value=answer)


def test_it_is_let_in_by_its_document(agent: Program, eve: Browser, web: respx.MockRouter):
    route = _serve(web)
    page = eve.get(agent.address()).text
    tokens = agent.let_in(eve)

    assert "Let “Claude” in?" in page
    assert '<strong class="mono">agent.example</strong>' in page
    assert ADDRESS in page
    assert agent.mcp(tokens["access_token"]).status_code == 200
    assert agent.refresh(tokens["refresh_token"]).status_code == 200
    asked = route.calls.last.request
    assert (asked.headers["host"], asked.headers["accept"]) == ("agent.example", "application/json")


def test_exactly_five_kilobytes_are_read(agent: Program, eve: Browser, web: respx.MockRouter):
    room = 5 * 1024 - len(json.dumps(SAID | {"x": ""}))
    _serve(web, SAID | {"x": "x" * room})
    assert eve.get(agent.address()).status_code == 200

    _serve(web, SAID | {"x": "x" * (room + 1)})
    assert eve.get(agent.address()).status_code == 503


DOCUMENTS: dict[str, Any] = {
    "another id": SAID | {"client_id": "https://agent.example/other.json"},
    "id with a slash": SAID | {"client_id": f"{ADDRESS}/"},
    "no id": {key: value for key, value in SAID.items() if key != "client_id"},
    "id that is a list": SAID | {"client_id": [ADDRESS]},
    "no addresses": SAID | {"redirect_uris": []},
    "a script": SAID | {"redirect_uris": [CALLBACK, "javascript:alert(1)"]},
    "another address": SAID | {"redirect_uris": ["https://agent.example/other"]},
    "a secret": SAID | {"client_secret": "s"},
    "a secret, asked for": SAID | {"token_endpoint_auth_method": "client_secret_post"},
    "a key": SAID | {"token_endpoint_auth_method": "private_key_jwt"},
    "a list": [SAID],
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "nested without end": b"[" * 5000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_not_as_it_must_be_lets_nobody_in(
    agent: Program, eve: Browser, web: respx.MockRouter, name: str
):
    _serve(web, DOCUMENTS[name])
    page = eve.get(agent.address())

    assert page.status_code == 400
    assert 'action="/oauth/authorize"' not in page.text


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"status": 404}, 400), ({"status": 302, "location": "http://10.0.0.7/"}, 400),
        ({"status": 206}, 400), ({"kind": "text/html"}, 400), ({"kind": ""}, 400),
    ],
    ids=["missing", "elsewhere", "part", "page", "no-kind"],
)  # fmt: skip
def test_an_answer_that_is_no_document_lets_nobody_in(
    agent: Program, eve: Browser, web: respx.MockRouter, more: dict[str, Any], status: int
):
    _serve(web, **more)

    assert eve.get(agent.address()).status_code == status
    assert len(web.calls) == 1  # nowhere else was asked


ADDRESSES = {
    "inside": "https://inside.example/client.json",
    "loopback": "https://127.0.0.1/client.json",
    "metadata": "https://169.254.169.254/latest",
    "loopback by number": "https://2130706433/client.json",
    "no path": "https://agent.example",
    "path of a slash": "https://agent.example/",
    "user": "https://a@agent.example/oauth/client.json",
    "user and password": "https://a:b@agent.example/oauth/client.json",
    "fragment": f"{ADDRESS}#x",
    "dots": "https://agent.example/oauth/../client.json",
    "a dot": "https://agent.example/./client.json",
    "escaped dots": "https://agent.example/oauth/%2e%2e/client.json",
    "http": "http://agent.example/oauth/client.json",
    "capitals": "https://Agent.example/oauth/client.json",
    "beyond ASCII": "https://аgent.example/oauth/client.json",
    "backslash": "https://agent.example\\@evil.example/c",
    "lines": f"{ADDRESS}\r\nHost: inside.example",
    "very long": f"{ADDRESS}?{'x' * 500}",
    "no such host": "https://nobody.example/client.json",
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_what_is_no_address_of_a_document_is_not_asked(
    agent: Program, eve: Browser, web: respx.MockRouter, name: str
):
    _serve(web)
    page = eve.get(agent.address(client_id=ADDRESSES[name]))

    assert page.status_code in {400, 422, 503}, page.text
    assert 'action="/oauth/authorize"' not in page.text
    assert len(web.calls) == 0


def test_nobody_who_is_not_logged_in_makes_us_ask(
    agent: Program, stranger: Browser, web: respx.MockRouter
):
    _serve(web)

    assert stranger.get(agent.address()).status_code == 303
    assert len(web.calls) == 0


def test_one_person_makes_us_ask_thirty_times_a_minute(
    agent: Program, eve: Browser, bo: Browser, web: respx.MockRouter
):
    _serve(web)
    statuses = [eve.get(agent.address()).status_code for _ in range(31)]

    assert statuses == [200] * 30 + [429]
    assert bo.get(agent.address()).status_code == 200


def test_a_document_that_changed_meanwhile_takes_the_answer_nowhere(
    agent: Program, eve: Browser, web: respx.MockRouter
):
    _serve(web)
    assert eve.get(agent.address()).status_code == 200
    _serve(web, SAID | {"redirect_uris": ["https://agent.example/new"]})
    led = eve.post("/oauth/authorize", **agent.question(), read="yes", answer="allow")

    assert led.status_code == 400
    assert "refresh" not in led.headers


def test_a_host_that_values_are_read_from_is_none_that_documents_are(
    application: FastAPI, agent: Program, eve: Browser, web: respx.MockRouter
):
    state = application.state
    listed = {"allow_private_sources": ("inside.example",)}
    state.settings = state.settings.model_copy(update=listed)
    route = web.get("https://10.0.0.7/client.json").mock(return_value=httpx.Response(200))

    page = eve.get(agent.address(client_id=ADDRESSES["inside"]))

    assert page.status_code == 400
    assert "Let it register itself" in page.text
    assert not route.called

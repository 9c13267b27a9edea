"""`/hooks/{name}`, as a provider meets it."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.identity import throttle
from app.links import return_address
from app.links.keyring import Kind
from tests.api.conftest import Api
from tests.delivery.hooks.events import SETTINGS, bounce, proven


@pytest.fixture
def provider(nobody: Api) -> Api:
    state = nobody.application.state
    state.settings = state.settings.model_copy(update={"mail_events": SETTINGS["postmark"]})
    throttle._limiter.storage.reset()
    return nobody


def tell(
    api: Api, document: Any, headers: dict[str, str] | None = None, name: str = "postmark"
) -> httpx.Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=api.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
            sent = proven() if headers is None else headers
            return await one.post(f"/hooks/{name}", content=body, headers=sent)

    return asyncio.run(ask())


def test_an_event_of_no_mail_of_ours_is_well_and_changes_nothing(provider: Api):
    token = return_address.sign(7, Kind.RETURN, provider.application.state.keyring)
    answer = tell(provider, bounce(token, "HardBounce"))

    assert (answer.status_code, answer.json()) == (200, {"is_new": False})


def test_each_way_to_be_refused_has_its_answer(provider: Api):
    said = {
        "forged": tell(provider, bounce("x", "HardBounce"), {}),
        "not ours": tell(provider, {}, name="sendgrid"),
        "no event": tell(provider, b"[]"),
    }

    assert {name: answer.status_code for name, answer in said.items()} == {
        "forged": 401,
        "not ours": 404,
        "no event": 422,
    }
    assert said["forged"].headers["www-authenticate"] == "Basic"
    for answer in said.values():
        assert answer.headers["content-type"] == "application/problem+json"
        assert "detail" in answer.json()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"signature": {}, "event-data": {}}']
)
def test_what_proves_nothing_is_told_so_by_every_provider(provider: Api, name: str, body: bytes):
    state = provider.application.state
    every = " ".join(SETTINGS.values())
    state.settings = state.settings.model_copy(update={"mail_events": every})
    answer = tell(provider, body, {}, name)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["detail"]


def test_whoever_guesses_is_slowed_down_and_the_provider_is_not(provider: Api):
    codes = [tell(provider, {}, proven(f"guess-number-{n}-of-many")).status_code for n in range(35)]

    assert codes == [401] * 30 + [429] * 5
    assert tell(provider, bounce("x", "HardBounce")).status_code == 200


def test_the_document_says_what_is_sent_and_who_proves_what(provider: Api):
    told = provider.ask("GET", "/openapi.json").json()["paths"]["/hooks/{name}"]["post"]

    assert told["security"] == []  # no token of ours: each provider has its own proof
    assert told["requestBody"]["content"]["application/json"]
    assert "Postmark" in told["description"]

"""A program that wants to be let in, written from the standards and knowing nothing of our code."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from fastapi import FastAPI

from tests import alone
from tests.web.conftest import Browser

OURS = "http://127.0.0.1:8000"
REDIRECT = "http://127.0.0.1:33418/callback"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
DRAFT = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "ask_for_launch", "arguments": {"experiment_id": "e", "note": "x"}},
}


def drawn() -> str:
    return secrets.token_urlsafe(48)


@dataclass
class Program:
    """One program on somebody's machine."""

    application: FastAPI
    redirect: str = REDIRECT
    name: str = "Sorter"
    verifier: str = field(default_factory=drawn)
    state: str = field(default_factory=drawn)
    client_id: str = ""

    def __post_init__(self) -> None:
        if not self.client_id:
            answer = self.register(redirect_uris=[self.redirect], client_name=self.name)
            assert answer.status_code == 201, answer.text
            self.client_id = answer.json()["client_id"]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.application, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url=OURS) as client:
                return await client.request(method, path, **more)

        return alone.run(ask())

    def register(self, **said: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        return self.ask("POST", "/oauth/register", content=json.dumps(said), headers=headers)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def question(self, **other: str | None) -> dict[str, str]:
        """What it asks; of `other` what is None is left out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "scope": "read",
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "resource": f"{OURS}/mcp",
        }
        return {name: value for name, value in (asked | other).items() if value is not None}

    def address(self, **other: str | None) -> str:
        return f"/oauth/authorize?{urlencode(self.question(**other))}"

    def answered(self, browser: Browser, *ticked: str, answer: str = "allow") -> dict[str, str]:
        """What somebody's browser brings, once they pressed the button of the page."""
        page = browser.get(self.address())
        assert page.status_code == 200, page.text
        boxes = dict.fromkeys(ticked or ("read",), "yes")
        led = browser.post("/oauth/authorize", **fields_of(page.text), **boxes, answer=answer)
        assert led.status_code == 200, led.text
        return brought(led, self.redirect)

    def code(self, browser: Browser, *ticked: str) -> str:
        said = self.answered(browser, *ticked)
        assert said["state"] == self.state
        assert said["iss"] == OURS
        return said["code"]

    def exchange(self, code: str, **other: str | None) -> httpx.Response:
        sent: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "client_id": self.client_id,
            "code_verifier": self.verifier,
            "resource": f"{OURS}/mcp",
        }
        return self.send("/oauth/token", **(sent | other))

    def refresh(self, token: str, **other: str | None) -> httpx.Response:
        sent: dict[str, str | None] = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": self.client_id,
        }
        return self.send("/oauth/token", **(sent | other))

    def send(self, path: str, **sent: str | None) -> httpx.Response:
        return self.ask("POST", path, data={k: v for k, v in sent.items() if v is not None})

    def let_in(self, browser: Browser, *ticked: str) -> dict[str, Any]:
        """Tokens, by the whole way."""
        answer = self.exchange(self.code(browser, *ticked))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def mcp(self, token: str, body: dict[str, Any] = LIST) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
        }
        return self.ask("POST", "/mcp", json=body, headers=headers)


def fields_of(page: str) -> dict[str, str]:
    """What the form of a page carries on."""
    form = page.partition('action="/oauth/authorize"')[2]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found if name != "csrf"}


def brought(led: httpx.Response, redirect: str) -> dict[str, str]:
    """What a browser takes to the program's address, and that it goes to no other."""
    address = led.headers["refresh"].removeprefix("0;url=")
    assert address.startswith(f"{redirect}?"), address
    return {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}

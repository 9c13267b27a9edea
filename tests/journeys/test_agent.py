"""A real client of MCP is let in by a person in a real browser, drafts, and launches nothing."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from playwright.async_api import Page, async_playwright, expect
from pydantic import AnyUrl

from tests.agents.asked import text_of
from tests.cast import DESIGN
from tests.journeys import browser as browsers
from tests.journeys.conftest import migrated
from tests.journeys.test_by_page import PASSWORD
from tests.serve import Installation

pytestmark = pytest.mark.browser


@dataclass
class Memory:
    """Where a client keeps what it was given."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class Listener:
    """The program's own address on this machine, to which the browser brings the answer."""

    brought: list[dict[str, str]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                if self.path.startswith("/callback"):
                    listener.brought.append({name: one[0] for name, one in query.items()})
                    listener.came.set()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"The program has it.")

            def log_message(self, *_said: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/callback"


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with migrated(request, tmp_path / "data") as url:
        installation = Installation(tmp_path / "data", url)
        installation.start("--migrate")
        try:
            yield installation
        finally:
            installation.stop()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.server.shutdown()
    listening.server.server_close()


@pytest.mark.parametrize("service", ["sqlite", "postgresql"], indirect=True)
def test_a_person_lets_an_agent_in_and_it_drafts(service: Installation, listener: Listener):
    link = re.search(r"http://\S+/setup\?token=\S+", service.log)
    assert link, service.log
    asyncio.run(_told(service, listener, link[0]))


async def _told(service: Installation, listener: Listener, setup: str) -> None:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=browsers.path_or_skip(), args=list(browsers.QUIET)
        )
        page = await started.new_page()
        page.set_default_timeout(60_000)
        await _set_up(page, setup)
        agent = Sorter(service, listener, page)
        await agent.is_let_in_to_read_then_to_draft()
        await agent.is_taken_back()
        await started.close()


async def _set_up(page: Page, address: str) -> None:
    await page.goto(address)
    for name, value in (("name", "Ann"), ("email", "ann@halvern.example"), ("password", PASSWORD)):
        await page.locator(f"main [name={name}]").fill(value)
    await page.locator("main button").first.click()
    await page.wait_for_url(re.compile(r"/$"))


@dataclass
class Sorter:
    """The client of MCP's Python SDK; its person looks at the page that it opens."""

    service: Installation
    listener: Listener
    page: Page
    memory: Memory = field(default_factory=Memory)
    asked: list[str] = field(default_factory=list)

    def provider(self) -> OAuthClientProvider:
        return OAuthClientProvider(
            f"{self.service.url}/mcp",
            OAuthClientMetadata(
                client_name="Sorter", redirect_uris=[AnyUrl(self.listener.address)]
            ),
            self.memory,
            redirect_handler=self._show,
            callback_handler=self._wait,
        )

    async def _show(self, address: str) -> None:
        """The person reads, ticks drafting where it is asked for, and presses the button."""
        self.asked.append(parse_qs(urlsplit(address).query)["scope"][0])
        self.listener.came.clear()
        await self.page.goto(address)
        await expect(self.page.get_by_role("heading", name="Let “Sorter” in?")).to_be_visible()
        await expect(self.page.locator("[name=read]")).to_be_checked()
        await expect(self.page.locator("[name=draft]")).not_to_be_checked()
        if "draft" in self.asked[-1]:
            await self.page.locator("[name=draft]").check()
        allow = self.page.get_by_role("button", name="Let it in")
        await allow.click()  # a click that was meant for what stood here a moment ago
        await self.page.wait_for_timeout(1000)
        assert "/oauth/authorize?" in self.page.url
        assert not self.listener.came.is_set()
        await allow.click()
        await self.page.wait_for_url(re.compile(re.escape(self.listener.address)))

    async def _wait(self) -> AuthorizationCodeResult:
        await asyncio.to_thread(self.listener.came.wait, 60)
        said = self.listener.brought[-1]
        return AuthorizationCodeResult(code=said["code"], state=said["state"], iss=said["iss"])

    async def is_let_in_to_read_then_to_draft(self) -> None:
        async with (
            httpx2.AsyncClient(auth=self.provider(), timeout=120) as http,
            Client(streamable_http_client(f"{self.service.url}/mcp", http_client=http)) as client,
        ):
            assert len((await client.list_tools()).tools) == 15
            assert self.asked == ["read"]
            made = await client.call_tool(
                "draft_experiment", DESIGN | {"audience_id": None, "idempotency_key": "once"}
            )
            assert self.asked == ["read", "read draft"]
            draft = json.loads(text_of(made))
            assert draft["status"] == "draft"
            launched = await client.call_tool("launch_experiment", {"experiment_id": draft["id"]})
            assert launched.is_error
            assert text_of(launched).startswith("Launching stays with a person.")
        with self.service.api() as api:
            assert api.get(f"/experiments/{draft['id']}").json()["status"] == "draft"
            [row] = [
                one
                for one in api.get("/audit", params={"limit": 100}).json()["items"]
                if one["action"] == "agent draft_experiment"
            ]
        assert row["actor"] == "Sorter for Ann"
        assert row["details"]["program"].startswith("tsp_")

    async def is_taken_back(self) -> None:
        token = self.memory.tokens
        assert token is not None
        await self.page.goto(f"{self.service.url}/account/agents")
        await expect(self.page.get_by_text("read and draft")).to_be_visible()
        await self.page.get_by_text("Take back …").first.click()
        await self.page.get_by_role("button", name="Take back").locator("visible=true").click()
        await expect(
            self.page.get_by_text("Taken back: it is refused from now on.")
        ).to_be_visible()
        async with httpx2.AsyncClient() as http:
            answer = await http.post(
                f"{self.service.url}/mcp",
                json={},
                headers={"Authorization": f"Bearer {token.access_token}"},
            )
        assert answer.status_code == 401

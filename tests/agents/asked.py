"""An agent as its own program asks: the client of MCP's SDK, with a token as bearer."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from tests import alone

T = TypeVar("T")


@dataclass(frozen=True)
class Agent:
    """What an agent does: ask for the tools, and call them."""

    application: FastAPI
    token: str

    def told(self, name: str, /, **arguments: Any) -> Any:
        """What a tool answers."""
        answer = self.asked(name, arguments)
        assert not answer.is_error, text_of(answer)
        return json.loads(text_of(answer))

    def refused(self, name: str, /, **arguments: Any) -> str:
        """In which words it refuses."""
        answer = self.asked(name, arguments)
        assert answer.is_error, text_of(answer)
        return text_of(answer)

    def asked(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """The whole answer."""
        return self.with_client(lambda client: client.call_tool(name, arguments))

    def with_client(self, ask: Callable[[Client], Awaitable[T]]) -> T:
        """Connect, ask, leave."""

        async def connected() -> T:
            headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "Sorter/1"}
            transport = httpx2.ASGITransport(app=self.application)
            async with httpx2.AsyncClient(transport=transport, headers=headers) as http:
                way = streamable_http_client("http://localhost/mcp", http_client=http)
                async with Client(way) as client:
                    return await ask(client)

        return alone.run(connected())


def text_of(answer: CallToolResult) -> str:
    """What an agent reads."""
    [part] = answer.content
    assert isinstance(part, TextContent)
    return part.text

"""Agents that start a program instead of asking an address: standard input and output.

Whatever they ask is handed on to an installation, with a token.
"""

from typing import Any

import anyio
import httpx2
import mcp.types as wire
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from app.platform.errors import AppError, Unavailable

_PATIENCE_SECONDS = 60.0


def run(url: str, token: str) -> None:
    """Hand on until standard input ends. Raises Unavailable where nobody answers so there."""
    try:
        anyio.run(_handed_on, url.rstrip("/") + "/mcp", token)
    except* AppError as group:
        raise _first(group) from None


async def _handed_on(address: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=_PATIENCE_SECONDS) as http:
        await _check(http, address)
        async with Client(streamable_http_client(address, http_client=http)) as client:
            await _serve(client)


async def _check(http: httpx2.AsyncClient, address: str) -> None:
    """Whether the address and the token are right is said before anything is handed on."""
    ping = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
    accepts = {"Accept": "application/json, text/event-stream"}
    try:
        answer = await http.post(address, json=ping, headers=accepts)
    except httpx2.HTTPError as error:
        raise Unavailable(f"Nobody answers at {address}: {error}") from error
    if answer.is_error:
        raise Unavailable(f"{address} answers {answer.status_code}: {_sentence(answer)}")


async def _serve(client: Client) -> None:
    async def told(_context: Any, asked: Any) -> wire.ListToolsResult:
        return await client.list_tools(cursor=asked.cursor if asked else None)

    async def called(_context: Any, asked: wire.CallToolRequestParams) -> wire.CallToolResult:
        return await client.call_tool(asked.name, asked.arguments or {})

    server = Server(
        "thinslice", instructions=client.instructions, on_list_tools=told, on_call_tool=called
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _sentence(answer: httpx2.Response) -> str:
    kind = answer.headers.get("content-type", "")
    return str(answer.json()["detail"]) if kind.startswith("application/problem") else "no reason"


def _first(group: BaseExceptionGroup[Any]) -> AppError:
    """The one that says what happened, however deep."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner

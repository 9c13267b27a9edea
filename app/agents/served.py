"""MCP itself, by its SDK: one request in, one answer out; nothing is kept between them."""

from functools import cache
from importlib.metadata import version
from typing import Any

import mcp.types as wire
from fastapi import Request
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.agents import calling
from app.agents.tools import INSTRUCTIONS, TOOLS, Needs, Tool


class Handed(Response):
    """What the SDK answers to a request of ours, whose body was read before."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__()
        self._request = request
        self._unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's door."""
        manager = StreamableHTTPSessionManager(
            server(self._request), json_response=True, stateless=True
        )
        async with manager.run():
            await manager.handle_request(scope, self._replaying(receive), send)

    def _replaying(self, receive: Receive) -> Receive:
        async def replayed() -> Message:
            return self._unread.pop() if self._unread else await receive()

        return replayed


def server(request: Request) -> Server[Any]:
    """The tools, for whoever sent this request."""

    async def told(_context: Any, _asked: Any) -> wire.ListToolsResult:
        return wire.ListToolsResult(tools=list(_tools()))

    async def called(context: Any, asked: wire.CallToolRequestParams) -> wire.CallToolResult:
        client = _client(context, request)
        answer = await run_in_threadpool(
            calling.call, request, asked.name, asked.arguments or {}, client=client
        )
        text = wire.TextContent(type="text", text=answer.text)
        return wire.CallToolResult(content=[text], is_error=answer.is_refusal)

    return Server(
        "thinslice",
        title="Thinslice",
        version=version("thinslice"),
        instructions=INSTRUCTIONS,
        on_list_tools=told,
        on_call_tool=called,
    )


@cache
def _tools() -> tuple[wire.Tool, ...]:
    """As told to every agent; their schemas take longer to write than most tools to answer."""
    return tuple(_tool(tool) for tool in TOOLS)


def _tool(tool: Tool) -> wire.Tool:
    reads = tool.needs is Needs.READ
    return wire.Tool(
        name=tool.name,
        description=tool.about,
        input_schema=tool.takes.model_json_schema(),
        annotations=wire.ToolAnnotations(
            read_only_hint=reads, destructive_hint=False, open_world_hint=False
        ),
    )


def _client(context: Any, request: Request) -> str:
    """What the agent says it is; of an older protocol, what its program says."""
    info = context.session.client_params
    if info is not None:
        return str(info.client_info.name)[:200]
    return request.headers.get("user-agent", "")[:200]

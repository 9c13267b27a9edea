"""Where agents ask: one address, with a token of the API as bearer."""

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from app.agents import authorizing, stepping_up, told
from app.identity import guard
from app.identity.guard import Who
from app.identity.oauth.offered import INSTALL, is_installed
from app.platform.errors import NotFound

router = APIRouter(include_in_schema=False)

router.include_router(authorizing.router)


@router.post("/mcp")
async def ask(request: Request, who: Who) -> Response:
    """One message of MCP, over streamable HTTP, without a session."""
    guard.refuse_foreign(request)
    if not is_installed():
        raise NotFound(
            f"Agents are not served here. The operator installs what they need: {INSTALL}"
        )
    request.state.principal = replace(who, kind="agent")
    body = await request.body()
    stepping_up.check(request, body)
    return await run_in_threadpool(_handed, request, body)


def _handed(request: Request, body: bytes) -> Response:
    from app.agents.served import Handed  # half a second, the first time

    return Handed(request, body)


@router.get("/llms.txt")
def tell() -> PlainTextResponse:
    """What an agent is told that looks here first."""
    return PlainTextResponse(told.llms())


@router.get("/SKILL.md")
def teach() -> PlainTextResponse:
    """What teaches an agent to ask here, as a file."""
    return PlainTextResponse(told.skill(), media_type="text/markdown")

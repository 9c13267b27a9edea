"""Where agents ask: one address, with a token of the API as bearer."""

from dataclasses import replace
from importlib.util import find_spec

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from app.agents import told
from app.identity import guard
from app.identity.guard import Who
from app.platform.errors import NotFound

router = APIRouter(include_in_schema=False)

INSTALL = "pip install 'thinslice[agents]'"


@router.post("/mcp")
async def ask(request: Request, who: Who) -> Response:
    """One message of MCP, over streamable HTTP, without a session."""
    guard.refuse_foreign(request)
    if not is_installed():
        raise NotFound(
            f"Agents are not served here. The operator installs what they need: {INSTALL}"
        )
    request.state.principal = replace(who, kind="agent")
    return await run_in_threadpool(_handed, request)


def _handed(request: Request) -> Response:
    from app.agents.served import Handed  # half a second, the first time

    return Handed(request)


@router.get("/llms.txt")
def tell() -> PlainTextResponse:
    """What an agent is told that looks here first."""
    return PlainTextResponse(told.llms())


@router.get("/SKILL.md")
def teach() -> PlainTextResponse:
    """What teaches an agent to ask here, as a file."""
    return PlainTextResponse(told.skill(), media_type="text/markdown")


def is_installed() -> bool:
    """Whether the SDK of MCP is there, which only agents need."""
    return find_spec("mcp") is not None

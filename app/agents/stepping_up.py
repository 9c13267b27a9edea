"""A call that drafts, by an agent that somebody let in to read: it is told to ask that person.

A client of OAuth reads it in the answer's head (RFC 6750, 3.1) and shows the page again. Who comes
with a token that an admin made reads a sentence instead: there is nobody to ask.
"""

from typing import Any

from fastapi import Request

from app.agents import refusals
from app.agents.tools import BY_NAME, Needs
from app.identity.callers import Principal
from app.identity.oauth import offered
from app.platform.errors import Forbidden
from app.platform.foreign import NotJson, read_json


def check(request: Request, body: bytes) -> None:
    """Raises Forbidden, with what to ask for."""
    who: Principal = request.state.principal
    if not who.may_ask_to_draft or not _drafts(body):
        return
    error = Forbidden(refusals.MAY_ONLY_READ)
    error.challenge = offered.challenge(
        request.app.state.settings, error="insufficient_scope", scope=offered.DRAFTING
    )
    raise error


def _drafts(body: bytes) -> bool:
    try:
        asked = read_json(body)
    except NotJson:
        return False  # and the protocol says so
    if not isinstance(asked, dict) or asked.get("method") != "tools/call":
        return False
    params: Any = asked.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    tool = BY_NAME.get(name) if isinstance(name, str) else None
    return tool is not None and tool.needs is Needs.DRAFT

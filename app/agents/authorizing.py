"""What programs read and send to be let in (OAuth); the page where a person answers is the web's.

Pages of other sites read none of it: `/mcp` is not for them either.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from app.identity import guard, throttle
from app.identity.bodies import PLAIN_FORM
from app.identity.models import AgentProgram
from app.identity.oauth import issuing, offered, programs
from app.identity.oauth.issuing import Refusal
from app.identity.oauth.programs import BadProgram
from app.identity.oauth.redirects import BadRedirect
from app.platform import clock
from app.platform.errors import TooMany
from app.platform.foreign import NotJson, read_json

router = APIRouter(include_in_schema=False)

_MOST_FIELDS = 50


@router.get(offered.SERVER)
def server(request: Request) -> JSONResponse:
    """Where a program is let in (RFC 8414)."""
    offered.refuse_unoffered(request.app.state.settings)
    return JSONResponse(offered.server(request.app.state.settings))


@router.get(offered.RESOURCE)
@router.get(f"{offered.RESOURCE}{offered.AGENTS}")
def protected(request: Request) -> JSONResponse:
    """Who lets programs in here (RFC 9728)."""
    offered.refuse_unoffered(request.app.state.settings)
    return JSONResponse(offered.protected(request.app.state.settings))


@router.post(offered.REGISTER)
async def register(request: Request) -> Response:
    """A program says who it is, and gets an id (RFC 7591)."""
    offered.refuse_unoffered(request.app.state.settings)
    try:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _no("invalid_client_metadata", "Send application/json.")  # no form of a page can
        throttle.check_registering(caller=guard.caller_of(request))
        said = read_json(await request.body())
        row = await run_in_threadpool(_registered, request, said)
    except NotJson as error:
        return _no("invalid_client_metadata", f"This is not JSON: {error}")
    except TooMany as error:
        return _no("too_many_requests", str(error), status=error.status)
    except BadRedirect as error:
        return _no("invalid_redirect_uri", str(error))
    except BadProgram as error:
        return _no("invalid_client_metadata", str(error))
    return JSONResponse(_told(row), 201)


def _registered(request: Request, said: Any) -> AgentProgram:
    programs.read(said)  # what is refused makes nobody wait who writes
    with request.app.state.database.write() as session:
        return programs.register(session, said, now=clock.now())


def _told(row: AgentProgram) -> Mapping[str, Any]:
    return {
        "client_id": row.id,
        "client_id_issued_at": clock.micros_of(row.created_at) // 1_000_000,
        "client_name": row.name,
        "redirect_uris": row.redirects,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": offered.DRAFTING,
    }


@router.post(offered.TOKEN)
async def token(request: Request) -> Response:
    """Tokens for a code, or new ones for a refresh token."""
    settings = request.app.state.settings
    offered.refuse_unoffered(settings)
    sent = _form(request, await request.body())
    if isinstance(sent, Refusal):
        return _refused(sent)
    try:
        issued = await run_in_threadpool(
            issuing.answer, request.app.state.database, sent, settings, now=clock.now()
        )
    except TooMany as error:
        return _no("too_many_requests", str(error), status=error.status)
    if isinstance(issued, Refusal):
        return _refused(issued)
    return JSONResponse(
        {
            "access_token": issued.access,
            "token_type": "Bearer",
            "expires_in": issued.seconds,
            "refresh_token": issued.refresh,
            "scope": issued.scope,
        },
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},  # RFC 6749, 5.1
    )


@router.post(offered.REVOKE)
async def revoke(request: Request) -> Response:
    """A program gives its tokens back (RFC 7009)."""
    offered.refuse_unoffered(request.app.state.settings)
    sent = _form(request, await request.body())
    if isinstance(sent, Refusal):
        return _refused(sent)
    refusal = await run_in_threadpool(
        issuing.revoke, request.app.state.database, sent, now=clock.now()
    )
    return _refused(refusal) if refusal else Response(status_code=200)


def _form(request: Request, body: bytes) -> Mapping[str, str] | Refusal:
    """Each field once: of two that are alike, two readers could take either."""
    if not request.headers.get("content-type", "").startswith(PLAIN_FORM):
        return Refusal("invalid_request", f"Send a form: {PLAIN_FORM}.")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return Refusal("invalid_request", "This is not a form that can be read.")
    sent = dict(fields)
    if len(sent) != len(fields):
        return Refusal("invalid_request", "A field was sent twice.")
    return sent


def _refused(refusal: Refusal) -> Response:
    return _no(refusal.error, refusal.sentence)


def _no(error: str, sentence: str, *, status: int = 400) -> Response:
    plain = sentence.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
    return JSONResponse({"error": error, "error_description": plain}, status)

"""What web and api share of the door: session, token, CSRF, role, and the database of a request.

`admit` decides from the request line and the headers; `door` calls it before a body is read. The
role that a route needs is in `access`, and only there.
"""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.identity import callers, requests_noted, sent_forms
from app.identity.access import Access, access_of
from app.identity.callers import Principal
from app.identity.last_use import LastUse
from app.identity.roles import Role
from app.platform import away, clock, own_threads
from app.platform.away import AWAY
from app.platform.db import Database
from app.platform.errors import CodeWanted, Forbidden, NotLoggedIn, Stale

ADMITTED = "thinslice.access"  # in a request's scope: what its door asked for
_SAFE = {"GET", "HEAD"}
SET_UP = "/account/second-step"
_TO_A_CODE = {SET_UP, f"{SET_UP}/confirm", "/logout"}
_COOKIE_LASTS = timedelta(days=400)  # browsers keep none longer; the server ends a session before


async def admit(request: Request, access: Access) -> None:
    """Let through who may; leave who it is, and their CSRF token, on the request."""
    if access is Access.PUBLIC:
        return
    if access is Access.METERS and callers.watches(request):
        return  # also while the database is away: nothing is asked of it
    try:
        if access is Access.METERS:
            callers.refuse_tokenless(request)
            await own_threads.METERS_DOOR.run(_let_in, request)
        else:
            await run_in_threadpool(_let_in, request)
    except AWAY as error:
        raise away.as_unavailable(error) from error
    _refuse_role(request.state.principal, access)
    _refuse_codeless(request, access)
    if _is_form(request, access):
        refuse_foreign(request)


async def enforce(request: Request) -> None:
    """No route is reached but through the door, by the rule that is the route's own.

    Raises:
        Forbidden: nobody asked who may, or the address was taken for another route's.
    """
    path = getattr(request.scope.get("route"), "path", "")
    needed = access_of(request.method, path)
    if needed is None or request.scope.get(ADMITTED) is not needed:
        raise Forbidden("This address is not open to anybody.")


def recognise(request: Request) -> None:
    """Leave on the request who asks, for a page that anybody may see; nobody where that is away."""
    if not hasattr(request.app.state, "last_use"):
        return  # a host of links alone: nobody logs in there
    with suppress(*AWAY):
        _let_in(request)


async def confirm(request: Request) -> None:
    """Ask again who this is, once a long body has come: they may have been sent away meanwhile."""
    await run_in_threadpool(_confirm, request)


def _confirm(request: Request) -> None:
    database: Database = request.app.state.database
    with database.read() as session:
        refuse_sent_away(session, request)


def refuse_sent_away(session: Session, request: Request) -> None:
    """Who was let in before a body came may have no log-in, no token or no such role any more."""
    access: Access | None = request.scope.get(ADMITTED)
    if access is not None and access.role is not None:
        _refuse_role(callers.known(session, request, now=clock.now()), access)


def _let_in(request: Request) -> None:
    """Say on the request who asks, if anybody does; what was used is noted beside it."""
    last_use: LastUse | None = getattr(request.app.state, "last_use", None)
    database: Database = request.app.state.database
    request.state.principal, request.state.csrf, request.state.lacks_code = None, "", False
    with database.read() as session:
        if callers.is_api(request):
            who, row = callers.bearer_of(session, request, now=clock.now())
            if last_use:  # an edge and a worker note nothing
                last_use.of_bearer(row, now=clock.now())
            request.state.principal = who
        elif found := callers.login_of(session, request, now=clock.now()):
            login, user, says_code, request.state.unread = found
            if last_use:
                last_use.of_session(login.id, expires_at=login.expires_at, now=clock.now())
            request.state.csrf = login.csrf
            request.state.principal = Principal.of_user(user)
            is_wanted = request.app.state.settings.require_totp and login.issuer is None
            request.state.lacks_code = is_wanted and not says_code


def _refuse_role(who: Principal | None, access: Access) -> None:
    if access.role is None:
        return
    if who is None:
        raise NotLoggedIn("Please log in.")
    if not who.role.may(access.role):
        raise Forbidden(
            f"You are {_a(who.role)}; this needs {_a(access.role)}. An admin can change your role."
        )


def _refuse_codeless(request: Request, access: Access) -> None:
    """Where everybody says a code: whoever has none yet sets it up before anything else."""
    needs_one = access.role is not None and request.scope["path"] not in _TO_A_CODE
    if needs_one and request.state.lacks_code:
        raise CodeWanted(
            "Everybody who logs in with a password here also says a code of an app on their phone."
            " Set it up under “Your account” first."
        )


def _a(role: Role) -> str:
    return f"{'a' if role is Role.VIEWER else 'an'} {role}"


def _is_form(request: Request, access: Access) -> bool:
    """Whether this changes something from a browser: what other sites could make it do."""
    return (
        not callers.is_api(request) and access is not Access.PUBLIC and request.method not in _SAFE
    )


def refuse_foreign(request: Request) -> None:
    """CSRF, before the body: a change must come from a page of ours."""
    if not is_ours(request):
        raise Forbidden("This request came from another site, so nothing was changed.")


def refuse_forged(request: Request, access: Access, body: bytes) -> None:
    """CSRF, with the body: a change must carry the session's own token."""
    if not _is_form(request, access) or access is Access.OPEN:
        return
    sent = _sent_token(request, body).encode()  # compared as bytes: it may not be ASCII
    if not compare_digest(sent, request.state.csrf.encode()):
        raise Stale("This page was open for too long, so nothing was changed.")


def is_ours(request: Request) -> bool:
    """Whether a page of ours asks, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    source = request.headers.get("origin") or request.headers.get("referer")
    if source is None:
        return True  # no browser; the session's token is asked for all the same
    ours = {request.headers.get("host"), urlsplit(request.app.state.settings.public_url).netloc}
    try:
        return urlsplit(source).netloc in ours
    except ValueError:
        return False  # no address at all, such as `http://[`


def _sent_token(request: Request, body: bytes) -> str:
    """From a header, the query (files are not read here), or the form."""
    sent = request.headers.get("x-csrf") or request.query_params.get("csrf")
    if sent is None:
        sent = sent_forms.read(request.headers.get("content-type", ""), body).first("csrf")
    return sent


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Log this browser in."""
    response.set_cookie(
        callers.cookie_name(request),
        secret,
        max_age=int(_COOKIE_LASTS.total_seconds()),
        path="/",
        secure=request.app.state.settings.secure,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Log this browser out."""
    response.delete_cookie(
        callers.cookie_name(request),
        path="/",
        secure=request.app.state.settings.secure,
        httponly=True,
    )


def caller_of(request: Request) -> str:
    """The address that asks, looking past the proxies that an operator trusts."""
    trusted: tuple[str, ...] = request.app.state.settings.trusted_proxies
    address = request.client.host if request.client else ""
    lines = request.headers.getlist("x-forwarded-for")  # a proxy may add a line of its own
    forwarded = ",".join(lines).split(",")
    while _trusts(trusted, address) and forwarded and forwarded[-1].strip():
        address = forwarded.pop().strip()
    return address


def _trusts(trusted: tuple[str, ...], address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
        return any(ip in ipaddress.ip_network(one, strict=False) for one in trusted)
    except ValueError:
        return False  # a socket file, or rubbish in the header: nobody's proxy


# These are async, though they wait for nothing: FastAPI would look for a thread for each of them.
async def _who(request: Request) -> Principal:
    who: Principal | None = request.state.principal
    if who is None:
        raise NotLoggedIn("Please log in.")
    return who


async def _maybe_who(request: Request) -> Principal | None:
    return getattr(request.state, "principal", None)


def _db(request: Request) -> Iterator[Session]:
    """One request, one transaction; whoever changed something stands in the audit in it."""
    if request.method in _SAFE:
        yield from _look(request)
        requests_noted.export(request)  # nothing of the answer has left yet
        return
    with writing(request) as session:
        yield session


def _look(request: Request) -> Iterator[Session]:
    """What only looks, though it is asked by POST: a form that is not sent yet, an address."""
    database: Database = request.app.state.database
    with database.read() as session:
        yield session


@contextmanager
def writing(request: Request) -> Iterator[Session]:
    """A transaction that changes something, for a route that must do slow work before it."""
    database: Database = request.app.state.database
    with database.write() as session:
        refuse_sent_away(session, request)
        with requests_noted.change(session, request):
            yield session


async def _now() -> datetime:
    return clock.now()


Db = Annotated[Session, Depends(_db, scope="function")]
Look = Annotated[Session, Depends(_look, scope="function")]
Who = Annotated[Principal, Depends(_who)]
MaybeWho = Annotated[Principal | None, Depends(_maybe_who)]
Now = Annotated[datetime, Depends(_now)]

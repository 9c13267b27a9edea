"""Log in with the organisation's own identity provider, and be logged out when it says so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.identity import audit, browsers, guard, sessions, short_cookies, throttle
from app.identity import store as identity
from app.identity.guard import MaybeWho, Now
from app.identity.models import LogInAttempt
from app.identity.oidc import arrivals, attempts, coming_back, id_token, log_out
from app.identity.oidc.arrivals import Arrival, NotLetIn
from app.identity.oidc.attempts import Unexpected
from app.identity.oidc.id_token import Untrue
from app.identity.oidc.provider import Provider, ProviderAway
from app.identity.sessions import LoggedIn
from app.platform.errors import AppError, Forbidden, NotFound
from app.platform.vault import Vault
from app.web.admin.log_in_page import log_in_page
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import go, local, render

router = APIRouter()
_COOKIE = "thinslice-login"


@router.get("/login/oidc")
def begin(request: Request, who: MaybeWho, now: Now, next: str = "/") -> Response:  # noqa: A002 - the word that addresses carry
    """Remember this browser, and send it to the provider."""
    provider, onward = _provider(request), local(next)
    if who is not None:
        return go(onward)
    _refuse_embedded(request)
    throttle.check_way("out", caller=guard.caller_of(request))
    with request.app.state.database.read() as session:
        if not identity.anybody(session):
            return go("/setup")  # the first admin has a password: a provider may be away
    sent = attempts.draw(short_cookies.secret_of(request, _COOKIE))
    try:
        where = provider.address_of_log_in(
            state=sent.state, nonce=sent.nonce, verifier=sent.verifier, now=now
        )
    except ProviderAway as error:
        return _refused(request, error, onward)
    with request.app.state.database.write() as session:
        attempts.keep(session, sent, onward=onward, now=now)
    answer = go(where)
    short_cookies.give(request, answer, _COOKIE, sent.secret, lasts=attempts.LASTS)
    return answer


@router.get("/login/oidc/callback")
def come_back(request: Request, now: Now) -> Response:
    """Whoever the provider sent back is let in, or told why not."""
    provider = _provider(request)
    throttle.check_way("back", caller=guard.caller_of(request))
    try:
        said = coming_back.single(request.query_params.multi_items())
        attempt = _attempt(request, said.get("state", ""), now=now)
    except (Untrue, Unexpected) as error:  # we sent nobody: there is nothing to note
        return _refused(request, error, "/")
    try:
        code = coming_back.code_of(said, provider.metadata(now=now))
        claims, raw = coming_back.proven(provider, attempt, code, now=now)
        logged_in = _let_in(request, claims, raw, now=now)
    except NotLetIn as error:  # noted with who it was
        return _refused(request, error, attempt.onward)
    except (Untrue, ProviderAway) as error:
        _note_refused(request, error, now=now)
        return _refused(request, error, attempt.onward)
    answer = go(attempt.onward)
    guard.set_cookie(request, answer, logged_in.secret)
    short_cookies.take_back(request, answer, _COOKIE)
    return answer


@router.post("/login/oidc/back-channel")
def told(request: Request, now: Now, form: Form) -> Response:
    """The provider tells that somebody logged out there."""
    provider = _provider(request)
    settings = provider.settings
    try:
        claims = id_token.opened(
            form.value("logout_token"),
            provider.keys(now=now),
            lambda: provider.newer_keys(now=now),
        )
        log_out.check_told(
            claims, issuer=settings.oidc_issuer, client_id=settings.oidc_client_id, now=now
        )
        with request.app.state.database.write() as session:
            log_out.end(session, claims, now=now)
    except Untrue as error:
        said = {"error": "invalid_request", "error_description": str(error)}
        return JSONResponse(said, 400)
    return Response()


def _attempt(request: Request, state: str, *, now: datetime) -> LogInAttempt:
    """Used up at once: whatever comes of it, nobody comes back with it again."""
    secret = short_cookies.secret_of(request, _COOKIE)
    attempts.refuse_without(secret, state)
    with request.app.state.database.write() as session:
        return attempts.take(session, secret=secret, state=state, now=now)


def _let_in(request: Request, claims: Mapping[str, Any], raw: str, *, now: datetime) -> LoggedIn:
    settings, database = request.app.state.settings, request.app.state.database
    arrival = Arrival.of(claims, settings)
    came = replace(
        browsers.came_of(request),
        issuer=arrival.issuer,
        sid=log_out.sid_of(claims),
        id_token=log_out.sealed(raw, Vault.at(settings)),
    )
    try:
        with database.write() as session:
            user = arrivals.welcome(session, arrival, settings, now=now)
            details = {"method": "oidc", "issuer": arrival.issuer}
            audit.note(
                session,
                actor=user.name,
                actor_id=user.id,
                action="log-in",
                details=details,
                now=now,
            )
            return sessions.begin(session, user, now=now, came=came)
    except NotLetIn as error:
        with database.write() as session:
            arrivals.turn_away(session, arrival, error, now=now)
        raise


def _note_refused(request: Request, error: AppError, *, now: datetime) -> None:
    throttle.check_refused(caller=guard.caller_of(request))
    details = {"method": "oidc", "because": error.title}
    with request.app.state.database.write() as session:
        audit.note(session, actor=arrivals.BY, action="log-in refused", details=details, now=now)


def _refused(request: Request, error: AppError, onward: str) -> Response:
    """The sentence, above the form: whoever has a password can use it all the same."""
    page = log_in_page(request, Typed(sentence=str(error)), onward=onward)
    return render(request, page, error.status)


def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    if not provider.settings.oidc_issuer:
        raise NotFound("People log in with a password here: no identity provider is set.")
    return provider


def _refuse_embedded(request: Request) -> None:
    """A log-in is a page that somebody goes to: no picture or frame elsewhere begins one."""
    if request.headers.get("sec-fetch-dest", "document") != "document":
        raise Forbidden("A log-in is begun by a page of its own.")

"""Log in, log out, and the first set-up."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import (
    audit,
    browsers,
    callers,
    guard,
    passwords,
    second_step,
    sessions,
    setup,
    throttle,
    users,
)
from app.identity import store as identity
from app.identity.guard import Db, MaybeWho, Now
from app.identity.models import LoginSession, User
from app.identity.oidc import log_out as leaving
from app.identity.oidc.provider import Provider, ProviderAway
from app.platform.errors import AppError, Invalid
from app.platform.vault import Vault
from app.web.admin import second_steps
from app.web.admin.log_in_page import log_in_page
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, local, refuse, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class LeavingPage(Page):
    """Logged out here; on to the provider's log-out."""

    template: ClassVar[str] = "admin/leaving.html"

    provider: str
    address: str


@dataclass(frozen=True, kw_only=True)
class SetupPage(Page):
    """The first log-in of all."""

    template: ClassVar[str] = "admin/setup.html"

    form: Typed


@router.get("/login")
def ask(request: Request, session: Db, who: MaybeWho, next: str = "/") -> Response:  # noqa: A002 - the word that addresses carry
    """The form; before anybody can log in, the set-up instead."""
    if who is not None:
        return go(local(next))
    if not identity.anybody(session):
        return go("/setup")
    return render(request, log_in_page(request, Typed(), onward=local(next)))


@router.post("/login")
def log_in(request: Request, now: Now, form: Form) -> Response:
    """Begin a session, and go where one wanted to go.

    A password takes a fifth of a second to check: that happens before the database is locked.
    """
    database = request.app.state.database
    email, onward = form.value("email"), local(form.value("next"))
    throttle.check_log_in(caller=guard.caller_of(request), email=email)
    try:
        with database.read() as session:
            user = sessions.owner_of(session, email=email, password=form.value("password"))
        with database.write() as session:
            owner = sessions.confirmed(session, user)
            if second_step.is_on(session, owner.id):
                half = second_step.wait(session, owner, onward=onward, now=now)
                return second_steps.sent_on(request, half)
            logged_in = sessions.begin(session, owner, now=now, came=browsers.came_of(request))
            _note_log_in(session, owner, now=now)
    except Invalid as error:
        with database.write() as session:
            audit.note(
                session,
                actor=users.address_or_nobody(email),
                action="log-in refused",
                details={"method": "password"},
                now=now,
            )
        refuse(request, log_in_page(request, form.refused(error), onward=onward))
    answer = go(onward)
    guard.set_cookie(request, answer, logged_in.secret)
    return answer


def _note_log_in(session: Session, user: User, *, now: datetime) -> None:
    audit.note(
        session,
        actor=user.name,
        actor_id=user.id,
        action="log-in",
        details={"method": "password"},
        now=now,
    )


@router.post("/logout")
def log_out(request: Request, now: Now) -> Response:
    """End this browser's session; where it came from the provider, go and end that one, too.

    The provider may take seconds to answer: it is asked when the database is free again.
    """
    with guard.writing(request) as session:
        found = callers.login_of(session, request, now=now)
        sessions.log_out(session, request.cookies.get(callers.cookie_name(request), ""))
    onward = _out_at_provider(request, found[0], now=now) if found else None
    answer = _leaving(request, onward) if onward else go("/login", said="logged-out")
    guard.clear_cookie(request, answer)
    return answer


def _out_at_provider(request: Request, row: LoginSession, *, now: datetime) -> str | None:
    """Where the provider's session is ended; None where it has none, or cannot be asked."""
    provider: Provider = request.app.state.provider
    if row.issuer is None or row.issuer != provider.settings.oidc_issuer:
        return None
    try:
        endpoint = provider.metadata(now=now).end_session_endpoint
    except ProviderAway:
        return None
    if not endpoint:
        return None
    return leaving.address(row, endpoint, provider.settings, Vault.at(provider.settings))


def _leaving(request: Request, address: str) -> Response:
    """A page that goes on by itself: a form may not lead to another host (our CSP)."""
    request.state.principal = None
    provider = request.app.state.settings.provider_name
    answer = render(request, LeavingPage(provider=provider, address=address))
    answer.headers["Refresh"] = f"0;url={address}"
    return answer


@router.get("/setup")
def ask_for_setup(request: Request, token: str = "") -> HTMLResponse:
    """The form for the first person."""
    return render(request, SetupPage(form=Typed.of(token=token)))


@router.post("/setup")
def complete_setup(request: Request, now: Now, form: Form) -> Response:
    """Make the first log-in, an admin, and let them in."""
    secret = form.value("token").strip()
    try:
        with request.app.state.database.read() as session:
            setup.check(session, secret)
        password = passwords.hashed(form.value("password"))
        with guard.writing(request) as session:
            logged_in = setup.complete(
                session,
                secret=secret,
                email=form.value("email"),
                name=form.value("name"),
                password=password,
                now=now,
                came=browsers.came_of(request),
            )
            name, user_id = logged_in.user.name, logged_in.user.id
            audit.note(session, actor=name, actor_id=user_id, action="POST /setup", now=now)
    except AppError as error:
        refuse(request, SetupPage(form=form.refused(error)))
    answer = go("/")
    guard.set_cookie(request, answer, logged_in.secret)
    return answer

"""Log in, log out, the first set-up, and one's own password."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity import audit, callers, guard, passwords, sessions, setup, throttle, users
from app.identity import store as identity
from app.identity.guard import Db, MaybeWho, Now, Who
from app.platform.errors import AppError, Invalid
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, local, refuse, render

router = APIRouter()
_LONGEST = 320  # characters of an address, as RFC 5321 allows them


@dataclass(frozen=True, kw_only=True)
class LoginPage(Page):
    """Who are you?"""

    template: ClassVar[str] = "admin/login.html"

    form: Typed
    next: str


@dataclass(frozen=True, kw_only=True)
class SetupPage(Page):
    """The first log-in of all."""

    template: ClassVar[str] = "admin/setup.html"

    form: Typed


@dataclass(frozen=True, kw_only=True)
class AccountPage(Page):
    """One's own password."""

    template: ClassVar[str] = "admin/account.html"

    form: Typed


@router.get("/login")
def ask(request: Request, session: Db, who: MaybeWho, next: str = "/") -> Response:  # noqa: A002 - the word that addresses carry
    """The form; before anybody can log in, the set-up instead."""
    if who is not None:
        return go(local(next))
    if not identity.anybody(session):
        return go("/setup")
    return render(request, LoginPage(form=Typed(), next=local(next)))


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
            logged_in = sessions.begin(session, sessions.confirmed(session, user), now=now)
            audit.note(session, actor=user.name, actor_id=user.id, action="POST /login", now=now)
    except Invalid as error:
        with database.write() as session:
            audit.note(session, actor=email[:_LONGEST], action="POST /login refused", now=now)
        refuse(request, LoginPage(form=form.refused(error), next=onward))
    answer = go(onward)
    guard.set_cookie(request, answer, logged_in.secret)
    return answer


@router.post("/logout")
def log_out(request: Request, session: Db) -> Response:
    """End this browser's session."""
    sessions.log_out(session, request.cookies.get(callers.cookie_name(request), ""))
    answer = go("/login", said="logged-out")
    guard.clear_cookie(request, answer)
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
            )
            name, user_id = logged_in.user.name, logged_in.user.id
            audit.note(session, actor=name, actor_id=user_id, action="POST /setup", now=now)
    except AppError as error:
        refuse(request, SetupPage(form=form.refused(error)))
    answer = go("/")
    guard.set_cookie(request, answer, logged_in.secret)
    return answer


@router.get("/password")
def account(request: Request) -> HTMLResponse:
    """The form for a new password."""
    return render(request, AccountPage(form=Typed()))


@router.post("/password")
def change_password(request: Request, who: Who, now: Now, form: Form) -> Response:
    """A new password; every session ends, and this browser begins a new one."""
    throttle.check_log_in(caller=guard.caller_of(request), email=who.email)
    try:
        with request.app.state.database.read() as session:
            owner = sessions.owner_of(session, email=who.email, password=form.value("old"))
        password = passwords.hashed(form.value("new"))
    except Invalid as error:
        names = {"password": "old" if "wrong" in str(error) else "new"}
        refuse(request, AccountPage(form=form.refused(error, names)))
    with guard.writing(request) as session:
        user = sessions.confirmed(session, owner)
        users.change_password(session, user, password)
        secret = sessions.begin(session, user, now=now).secret
    answer = go("/password", said="password")
    guard.set_cookie(request, answer, secret)
    return answer

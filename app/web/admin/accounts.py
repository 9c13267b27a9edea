"""One's own account: where one is logged in, the password, and the code beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NoReturn

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
    store,
    throttle,
    users,
)
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.identity.secrets import kept
from app.identity.sessions import Open
from app.platform.errors import AppError, Conflict, Invalid
from app.platform.vault import Vault
from app.web.admin.second_steps import CodesPage
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class AccountPage(Page):
    """What somebody may do about their own log-in."""

    template: ClassVar[str] = "admin/account.html"

    sessions: Sequence[Open]
    provider: str  # what the identity provider is called, for whoever it knows; else empty
    has_password: bool
    second_step: bool
    codes_left: int
    is_wanted: bool  # a code, of everybody: it cannot be turned off
    form: Typed
    code_form: Typed


@router.get("/account")
def account(request: Request, session: Db, who: Who, now: Now) -> HTMLResponse:
    """One's sessions, password and second step."""
    return render(request, _page(session, request, who, now=now))


@router.get("/password")
def moved() -> Response:
    """Where it was before."""
    return go("/account")


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
        _refuse(request, who, error, form, names, now=now)
    with guard.writing(request) as session:
        user = sessions.confirmed(session, owner)
        users.change_password(session, user, password, now=now)
        secret = sessions.begin(session, user, now=now, came=browsers.came_of(request)).secret
    answer = go("/account", said="password")
    guard.set_cookie(request, answer, secret)
    return answer


@router.post("/account/sessions/end-others")
def end_others(request: Request, session: Db, who: Who) -> Response:
    """Every other browser has to log in again."""
    store.end_other_sessions(session, who.id, kept=_this(request))
    return go("/account", said="others-ended")


@router.post("/account/sessions/{session_id}/end")
def end_one(session: Db, who: Who, session_id: str) -> Response:
    """That browser has to log in again."""
    store.end_session_of(session, who.id, session_id)
    return go("/account", said="session-ended")


@router.post("/account/second-step/codes")
def new_codes(request: Request, who: Who, now: Now, form: Form) -> HTMLResponse:
    """Ten new recovery codes, for whoever says a code of the app; the old ones are dead."""
    try:
        with guard.writing(request) as session:
            _refuse_wrong(session, request, who, form, now=now)
            codes = second_step.new_codes(session, who.id)
    except Invalid as error:
        _refuse(request, who, error, form, {}, now=now)
    return render(request, CodesPage(codes=codes))


@router.post("/account/second-step/off")
def turn_off(request: Request, who: Who, now: Now, form: Form) -> Response:
    """No code is asked for any more; whoever turns it off says one."""
    if request.app.state.settings.require_totp:
        raise Conflict(
            "A code is asked of everybody here. For another phone, let an admin take this one off"
            " your page under Team; at your next page you set up the new one."
        )
    try:
        with guard.writing(request) as session:
            _refuse_wrong(session, request, who, form, now=now)
            second_step.turn_off(session, who.id)
            audit.note(session, actor=who.name, actor_id=who.id, action="second step off", now=now)
    except Invalid as error:
        _refuse(request, who, error, form, {}, now=now)
    return go("/account", said="second-step-off")


def _refuse_wrong(
    session: Session, request: Request, who: Principal, form: Typed, *, now: datetime
) -> None:
    """A session alone, left open somewhere, does not turn it off."""
    throttle.check_log_in(caller=guard.caller_of(request), email=f"code {who.email}")
    throttle.check_codes(who.id)
    vault = Vault.at(request.app.state.settings)
    if second_step.prove(session, who.id, form.value("code"), vault, now=now) is None:
        raise Invalid.at("code", "This code does not open. Type the one that the app shows now.")


def _refuse(
    request: Request,
    who: Principal,
    error: AppError,
    form: Typed,
    names: dict[str, str],
    *,
    now: datetime,
) -> NoReturn:
    refused = form.refused(error, names)
    is_code = bool(refused.error("code"))
    with request.app.state.database.read() as session:
        page = _page(
            session,
            request,
            who,
            form=Typed() if is_code else refused,
            code_form=refused if is_code else Typed(),
            now=now,
        )
    refuse(request, page)


def _page(
    session: Session,
    request: Request,
    who: Principal,
    *,
    now: datetime,
    form: Typed | None = None,
    code_form: Typed | None = None,
) -> AccountPage:
    user = store.user_of(session, who.id)
    return AccountPage(
        sessions=sessions.open_of(session, who.id, this=_this(request), now=now),
        provider=request.app.state.settings.provider_name if user.subject else "",
        has_password=user.has_password,
        second_step=second_step.is_on(session, who.id),
        codes_left=second_step.codes_left(session, who.id),
        is_wanted=request.app.state.settings.require_totp,
        form=form or Typed(),
        code_form=code_form or Typed(),
    )


def _this(request: Request) -> str:
    """The session that asks."""
    return kept(request.cookies.get(callers.cookie_name(request), ""))

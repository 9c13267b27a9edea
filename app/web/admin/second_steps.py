"""The code beside the password: asked for at log-in, set up and turned off under one's account."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import (
    audit,
    browsers,
    guard,
    second_step,
    sessions,
    short_cookies,
    store,
    throttle,
)
from app.identity.guard import Db, Now, Who
from app.identity.models import User
from app.identity.second_step import Enrolment, Half, Proof
from app.identity.sessions import LoggedIn
from app.platform.errors import Invalid
from app.platform.vault import Vault
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()
_COOKIE, _PATH = "thinslice-code", "/login/code"


@dataclass(frozen=True, kw_only=True)
class CodePage(Page):
    """The password was right; what does the app say?"""

    template: ClassVar[str] = "admin/code.html"

    form: Typed


@dataclass(frozen=True, kw_only=True)
class EnrolPage(Page):
    """A picture for the app, and the first code of it."""

    template: ClassVar[str] = "admin/second_step.html"

    form: Typed
    secret: str
    picture: str
    is_wanted: bool  # of everybody: there is no “Not now”


@dataclass(frozen=True, kw_only=True)
class CodeWantedPage(Page):
    """Everybody with a password says a code here; one button begins."""

    template: ClassVar[str] = "admin/code_wanted.html"


@dataclass(frozen=True, kw_only=True)
class CodesPage(Page):
    """Ten codes for the day when the phone is lost; shown this once."""

    template: ClassVar[str] = "admin/recovery_codes.html"

    codes: Sequence[str]


def sent_on(request: Request, secret: str) -> Response:
    """To the page that asks for the code; the browser takes along that its password was right."""
    answer = go(_PATH)
    short_cookies.give(request, answer, _COOKIE, secret, lasts=second_step.LASTS)
    return answer


@router.get("/login/code")
def ask(request: Request, session: Db, now: Now) -> Response:
    """The form for a code; without a right password before it, the log-in."""
    if second_step.waiting(session, short_cookies.secret_of(request, _COOKIE), now=now) is None:
        return go("/login")
    return render(request, CodePage(form=Typed()))


@router.post("/login/code")
def log_in(request: Request, now: Now, form: Form) -> Response:
    """Begin a session where the code is right. A wrong one is counted and noted."""
    vault, code = Vault.at(request.app.state.settings), form.value("code")
    with request.app.state.database.write() as session:
        row = second_step.waiting(session, short_cookies.secret_of(request, _COOKIE), now=now)
        if row is None:
            return go("/login", said="code-too-late")
        user = store.user_of(session, row.user_id)
        throttle.check_log_in(caller=guard.caller_of(request), email=f"code {user.email}")
        throttle.check_codes(user.id)
        half = second_step.answer(session, row, code, vault, now=now)
        _note(session, user, half.proof, now=now)
        logged_in = _begun(session, request, user, half, now=now)
    if logged_in is None:
        wrong = Invalid.at("code", "This code does not open, or was used. Type the next one.")
        refuse(request, CodePage(form=Typed().refused(wrong)))
    answer = go(half.onward)
    guard.set_cookie(request, answer, logged_in.secret)
    short_cookies.take_back(request, answer, _COOKIE)
    return answer


@router.post("/account/second-step")
def begin(session: Db, request: Request, who: Who) -> Response:
    """A secret for the app of one's phone."""
    vault = Vault.at(request.app.state.settings)
    second_step.begin(session, store.user_of(session, who.id), vault)
    return go("/account/second-step")


@router.get("/account/second-step")
def enrol(request: Request, session: Db, who: Who) -> Response:
    """The picture, for as long as it was not confirmed."""
    settings = request.app.state.settings
    enrolment = second_step.under_way(session, store.user_of(session, who.id), Vault.at(settings))
    if enrolment is not None:
        return render(request, _enrol_page(enrolment, Typed(), is_wanted=settings.require_totp))
    if request.state.lacks_code:
        return render(request, CodeWantedPage())
    return go("/account")


@router.post("/account/second-step/confirm")
def confirm(request: Request, who: Who, now: Now, form: Form) -> HTMLResponse:
    """The app says the right code: from now on it is asked for. Here are the recovery codes."""
    vault = Vault.at(request.app.state.settings)
    throttle.check_log_in(caller=guard.caller_of(request), email=f"code {who.email}")
    try:
        with guard.writing(request) as session:
            user = store.user_of(session, who.id)
            enrolment = second_step.under_way(session, user, vault)
            codes = second_step.confirm(session, user, form.value("code"), vault, now=now)
            audit.note(session, actor=who.name, actor_id=who.id, action="second step on", now=now)
    except Invalid as error:
        assert enrolment is not None
        is_wanted = request.app.state.settings.require_totp
        refuse(request, _enrol_page(enrolment, form.refused(error), is_wanted=is_wanted))
    return render(request, CodesPage(codes=codes))


def _begun(
    session: Session, request: Request, user: User, half: Half, *, now: datetime
) -> LoggedIn | None:
    if half.proof is None:
        return None
    return sessions.begin(session, user, now=now, came=browsers.came_of(request))


def _note(session: Session, user: User, proof: Proof | None, *, now: datetime) -> None:
    details = {"method": f"password and {proof}" if proof else "password, wrong code"}
    audit.note(
        session,
        actor=user.name,
        actor_id=user.id,
        action="log-in" if proof else "log-in refused",
        details=details,
        now=now,
    )
    if proof is Proof.RECOVERY:
        left = {"left": second_step.codes_left(session, user.id)}
        audit.note(
            session,
            actor=user.name,
            actor_id=user.id,
            action="recovery code used",
            details=left,
            now=now,
        )


def _enrol_page(enrolment: Enrolment, form: Typed, *, is_wanted: bool) -> EnrolPage:
    drawn = segno.make(enrolment.address, error="m", micro=False)
    picture = drawn.svg_inline(
        omitsize=True, border=4, light="#ffffff", svgclass=None, lineclass=None
    )
    grouped = " ".join(re.findall(".{1,4}", enrolment.secret))
    drawing = Markup(picture)  # noqa: S704 - ours alone
    return EnrolPage(form=form, secret=grouped, picture=drawing, is_wanted=is_wanted)

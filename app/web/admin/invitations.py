"""Invitations by mail: several people at once, what became of each, and the page of their link."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import browsers, guard, invitations, passwords, sessions
from app.identity.guard import Db, Now, Who
from app.identity.invitations import Outcome, Told
from app.identity.roles import Role
from app.outreach import invitation_mails
from app.outreach.team_mails import Letters
from app.platform.errors import Invalid
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()
_ROLES = tuple((role.value, role.value.capitalize()) for role in Role)


@dataclass(frozen=True, kw_only=True)
class InvitationsPage(Page):
    """Who was asked, and a form for more."""

    template: ClassVar[str] = "admin/invitations.html"
    section: ClassVar[str] = "people"

    invitations: Sequence[Told]
    outcomes: Sequence[Outcome]  # of those that were asked just now
    roles: tuple[tuple[str, str], ...]
    form: Typed


@dataclass(frozen=True, kw_only=True)
class JoinPage(Page):
    """Asked in: choose a name and a password, or come by the identity provider."""

    template: ClassVar[str] = "admin/join.html"

    email: str
    by: str
    role: str
    provider: str
    address: str  # of this page
    form: Typed


@router.get("/people/invitations")
def listed(request: Request, session: Db, now: Now) -> HTMLResponse:
    """Who was asked, and what became of it."""
    return render(request, _page(session, Typed.of(role=Role.EDITOR), now=now))


@router.post("/people/invitations")
def invite(request: Request, session: Db, who: Who, now: Now, form: Form) -> HTMLResponse:
    """Ask several people; the page says of each address what became of it."""
    try:
        emails = invitations.addresses_in(form.value("emails"))
        outcomes = invitations.invite(session, emails, role=form.value("role"), by=who, now=now)
    except Invalid as error:
        refuse(request, _page(session, form.refused(error), now=now))
    invitation_mails.send_all(session, Letters.of(request.app.state), outcomes, who, now=now)
    fresh = Typed.of(role=form.value("role"))
    return render(request, _page(session, fresh, outcomes=outcomes, now=now))


@router.post("/people/invitations/{invitation_id}/again")
def again(request: Request, session: Db, who: Who, now: Now, invitation_id: str) -> HTMLResponse:
    """A new link, for seven days more; the one of before is dead."""
    outcome = invitations.again(session, invitation_id, by=who, now=now)
    invitation_mails.send_all(session, Letters.of(request.app.state), [outcome], who, now=now)
    page = _page(session, Typed.of(role=Role.EDITOR), outcomes=[outcome], now=now)
    return render(request, page)


@router.post("/people/invitations/{invitation_id}/revoke")
def revoke(session: Db, now: Now, invitation_id: str) -> Response:
    """Its link opens nothing from now on."""
    invitations.revoke(session, invitation_id, now=now)
    return go("/people/invitations", said="invitation-revoked")


@router.get("/join/{token}")
def ask(request: Request, session: Db, now: Now, token: str) -> HTMLResponse:
    """The form for whoever was asked in."""
    return render(request, _join_page(session, request, token, Typed(), now=now))


@router.post("/join/{token}")
def join(request: Request, now: Now, token: str, form: Form) -> Response:
    """Make their log-in, and let them in."""
    database = request.app.state.database
    with database.read() as session:
        page = _join_page(session, request, token, form, now=now)
    try:
        password = passwords.hashed(form.value("password"))
        with database.write() as session:
            user = invitations.accept(
                session, token, name=form.value("name"), password=password, now=now
            )
            logged_in = sessions.begin(session, user, now=now, came=browsers.came_of(request))
    except Invalid as error:
        refuse(request, replace(page, form=form.refused(error)))
    answer = go("/")
    guard.set_cookie(request, answer, logged_in.secret)
    return answer


def _page(
    session: Session, form: Typed, *, now: datetime, outcomes: Sequence[Outcome] = ()
) -> InvitationsPage:
    return InvitationsPage(
        invitations=invitations.listed(session, now=now),
        outcomes=outcomes,
        roles=_ROLES,
        form=form,
    )


def _join_page(
    session: Session, request: Request, token: str, form: Typed, *, now: datetime
) -> JoinPage:
    row = invitations.check(session, token, now=now)
    return JoinPage(
        email=row.email,
        by=row.created_by,
        role=row.role,
        provider=request.app.state.settings.provider_name,
        address=f"/join/{token}",
        form=form,
    )

"""Tokens of other systems: made, shown once, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import tokens
from app.identity.guard import Db, Now, Who
from app.identity.listings import IN_USE, TOKENS
from app.identity.models import ApiToken
from app.identity.roles import Role
from app.platform.errors import Invalid
from app.platform.listing import Asked
from app.web.admin.people import ROLES
from app.web.kit.form_state import Form, Typed
from app.web.kit.lists import FromAddress, Shown, narrowed_to, shown
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()
_PAGE = 50
_COLUMNS = {"name": "Token", "role": "Role", "made": "Made", "used": "Last used"}


@dataclass(frozen=True, kw_only=True)
class TokensPage(Page):
    """All tokens; `secret` is one that was made just now."""

    template: ClassVar[str] = "admin/tokens.html"
    section: ClassVar[str] = "tokens"

    tokens: Sequence[ApiToken]
    list: Shown
    roles: tuple[tuple[str, str], ...]
    form: Typed
    secret: str | None


@router.get("/tokens")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """All tokens that open something."""
    return render(request, _page(session, Typed.of(role=Role.EDITOR), asked=asked))


@router.post("/tokens")
def make(request: Request, session: Db, who: Who, now: Now, form: Form) -> HTMLResponse:
    """Make a token and show it, this once: a redirect could not carry it."""
    try:
        made = tokens.add(
            session,
            name=form.value("name"),
            role=form.value("role"),
            by=who.name,
            by_id=who.id,
            may_draft=form.value("may_draft") == "yes",
            now=now,
        )
    except Invalid as error:
        refuse(request, _page(session, form.refused(error)))
    fresh = Typed.of(role=Role.EDITOR)
    return render(request, _page(session, fresh, secret=made.secret))


@router.post("/tokens/{token_id}/revoke")
def revoke(session: Db, now: Now, token_id: str) -> Response:
    """It opens nothing from now on."""
    tokens.revoke(session, token_id, now=now)
    return go("/tokens", said="removed")


def _page(
    session: Session, form: Typed, *, asked: Asked | None = None, secret: str | None = None
) -> TokensPage:
    asked = narrowed_to(asked or Asked(), TOKENS)
    rows = TOKENS.part(session, IN_USE, asked, limit=_PAGE)
    told = shown(TOKENS, rows, asked, "/tokens", _COLUMNS, hint="What uses it, or a role")
    return TokensPage(tokens=rows, list=told, roles=ROLES, form=form, secret=secret)

"""Addresses that get no mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.audience import suppression_store
from app.audience.models import Suppression
from app.identity.guard import Db, Now, Who
from app.platform.errors import AppError
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/suppressions")
_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class SuppressionsPage(Page):
    """Who is left alone, newest first."""

    template: ClassVar[str] = "audiences/suppressions.html"
    section: ClassVar[str] = "suppressions"

    suppressions: Sequence[Suppression]
    next_address: str | None
    form: Typed


@router.get("")
def listed(request: Request, session: Db, cursor: Cursor = None) -> HTMLResponse:
    """The list, and a form for one more address."""
    rows = suppression_store.suppressions(session, cursor=cursor, limit=_PAGE)
    more = next_of("/suppressions", rows)
    page = SuppressionsPage(suppressions=rows, next_address=more, form=Typed())
    return render(request, page)


@router.post("")
def add(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Leave somebody alone from now on; mails still waiting are skipped, too."""
    reason = form.text("reason") or "manual"
    try:
        suppression_store.suppress(session, form.value("email"), reason, by=who.name, now=now)
    except AppError as error:
        rows = suppression_store.suppressions(session, cursor=None, limit=_PAGE)
        again = SuppressionsPage(suppressions=rows, next_address=None, form=form.refused(error))
        refuse(request, again)
    return go("/suppressions", said="added")


@router.post("/{suppression_id}/lift")
def lift(session: Db, suppression_id: str) -> Response:
    """They may get mail again."""
    suppression_store.lift(session, suppression_id)
    return go("/suppressions", said="removed")

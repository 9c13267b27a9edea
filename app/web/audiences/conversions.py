"""What other systems told us that people did: the last ones, and why some count nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.identity.guard import Db, Look
from app.platform.listing import Asked
from app.tracking import conversion_rows
from app.tracking.models import Conversion
from app.web.kit.form_state import Form
from app.web.kit.lists import FromAddress, Shown, narrowed_to, of_form, shown
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/conversions")

_SHOWN = 100
_COLUMNS = {
    "event": "Event",
    "person": "Person",
    "value": "Value",
    "when": "When",
    "received": "Received",
}


@dataclass(frozen=True, kw_only=True)
class ConversionsPage(Page):
    """The last ones received."""

    template: ClassVar[str] = "audiences/conversions.html"
    section: ClassVar[str] = "conversions"

    rows: Sequence[Conversion]
    list: Shown


@router.get("")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """All of them, or those of people whom nobody imported."""
    return render(request, _page(session, replace(asked, words="")))


@router.post("/find")
def find(request: Request, session: Look, form: Form) -> HTMLResponse:
    """Those in which these words stand. They come by POST: an address bar is logged."""
    return render(request, _page(session, of_form(form, filters=("unmatched",))))


def _page(session: Session, asked: Asked) -> ConversionsPage:
    listing = conversion_rows.LISTING
    asked = narrowed_to(asked, listing)
    rows = listing.part(session, conversion_rows.EVERY, asked, limit=_SHOWN)
    told = shown(
        listing, rows, asked, "/conversions", _COLUMNS,
        hint="An event, an address, an id", find="/conversions/find",
        kept={"unmatched": asked.chosen.get("unmatched", "")},
    )  # fmt: skip
    return ConversionsPage(rows=rows, list=told)

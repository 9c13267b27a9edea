"""What other systems told us that people did: the last ones, and why some count nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.identity.guard import Db
from app.tracking import conversion_rows
from app.tracking.models import Conversion
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, render

router = APIRouter()

_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class ConversionsPage(Page):
    """The last ones received."""

    template: ClassVar[str] = "audiences/conversions.html"
    section: ClassVar[str] = "conversions"

    rows: Sequence[Conversion]
    unmatched: bool
    next_address: str | None


@router.get("/conversions")
def listed(
    *, request: Request, session: Db, unmatched: bool = False, cursor: Cursor = None
) -> HTMLResponse:
    """All of them, or those of people whom nobody imported."""
    rows = conversion_rows.page(
        session,
        cursor=cursor,
        limit=_SHOWN,
        event=None,
        matched=False if unmatched else None,
    )
    kept = {"unmatched": "true"} if unmatched else {}
    more = next_of("/conversions", rows, **kept)
    page = ConversionsPage(rows=rows, unmatched=unmatched, next_address=more)
    return render(request, page)

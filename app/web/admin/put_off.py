"""What could not be done and waits: why, until when, and two buttons."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.outreach import troubles
from app.outreach.troubles import Trouble
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, render

router = APIRouter(prefix="/put-off")
_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class PutOffPage(Page):
    """The oldest first."""

    template: ClassVar[str] = "admin/put_off.html"
    section: ClassVar[str] = "put-off"

    rows: list[Trouble]
    next_address: str | None


@router.get("")
def listed(request: Request, session: Db, cursor: Cursor = None) -> HTMLResponse:
    """What failed, cancelled or not."""
    part = troubles.page(session, cursor=cursor, limit=_PAGE)
    return render(request, PutOffPage(rows=part, next_address=next_of("/put-off", part)))


@router.post("/{put_off_id}/retry")
def retry(session: Db, now: Now, put_off_id: str) -> Response:
    """Try it at the next opportunity."""
    troubles.retry(session, put_off_id, now=now)
    return go("/put-off", said="retried")


@router.post("/{put_off_id}/cancel")
def cancel(session: Db, who: Who, now: Now, put_off_id: str) -> Response:
    """Try it no more."""
    gone = troubles.cancel(session, put_off_id, by=who.name, now=now)
    return go("/put-off", said="given-up-for-good" if gone.is_over else "given-up")

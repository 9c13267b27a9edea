"""What somebody was told: the page behind the bell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity import news
from app.identity.guard import Db, Now, Who
from app.identity.models import News
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, render

router = APIRouter(prefix="/notices")
_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class NoticesPage(Page):
    """Every line, the newest first."""

    template: ClassVar[str] = "weeks/notices.html"
    section: ClassVar[str] = "notices"

    rows: Sequence[News]
    next_address: str | None


@router.get("")
def listed(request: Request, session: Db, who: Who, cursor: Cursor = None) -> HTMLResponse:
    """What one was told."""
    part = news.page(session, who.user_id, cursor=cursor, limit=_PAGE)
    return render(request, NoticesPage(rows=part, next_address=next_of("/notices", part)))


@router.post("/read")
def read_all(session: Db, who: Who, now: Now) -> Response:
    """One has seen them all."""
    news.read_all(session, who.user_id, now=now)
    return go("/notices")


@router.post("/{notice_id}/read")
def read(session: Db, who: Who, now: Now, notice_id: str) -> Response:
    """One has seen this one, and goes to what it is about."""
    return go(news.read(session, who.user_id, notice_id, now=now).href)

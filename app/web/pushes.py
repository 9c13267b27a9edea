"""Where a key result's values are pushed, and how that went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now
from app.okr import store as okr
from app.outreach import connecting, pushes, store
from app.outreach.models import Connector, ConnectorLink, Push
from app.platform.errors import NotFound
from app.web.pages import Page, go, render

router = APIRouter(prefix="/key-results/{key_result_id}/pushes")
_NEWEST = 50


@dataclass(frozen=True, kw_only=True)
class PushesPage(Page):
    """The links of one key result, and its newest pushes."""

    template: ClassVar[str] = "connections/key_result.html"
    section: ClassVar[str] = "outcomes"

    id: str
    title: str
    connected: Sequence[tuple[ConnectorLink, Connector]]
    pushes: Sequence[Push]


@router.get("")
def listed(request: Request, session: Db, key_result_id: str) -> HTMLResponse:
    """The last push first, with its error."""
    row = okr.key_result_of(session, key_result_id)
    newest = pushes.pushes(session, subject=row.id, limit=_NEWEST)
    connected = store.linked(session, row.id)
    return render(
        request, PushesPage(id=row.id, title=row.title, connected=connected, pushes=newest)
    )


@router.post("/{push_id}/replay")
def replay(session: Db, now: Now, key_result_id: str, push_id: int) -> Response:
    """Send it again."""
    push = pushes.push_of(session, push_id)
    if push.subject != key_result_id:
        raise NotFound("There is no push with this id.")
    connecting.replay(session, push, now=now)
    return go(f"/key-results/{key_result_id}/pushes", said="saved")

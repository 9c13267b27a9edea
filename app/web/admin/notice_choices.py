"""What of one's notices comes by mail, too; and all that is kept of oneself, as a file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity import news
from app.identity.guard import Db, Who
from app.outreach import notifying
from app.outreach.notice_kinds import KINDS, NoticeKind
from app.review import own_words
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, render

router = APIRouter(prefix="/account")


@dataclass(frozen=True, kw_only=True)
class NoticeChoicesPage(Page):
    """A box for each kind that somebody of this role can get."""

    template: ClassVar[str] = "admin/notice_choices.html"

    kinds: Sequence[NoticeKind]
    form: Typed


@router.get("/notices")
def show(request: Request, session: Db, who: Who) -> HTMLResponse:
    """What is chosen, or usual."""
    chosen = notifying.by_mail(session, who.id)
    kinds = [kind for kind in KINDS.values() if who.role.may(kind.least)]
    form = Typed.of(by_mail=[kind.name.value for kind in kinds if chosen[kind.name]])
    return render(request, NoticeChoicesPage(kinds=kinds, form=form))


@router.post("/notices")
def choose(session: Db, who: Who, form: Form) -> Response:
    """Each kind with a box that is ticked comes by mail; the others stay behind the bell."""
    ticked = form.every("by_mail")
    offered = [kind for kind in KINDS.values() if who.role.may(kind.least)]
    news.choose(session, who.id, {kind.name: kind.name in ticked for kind in offered})
    return go("/account/notices", said="saved")


@router.get("/export")
def export(session: Db, who: Who) -> Response:
    """Everything that is kept of oneself, as JSON, to take along."""
    body = json.dumps(own_words.of(session, who.id), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": 'attachment; filename="what-is-kept-of-me.json"'}
    return Response(body, media_type="application/json", headers=headers)

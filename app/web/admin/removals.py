"""Removing things: a question that says what goes, or what it is used by."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db
from app.platform.errors import NotFound
from app.review import removal
from app.review.removal import Removable
from app.web.kit.pages import Page, go, render

router = APIRouter(prefix="/removals")


@dataclass(frozen=True, kw_only=True)
class RemovalPage(Page):
    """One thing, about to go, or kept by what uses it."""

    template: ClassVar[str] = "admin/removal.html"

    kind: str
    id: str
    thing: Removable


@router.get("/{kind}/{thing_id}")
def ask(request: Request, session: Db, kind: str, thing_id: str) -> HTMLResponse:
    """What goes, or what must go first."""
    thing = _thing(session, kind, thing_id)
    return render(request, RemovalPage(kind=kind, id=thing_id, thing=thing))


@router.post("/{kind}/{thing_id}")
def remove(session: Db, kind: str, thing_id: str) -> Response:
    """Gone, unless somebody has begun to use it since."""
    thing = _thing(session, kind, thing_id)
    thing.remove()
    return go(thing.after, said="removed")


def _thing(session: Session, kind: str, thing_id: str) -> Removable:
    if kind not in removal.KINDS:
        raise NotFound("There is nothing of this kind to remove.")
    return removal.KINDS[kind](session, thing_id)

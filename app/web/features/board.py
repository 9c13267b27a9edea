"""The board: slices from idea to decided, without script."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.experiments import feature_outline, feature_store
from app.identity.guard import Db, Now
from app.platform.errors import Invalid
from app.review import board, learnings
from app.review.board import Board
from app.web.kit import formatting
from app.web.kit.form_state import Form
from app.web.kit.pages import Page, go, render

router = APIRouter()
_WAYS = {"up": -1, "down": 1}


@dataclass(frozen=True, kw_only=True)
class BoardPage(Page):
    """Idea, testing, decided."""

    template: ClassVar[str] = "features/board.html"
    section: ClassVar[str] = "features"

    board: Board
    avoided: str


@router.get("/features/board")
def show(request: Request, session: Db, now: Now) -> HTMLResponse:
    """Every slice at its place."""
    weeks = learnings.weeks_avoided(session)
    page = BoardPage(
        board=board.board_of(session, zone=request.app.state.settings.zone, now=now),
        avoided=f"{formatting.plural(weeks, 'week')} of building avoided so far." if weeks else "",
    )
    return render(request, page)


@router.post("/slices/{slice_id}/move")
def move(session: Db, form: Form, slice_id: str) -> Response:
    """One place up or down among the slices of its feature."""
    way = _WAYS.get(form.value("way"))
    if way is None:
        raise Invalid.at("way", "A slice moves up or down.")
    row = feature_store.slice_of(session, slice_id)
    feature_outline.move_slice(session, row, places=way)
    return go(f"/features/{row.feature_id}" if form.value("on") == "feature" else "/features/board")

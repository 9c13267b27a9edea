"""Learnings: every test card and what came of it, searchable."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.identity.guard import Db
from app.review import learnings
from app.review.learnings import Learning
from app.web import words
from app.web.pages import Page, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class LearningsPage(Page):
    """What was decided, the latest first."""

    template: ClassVar[str] = "learnings/list.html"
    section: ClassVar[str] = "learnings"

    learnings: tuple[Learning, ...]
    asked: str
    avoided: str


@router.get("/learnings")
def listed(request: Request, session: Db, q: str = "") -> HTMLResponse:
    """Everything that was learned, or what mentions these words."""
    weeks = learnings.weeks_avoided(session)
    page = LearningsPage(
        learnings=learnings.search(session, q),
        asked=q,
        avoided=f"{words.plural(weeks, 'week')} of building avoided so far." if weeks else "",
    )
    return render(request, page)

"""What came in and what went out, line by line: raw hits with their verdicts, and sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.delivery import person_store
from app.experiments import store
from app.identity.guard import Db
from app.tracking import store as tracking
from app.tracking.models import Hit
from app.web.experiments import header
from app.web.experiments.header import Place
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_PAGE = 100


@dataclass(frozen=True, slots=True)
class SendRow:
    """One person's mail."""

    email: str
    state: str
    released_at: datetime | None
    last_reply: str | None


@dataclass(frozen=True, kw_only=True)
class HitsPage(Page):
    """Every request, and what we make of it."""

    template: ClassVar[str] = "experiments/hits.html"
    section: ClassVar[str] = "experiments"

    place: Place
    hits: Sequence[Hit]
    next_address: str | None


@dataclass(frozen=True, kw_only=True)
class SendsPage(Page):
    """One line per person, with what the mail server said."""

    template: ClassVar[str] = "experiments/sends.html"
    section: ClassVar[str] = "experiments"

    place: Place
    sends: list[SendRow]
    next_address: str | None


@router.get("/{experiment_id}/hits")
def hits(request: Request, session: Db, experiment_id: str, cursor: Cursor = None) -> HTMLResponse:
    """Raw events, in the order in which they came."""
    experiment = store.experiment_of(session, experiment_id)
    rows = tracking.hits_page(session, experiment_id, cursor=cursor, limit=_PAGE)
    more = next_of(f"/experiments/{experiment_id}/hits", rows)
    place = header.place_of(session, experiment)
    return render(request, HitsPage(place=place, hits=rows, next_address=more))


@router.get("/{experiment_id}/sends")
def sends(request: Request, session: Db, experiment_id: str, cursor: Cursor = None) -> HTMLResponse:
    """Who got the mail, and who did not."""
    experiment = store.experiment_of(session, experiment_id)
    part = person_store.sends_page(session, experiment_id, cursor=cursor, limit=_PAGE)
    more = next_of(f"/experiments/{experiment_id}/sends", part)
    rows = [SendRow(email, s.state, s.released_at, s.last_reply) for s, email in part]
    place = header.place_of(session, experiment)
    return render(request, SendsPage(place=place, sends=rows, next_address=more))

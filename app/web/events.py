"""What came in and what went out, line by line: raw hits with their verdicts, and sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from app.delivery import person_rows
from app.experiments import store
from app.identity.guard import Db
from app.tracking import store as tracking
from app.tracking.models import Hit
from app.web import places
from app.web.pages import Page, render
from app.web.places import Place

router = APIRouter(prefix="/experiments")
_PAGE = 100
After = Annotated[int, Query(ge=0, lt=2**63)]


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
def hits(request: Request, session: Db, experiment_id: str, after: After = 0) -> HTMLResponse:
    """Raw events, in the order in which they came."""
    experiment = store.experiment_of(session, experiment_id)
    rows, following = tracking.hits_page(session, experiment_id, after, _PAGE)
    more = f"/experiments/{experiment_id}/hits?after={following}" if following else None
    place = places.of(session, experiment)
    return render(request, HitsPage(place=place, hits=rows, next_address=more))


@router.get("/{experiment_id}/sends")
def sends(request: Request, session: Db, experiment_id: str, after: After = 0) -> HTMLResponse:
    """Who got the mail, and who did not."""
    experiment = store.experiment_of(session, experiment_id)
    found = person_rows.sends_page(session, experiment_id, after=after, limit=_PAGE)
    full = len(found) == _PAGE
    more = f"/experiments/{experiment_id}/sends?after={found[-1][0].id}" if full else None
    rows = [SendRow(email, s.state, s.released_at, s.last_reply) for s, email in found]
    place = places.of(session, experiment)
    return render(request, SendsPage(place=place, sends=rows, next_address=more))

"""The list of experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.analysis import gathered, list_calls
from app.analysis.list_calls import Told
from app.experiments import feature_store, store
from app.experiments.models import Experiment, Feature, Slice, Status
from app.identity.guard import Db, Now
from app.review import store as review
from app.review.models import Decision
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
_PAGE = 50
_LISTS: dict[str, tuple[Status, ...]] = {
    "All": (),
    "Drafts": (Status.DRAFT,),
    "Running": (Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING),
    "Finished": (Status.DECIDED, Status.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One experiment in the list."""

    id: str
    name: str
    parent: str
    status: str
    enrolled: int | None
    decision: str | None
    call: str | None
    is_garbled: bool
    rehearsal: bool
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class ExperimentsPage(Page):
    """Newest first."""

    template: ClassVar[str] = "experiments/list.html"
    section: ClassVar[str] = "experiments"

    rows: list[Line]
    choices: list[tuple[str, str]]
    shown: str
    next_address: str | None


@router.get("")
def listed(
    request: Request, session: Db, now: Now, show: str = "All", cursor: Cursor = None
) -> HTMLResponse:
    """All experiments, or those in some states."""
    shown = show if show in _LISTS else "All"
    part = store.experiments(session, cursor=cursor, limit=_PAGE, statuses=_LISTS[shown])
    page = ExperimentsPage(
        rows=_lines(session, part, now=now),
        choices=[(name, f"/experiments?show={name}") for name in _LISTS],
        shown=shown,
        next_address=next_of("/experiments", part, show=shown),
    )
    return render(request, page)


def _lines(session: Session, experiments: Sequence[Experiment], *, now: datetime) -> list[Line]:
    begun = [experiment for experiment in experiments if experiment.started_at is not None]
    known = list_calls.calls_of_many(session, begun, now=now)
    decisions = review.decisions_of(session, [experiment.id for experiment in experiments])
    parents = feature_store.parents_of(
        session, [experiment.slice_id for experiment in experiments if experiment.slice_id]
    )
    return [
        _line(experiment, decisions.get(experiment.id), known.get(experiment.id), parents)
        for experiment in experiments
    ]


def _line(
    experiment: Experiment,
    decision: Decision | None,
    known: Told | None,
    parents: Mapping[str, tuple[Slice, Feature]],
) -> Line:
    piece, feature = parents.get(experiment.slice_id or "", (None, None))
    return Line(
        id=experiment.id,
        name=experiment.name,
        parent=f"{feature.title} › {piece.title}" if piece and feature else "",
        status=experiment.status,
        enrolled=experiment.enrolled,
        decision=decision.decision if decision else None,
        call=known.call.state if known else None,
        is_garbled=bool(known and known.is_garbled) or not gathered.can_be_read(experiment),
        rehearsal=experiment.rehearsal,
        updated_at=experiment.updated_at,
    )

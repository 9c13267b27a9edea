"""An experiment: the overview by its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from app.analysis import movements
from app.delivery import progress
from app.delivery.progress import Progress
from app.experiments import approvals, enrolment_store, fallen_away, lifecycle
from app.experiments import drafts as rooms
from app.experiments.fallen_away import FellAway
from app.experiments.items import Item
from app.experiments.models import Experiment, Status
from app.identity.guard import Db, Now
from app.outreach import troubles
from app.outreach.troubles import Trouble
from app.review import store as review
from app.review.models import Decision
from app.review.store import About
from app.web.experiments import header, plans, readouts, test_cards, warming
from app.web.experiments.header import Place
from app.web.experiments.plans import Outlook
from app.web.experiments.results import Panel
from app.web.experiments.test_cards import Card
from app.web.kit import formatting
from app.web.kit.pages import Page, render

router = APIRouter(prefix="/experiments")
# What may be done with it by a button, from each state: address, label, kind. "ask" asks first.
_CANCEL = ("ask", "Cancel …", "button--danger")
_MOVES: dict[str, tuple[tuple[str, str, str], ...]] = {
    Status.SCHEDULED: (_CANCEL,),
    Status.RUNNING: (("pause", "Pause", "button--main"), _CANCEL),
    Status.PAUSED: (("resume", "Resume", "button--main"), _CANCEL),
}
_UNDO = (("undo", "Undo the launch", "button--main"),)


@dataclass(frozen=True, kw_only=True)
class DraftOverview(Page):
    """A draft: what it can tell, and what is missing."""

    template: ClassVar[str] = "experiments/draft.html"
    section: ClassVar[str] = "experiments"

    place: Place
    verdict: str
    open_items: list[Item]
    plan: Outlook
    card: Card


@dataclass(frozen=True, slots=True)
class Begins:
    """Of a launch whose time has not come: when mails leave, and until when it is undone."""

    at: datetime
    undo_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class ExperimentPage(Page):
    """A launched one: the result so far, the mails, the card."""

    template: ClassVar[str] = "experiments/show.html"
    section: ClassVar[str] = "experiments"

    place: Place
    moves: Sequence[tuple[str, str, str]]
    can_decide: bool
    again: str | None
    troubles: list[Trouble]
    waits_for_second: bool  # person, to approve it
    asked_by: str  # who asked others to; empty: nobody yet
    paused_reason: str | None
    fell_away: FellAway | None
    decision: Decision | None
    result: Panel | None
    progress: Progress
    warming: str
    begins: Begins | None
    refreshing: bool
    standing: str
    card: Card
    locked_since: str
    left_out: list[tuple[str, int]]
    left_out_total: int


@dataclass(frozen=True, kw_only=True)
class ProgressFragment(Page):
    """What changes while mails leave and people click."""

    template: ClassVar[str] = "experiments/progress.html"

    result: Panel | None
    progress: Progress
    warming: str
    begins: Begins | None
    moves: Sequence[tuple[str, str, str]]
    id: str
    refreshing: bool
    standing: str


@router.get("/{experiment_id}")
def show(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """The overview that its state calls for."""
    about = review.about(session, experiment_id)
    if about.experiment.status == Status.DRAFT:
        return render(request, _draft_overview(request, session, about, now=now))
    return render(request, _overview(request, session, about, now=now))


@router.get("/{experiment_id}/progress")
def progress_so_far(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """The part of the overview that renews itself."""
    about = review.about(session, experiment_id)
    experiment = about.experiment
    so_far = progress.progress_of(session, experiment, now=now)
    fragment = ProgressFragment(
        result=readouts.panel_of(request, session, about, now=now),
        progress=so_far,
        warming=_warming(request, session, experiment, so_far, now=now),
        begins=_begins(experiment),
        moves=_moves(experiment),
        id=experiment.id,
        refreshing=readouts.is_refreshing(experiment),
        standing=readouts.standing(experiment),
    )
    return render(request, fragment)


def _draft_overview(
    request: Request, session: Session, about: About, *, now: datetime
) -> DraftOverview:
    experiment = about.experiment
    checklist = plans.look(request, session, experiment, now=now)
    draft = rooms.design_of(experiment)
    return DraftOverview(
        place=header.place_beside(about),
        verdict=plans.verdict(checklist),
        open_items=[item for item in checklist.items if item.level != "ok"],
        plan=plans.outlook_of(
            request, session, draft, people=checklist.eligibility.eligible, now=now
        ),
        card=_card(session, about),
    )


def _card(session: Session, about: About) -> Card:
    return test_cards.card_of(about, movements.linked(session, about.experiment))


def _overview(request: Request, session: Session, about: About, *, now: datetime) -> ExperimentPage:
    experiment = about.experiment
    left_out = plans.reasons(enrolment_store.reasons(session, experiment.id))
    day = formatting.filters(request.app.state.settings.zone)["day"]
    waiting = troubles.about(session, experiment.id)
    so_far = progress.progress_of(session, experiment, now=now)
    waits_for_second = any(one.reason.endswith(approvals.BY_ANOTHER) for one in waiting)
    return ExperimentPage(
        place=header.place_beside(about),
        moves=_moves(experiment),
        can_decide=header.can_decide(experiment),
        again=_again(experiment),
        troubles=waiting,
        waits_for_second=waits_for_second,
        asked_by=about.asked_by if waits_for_second else "",
        paused_reason=experiment.paused_reason,
        fell_away=fallen_away.fallen_away_of(session, experiment),
        decision=about.decision,
        result=readouts.panel_of(request, session, about, now=now),
        progress=so_far,
        warming=_warming(request, session, experiment, so_far, now=now),
        begins=_begins(experiment),
        refreshing=readouts.is_refreshing(experiment),
        standing=readouts.standing(experiment),
        card=_card(session, about),
        locked_since=day(experiment.launched_at),
        left_out=left_out,
        left_out_total=sum(count for _, count in left_out),
    )


def _warming(
    request: Request, session: Session, experiment: Experiment, so_far: Progress, *, now: datetime
) -> str:
    settings = request.app.state.settings
    return warming.while_leaving(session, settings, experiment, queued=so_far.queued, now=now)


def _begins(experiment: Experiment) -> Begins | None:
    if experiment.status != Status.SCHEDULED or experiment.scheduled_at is None:
        return None
    at, launched_at = experiment.scheduled_at, experiment.launched_at
    if not lifecycle.can_undo(experiment) or launched_at is None:
        return Begins(at, None)
    return Begins(at, launched_at + timedelta(seconds=experiment.undo_seconds))


def _moves(experiment: Experiment) -> Sequence[tuple[str, str, str]]:
    return _UNDO if lifecycle.can_undo(experiment) else _MOVES.get(experiment.status, ())


def _again(experiment: Experiment) -> str | None:
    finished = experiment.status in {Status.DECIDED, Status.CANCELLED} or experiment.rehearsal
    return f"/experiments/new?previous={experiment.id}" if finished else None

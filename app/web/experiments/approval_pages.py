"""A second person looks at an experiment that goes to many."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import approvals, checklist, enrolment_store, store
from app.experiments.checklist import Checklist
from app.experiments.items import Level
from app.experiments.models import Experiment, Status
from app.identity import guard
from app.identity import store as identity
from app.identity.guard import Db, Now, Who
from app.outreach import approval_mails
from app.outreach.team_mails import Letters
from app.platform.errors import AppError
from app.web.experiments import header, plans
from app.web.experiments.header import Place
from app.web.kit.form_state import Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/experiments")


@dataclass(frozen=True, kw_only=True)
class ApprovePage(Page):
    """To how many it goes, and one button."""

    template: ClassVar[str] = "experiments/approve.html"
    section: ClassVar[str] = "experiments"

    place: Place
    is_draft: bool
    is_needed: bool
    people: int
    said: str  # who approved it already
    form: Typed


@router.get("/{experiment_id}/approve")
def ask(request: Request, session: Db, now: Now, experiment_id: str) -> HTMLResponse:
    """Show to how many it goes, and what to look at."""
    seen = store.experiment_of(session, experiment_id)
    return render(request, _page(request, session, seen, Typed(), now=now))


@router.post("/{experiment_id}/approve")
def approve(request: Request, who: Who, now: Now, experiment_id: str) -> Response:
    """Put one's name beside it."""
    read = request.app.state.database.read
    try:
        with read() as session:
            seen = store.experiment_of(session, experiment_id)
            people = _people(request, session, seen, now=now)
        with guard.writing(request) as session:
            experiment = store.locked(session, experiment_id)
            checklist.refuse_changed(experiment, seen)
            approvals.approve(
                session,
                experiment,
                people,
                request.app.state.settings,
                by=who.name,
                by_id=who.id,
                launched_by=_launchers(session, seen),
                now=now,
            )
    except AppError as error:
        with read() as session:
            seen = store.experiment_of(session, experiment_id)
            form = Typed().refused(error)
            refuse(request, _page(request, session, seen, form, now=now))
    return go(f"/experiments/{experiment_id}", said="approved")


@router.post("/{experiment_id}/ask-approval")
def ask_others(request: Request, who: Who, now: Now, experiment_id: str) -> Response:
    """A mail to everybody who may approve it and does not launch it; once for a design."""
    read, state = request.app.state.database.read, request.app.state
    with read() as session:
        seen = store.experiment_of(session, experiment_id)
        people = _people(request, session, seen, now=now)
    with guard.writing(request) as session:
        experiment = store.locked(session, experiment_id)
        checklist.refuse_changed(experiment, seen)
        by, by_id = who.name, who.id
        approvals.ask(session, experiment, people, state.settings, by=by, by_id=by_id, now=now)
        approval_mails.send_all(
            session,
            Letters.of(state),
            experiment,
            people=people,
            by=by,
            involved=who.ids | _launchers(session, seen),
            now=now,
        )
    return go(f"/experiments/{experiment_id}", said="approval-asked")


def _launchers(session: Session, seen: Experiment) -> frozenset[str]:
    """The ids of whoever launched it, if anybody did: they do not approve it."""
    if not seen.launched_at:
        return frozenset()
    launcher = identity.latest_actor(session, ending="/launch", subject=seen.id)
    return identity.behind(session, launcher)


def _people(request: Request, session: Session, seen: Experiment, *, now: datetime) -> int:
    """To how many it goes, where nothing else is in its way."""
    if seen.status != Status.DRAFT:
        return sum(enrolment_store.count_by_arm(session, seen.id).values())
    found = plans.look(request, session, seen, now=now)
    others = tuple(item for item in found.items if item.id != approvals.ITEM)
    checklist.refuse_unready(Checklist(others, found.eligibility))
    return found.eligibility.eligible


def _page(
    request: Request, session: Session, seen: Experiment, form: Typed, *, now: datetime
) -> ApprovePage:
    is_draft = seen.status == Status.DRAFT
    if is_draft:
        found = plans.look(request, session, seen, now=now)
        people = found.eligibility.eligible
        said = " ".join(
            item.message
            for item in found.items
            if item.id == approvals.ITEM and item.level is Level.OK
        )
    else:
        people = sum(enrolment_store.count_by_arm(session, seen.id).values())
        said = ""
    return ApprovePage(
        place=header.place_of(session, seen),
        is_draft=is_draft,
        is_needed=approvals.is_needed(people, request.app.state.settings),
        people=people,
        said=said,
        form=form,
    )

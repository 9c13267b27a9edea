"""Experiments: written, checked, launched, paused, resumed, cancelled."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.mails import MailTo, Queued, queue_test, write_test
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.delivery import images
from app.delivery.linting import MailLint
from app.delivery.renderable import LiquidRenderable
from app.experiments import approvals, checklist, drafts, fallen_away, lifecycle, store
from app.experiments.checklist import Checklist
from app.experiments.design_schemas import Changes, Draft, LaunchDraft
from app.experiments.items import ITEM, Item
from app.experiments.models import Experiment, Status
from app.identity import audit, guard
from app.identity.guard import Db, Now, Who
from app.platform import garbled
from app.platform.listing import Asked
from app.review import experiment_rows, removal
from app.review import store as review
from app.review.models import Choice, Decision

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Experiments"])

_DECISION: dict[str, Any] = {
    "decision": "build",
    "learning": "Euros move bakers; kilograms did not.",
    "reason": None,
    "next_slice": None,
    "next_slice_id": None,
    "call": "validated",
    "sentence": "Validated: 61 of 600 people clicked, 60 were needed.",
    "decided_by": "Ann",
    "at": "2026-11-22T08:00:00Z",
}
_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "status": "running",
    "rehearsal": False,
    "created_at": "2026-11-20T08:00:00Z",
    "launched_at": "2026-11-22T08:00:00Z",
    "scheduled_at": "2026-11-22T08:00:00Z",
    "started_at": "2026-11-22T08:00:03Z",
    "enrolled": 600,
    "pass_count": 60,
    "undo_seconds": 0,
    "rate_per_minute": None,
    "paused_reason": None,
    "decision": None,
}
_READY: dict[str, Any] = {"ready": True, "items": [ITEM]}


class DecisionOut(BaseModel):
    """What somebody decided, with the call that it rests on."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _DECISION})

    decision: Choice
    learning: str
    reason: str | None
    next_slice: str | None
    next_slice_id: str | None
    call: str
    sentence: str
    decided_by: str
    at: datetime


class ExperimentOut(Draft):
    """An experiment: its document, and how far it is. Locked from the launch on."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(
            example=Draft.model_config["json_schema_extra"]["examples"][0] | _EXAMPLE  # type: ignore[index, operator]  # ours, two rooms down
        )
    )

    id: str
    status: Status
    rehearsal: bool
    created_at: datetime
    launched_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    enrolled: int | None
    pass_count: int | None
    rate_per_minute: int | None
    undo_seconds: int
    paused_reason: str | None
    decision: DecisionOut | None


class ChecklistOut(BaseModel):
    """What blocks a launch first, then what is risky, then what is well."""

    model_config = ConfigDict(json_schema_extra={"example": _READY})

    ready: bool
    items: list[Item]


@router.post("/experiments", status_code=201, summary="Write an experiment")
def add_experiment(draft: Draft, session: Db, who: Who, now: Now) -> ExperimentOut:
    """A draft: what is missing for a launch, its checklist says."""
    return shown(session, drafts.add(session, draft, by=who.name, now=now))


@router.get("/experiments", summary="List experiments")
def list_experiments(
    *,
    session: Db,
    status: Annotated[list[Status] | None, Query(description="only these")] = None,
    slice_id: str | None = None,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[ExperimentOut | GarbledOut]:
    """Newest first, or sorted as on the page. What is damaged is listed by its name."""
    asked = Asked(sort=sort, cursor=cursor)
    wanted = experiment_rows.only(statuses=status or (), slice_id=slice_id)
    rows = experiment_rows.page(session, asked, *wanted, limit=limit)
    decisions = review.decisions_of(session, [row.id for row in rows])
    return listed(rows, lambda row: _listed(row, decisions.get(row.id)))


@router.get("/experiments/{experiment_id}", summary="Look at an experiment")
def get_experiment(experiment_id: str, session: Db) -> ExperimentOut:
    """Its document, its status, its decision."""
    return shown(session, store.experiment_of(session, experiment_id))


@router.patch("/experiments/{experiment_id}", summary="Change a draft")
def change_experiment(
    *, experiment_id: str, changes: Changes, session: Db, who: Who, now: Now
) -> ExperimentOut:
    """Each field that is sent replaces the whole field. Only while it is a draft (else 409).

    What it said before is kept as a version.
    """
    row = store.experiment_of(session, experiment_id)
    return shown(session, drafts.change(session, row, changes, by=who.name, now=now))


@router.post("/experiments/{experiment_id}/copy", status_code=201, summary="Run it again")
def copy_experiment(experiment_id: str, session: Db, who: Who, now: Now) -> ExperimentOut:
    """A new draft with `previous_id`. Its audience is null: choose fresh people."""
    row = store.experiment_of(session, experiment_id)
    return shown(session, drafts.copy(session, row, by=who.name, now=now))


@router.delete("/experiments/{experiment_id}", status_code=204, summary="Remove a draft")
def remove_experiment(experiment_id: str, session: Db) -> None:
    """Only a draft that no other experiment names; what was launched stays (409)."""
    removal.experiment(session, experiment_id).remove()


@router.get("/experiments/{experiment_id}/checklist", summary="What a launch still needs")
def get_checklist(experiment_id: str, request: Request, session: Db, now: Now) -> ChecklistOut:
    """What `blocks` must be mended, what `warns` should be read."""
    row = store.experiment_of(session, experiment_id)
    found = _look(request, session, row, now=now)
    return ChecklistOut(ready=found.ready, items=list(found.items))


@router.post(
    "/experiments/{experiment_id}/test-send", status_code=202, summary="Send yourself a test mail"
)
def send_test(experiment_id: str, draft: MailTo, request: Request, now: Now) -> Queued:
    """To people with a log-in only, as somebody of the audience would read it. Never counts."""
    to, trial = write_test(request.app.state, experiment_id, draft.to, now=now)
    with guard.writing(request) as session:
        return queue_test(request.app.state, session, to, trial, now=now)


@router.post("/experiments/{experiment_id}/launch", status_code=202, summary="Launch")
def launch(
    *,
    experiment_id: str,
    draft: LaunchDraft | None = None,
    request: Request,
    who: Who,
    now: Now,
) -> ExperimentOut:
    """The design locks now; people are enrolled when `at` comes. 409 names what blocks.

    It is `scheduled` until the mail of everybody in the audience is composed, which `progress`
    counts; then it starts by itself.

    Where no mail server is set it is a `rehearsal`: its mails stay in the outbox, and nothing that
    comes of it counts as evidence, in a learning or on a key result.

    Nothing leaves before `undo_seconds` are over. Until then, and as long as the experiment says
    them, `undo` takes the launch back: it is a draft again, and nobody was mailed.
    """
    with request.app.state.database.read() as session:
        seen = store.experiment_of(session, experiment_id)
        lifecycle.check_move(seen, "launched")
        found = _look(request, session, seen, now=now)
        checklist.refuse_unready(found)
    with guard.writing(request) as session:
        row = store.locked(session, experiment_id)
        lifecycle.check_move(row, "launched")
        checklist.refuse_changed(row, seen)
        images.hold(session, drafts.design_of(row))
        settings, people = request.app.state.settings, found.eligibility.eligible
        approvals.refuse_alone(session, row, people, settings, ids=who.ids)
        told, draft = fallen_away.promised(found.eligibility), draft or LaunchDraft()
        audit.tell(
            session, people=people, at=str(draft.at or "now"), undo_seconds=draft.undo_seconds
        )
        lifecycle.launch(
            session,
            row,
            draft,
            by=who.name,
            now=now,
            promised=told,
            rehearsal=settings.rehearses,
        )
        return shown(session, row)


@router.post("/experiments/{experiment_id}/undo", summary="Undo a launch")
def undo(experiment_id: str, session: Db, now: Now) -> ExperimentOut:
    """It is a draft again, and nobody was mailed.

    Refused (409) once `undo_seconds` are over: it changes nothing then, and never cancels.
    """
    row = store.locked(session, experiment_id)
    lifecycle.undo(session, row, now=now)
    return shown(session, row)


@router.post("/experiments/{experiment_id}/pause", summary="Pause")
def pause(experiment_id: str, session: Db, now: Now) -> ExperimentOut:
    """No further mail leaves, within a second."""
    row = store.locked(session, experiment_id)
    lifecycle.pause(session, row, now=now)
    return shown(session, row)


@router.post("/experiments/{experiment_id}/resume", summary="Resume")
def resume(experiment_id: str, session: Db, now: Now) -> ExperimentOut:
    """Go on with whoever is left."""
    row = store.locked(session, experiment_id)
    lifecycle.resume(session, row, now=now)
    return shown(session, row)


@router.post("/experiments/{experiment_id}/cancel", summary="Cancel")
def cancel(experiment_id: str, session: Db, now: Now) -> ExperimentOut:
    """Nobody further is mailed, ever; who was is measured to the end of their window.

    While the launch may be undone (`undo_seconds` above 0), the experiment is a draft again. Who
    wants that or nothing asks for `undo`.
    """
    row = store.locked(session, experiment_id)
    lifecycle.cancel(session, row, now=now)
    return shown(session, row)


def shown(session: Session, row: Experiment) -> ExperimentOut:
    """As the contract writes it."""
    return _shown(row, review.decision_of(session, row.id))


def _listed(row: Experiment, held: Decision | None) -> ExperimentOut | GarbledOut:
    return garbled.read(_shown, row, held) or GarbledOut(id=row.id, name=row.name)


def _shown(row: Experiment, held: Decision | None) -> ExperimentOut:
    about = {name: getattr(row, name) for name in _EXAMPLE if name != "decision"}
    decision = DecisionOut.model_validate(held) if held else None
    return ExperimentOut.model_validate({**row.design, **about, "decision": decision})


def _look(request: Request, session: Session, row: Experiment, *, now: datetime) -> Checklist:
    settings = request.app.state.settings
    return checklist.check(
        session,
        row,
        lint=MailLint(settings),
        renderable=LiquidRenderable(settings, request.app.state.keyring),
        settings=settings,
        names_people=request.state.principal.sees_addresses,
        now=now,
    )

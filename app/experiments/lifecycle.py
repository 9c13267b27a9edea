"""The life of an experiment: a table of moves, and a sentence for each that is not in it."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audience import profile
from app.experiments import feature_store, store
from app.experiments.design_schemas import LaunchDraft
from app.experiments.models import Experiment, Status
from app.identity import watching
from app.platform import events
from app.platform.errors import Conflict, Invalid

_UNFINISHED = frozenset({Status.RUNNING, Status.PAUSED, Status.MEASURING})

# What may be done, from where, and where it leads.
MOVES: dict[str, tuple[frozenset[Status], Status]] = {
    "launched": (frozenset({Status.DRAFT}), Status.SCHEDULED),
    "undone": (frozenset({Status.SCHEDULED}), Status.DRAFT),
    "started": (frozenset({Status.SCHEDULED}), Status.RUNNING),
    "paused": (frozenset({Status.RUNNING}), Status.PAUSED),
    "resumed": (frozenset({Status.PAUSED}), Status.RUNNING),
    "measured": (frozenset({Status.RUNNING}), Status.MEASURING),
    "cancelled": (
        frozenset({Status.SCHEDULED, Status.RUNNING, Status.PAUSED}),
        Status.CANCELLED,
    ),
    "decided": (_UNFINISHED, Status.DECIDED),
}

_INSTEAD = {
    Status.DRAFT: "It is a draft: launch it first.",
    Status.SCHEDULED: "It waits for its time to start: cancel it, or let it start.",
    Status.RUNNING: "It is running: pause or cancel it, or decide.",
    Status.PAUSED: "It is paused: resume or cancel it, or decide.",
    Status.MEASURING: "Everything is sent: what is left is to decide.",
    Status.DECIDED: "It is decided: nothing about it changes any more.",
    Status.CANCELLED: "It is cancelled: copy it into a new experiment to try again.",
}


class IllegalMove(Conflict):
    """Not from here; the sentence says what can be done instead."""

    def __init__(self, experiment: Experiment, move: str) -> None:
        instead = _INSTEAD[Status(experiment.status)]
        super().__init__(f"“{experiment.name}” cannot be {move} now. {instead}")


class OnlyRehearsed(Conflict):
    """A rehearsal says nothing of customers, so nothing can be decided by it."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(
            f"“{experiment.name}” is a rehearsal: its mails reached nobody, so there is nothing to"
            " decide. Run it again with real people."
        )


class TooLate(Conflict):
    """The seconds in which a launch may be undone are over."""

    def __init__(self, experiment: Experiment) -> None:
        instead = _INSTEAD[Status(experiment.status)]
        super().__init__(f"The launch of “{experiment.name}” cannot be undone any more. {instead}")


def launch(
    session: Session,
    experiment: Experiment,
    draft: LaunchDraft,
    *,
    by: str,
    now: datetime,
    promised: list[dict[str, Any]] | None = None,
    rehearsal: bool = False,
) -> None:
    """Lock the design; the worker starts it when its time comes (now, unless said).

    `promised`: who, as it was told, gets no mail for what it needs. `rehearsal`: nobody does, and
    nothing that comes of it counts; a slice is not tested by it.
    """
    if draft.at is not None and draft.at < now.replace(second=0, microsecond=0):
        raise Invalid.at("at", "The start lies in the past. Choose a later time, or leave it out.")
    _move(session, experiment, "launched", now=now)
    experiment.launched_by, experiment.launched_at = by, now
    watching.begin(session, experiment.id, now=now)
    experiment.rehearsal = rehearsal
    experiment.scheduled_at = max(draft.at or now, now)
    experiment.rate_per_minute = draft.rate_per_minute
    experiment.undo_seconds, experiment.promised = draft.undo_seconds, promised
    experiment.columns = profile.columns_of(session, experiment.audience_id).kept()
    if experiment.slice_id and not rehearsal:
        feature_store.set_slice_status(session, experiment.slice_id, "testing")


def start(session: Session, experiment: Experiment, *, now: datetime) -> None:
    """Enrolment is complete: sending begins."""
    _move(session, experiment, "started", now=now)
    experiment.started_at, experiment.undo_seconds = now, 0


def pause(
    session: Session, experiment: Experiment, *, now: datetime, reason: str | None = None
) -> None:
    """Send nobody anything until it is resumed; `reason` where it was not a person's wish."""
    _move(session, experiment, "paused", now=now, reason=reason)
    experiment.paused_reason = reason


def resume(session: Session, experiment: Experiment, *, now: datetime) -> None:
    """Go on with whoever is left; a wave that a guardrail stopped goes by the person's word."""
    _move(session, experiment, "resumed", now=now)
    experiment.paused_reason = None
    if experiment.stopped_wave is not None:
        experiment.open_wave, experiment.stopped_wave = experiment.stopped_wave, None


def cancel(
    session: Session, experiment: Experiment, *, now: datetime, reason: str | None = None
) -> None:
    """Nobody further is sent anything. Who was released is measured to the end of their window.

    Whoever was not is free for others, and so is the slice. While the launch may be undone it is:
    the draft is as it was.
    """
    if can_undo(experiment):
        undo(session, experiment, now=now)
        return
    begun = experiment.status != Status.SCHEDULED
    _move(session, experiment, "cancelled", now=now, reason=reason)
    experiment.cancelled_at, experiment.paused_reason = now, reason
    if begun:
        experiment.measuring_at = now
    if experiment.slice_id:
        session.flush()
        feature_store.free_slice(session, experiment.slice_id)


def can_undo(experiment: Experiment) -> bool:
    """Its launch is so young that a cancel undoes it."""
    return experiment.status == Status.SCHEDULED and experiment.undo_seconds > 0


def undo(session: Session, experiment: Experiment, *, now: datetime) -> None:
    """Take back what the launch wrote. Raises TooLate: whoever asks for this wants no cancel."""
    if not can_undo(experiment):
        raise TooLate(experiment)
    _move(session, experiment, "undone", now=now)
    experiment.launched_by = experiment.launched_at = experiment.scheduled_at = None
    experiment.rate_per_minute = experiment.columns = experiment.promised = None
    experiment.undo_seconds, experiment.rehearsal = 0, False
    if experiment.slice_id:
        session.flush()
        feature_store.free_slice(session, experiment.slice_id)


def begin_measuring(session: Session, experiment_id: str, *, now: datetime) -> None:
    """Nothing is left to release; the windows run out."""
    experiment = store.locked(session, experiment_id)
    if experiment.status == Status.RUNNING:  # somebody may have paused it since it was looked at
        _move(session, experiment, "measured", now=now)
        experiment.measuring_at = now


def finish_decided(session: Session, experiment: Experiment, *, now: datetime) -> None:
    """A person has decided; its slice is decided, too."""
    _move(session, experiment, "decided", now=now)
    experiment.decided_at = now
    if experiment.slice_id:
        feature_store.set_slice_status(session, experiment.slice_id, "decided")


def due_to_start(session: Session, *, now: datetime) -> list[str]:
    """Scheduled experiments whose time has come."""
    return store.due_to_start(session, now=now)


def is_any_scheduled(session: Session) -> bool:
    """Whether any experiment waits for its start."""
    return store.is_any_scheduled(session)


def release_of(experiment: Experiment, *, now: datetime) -> datetime:
    """When its first mails are to be released: a mail is composed for that moment."""
    waits = experiment.status == Status.SCHEDULED and experiment.scheduled_at
    return max(experiment.scheduled_at or now, now) if waits else now


def check_move(experiment: Experiment, move: str) -> None:
    """Raise IllegalMove unless this may be done now; OnlyRehearsed where it never may."""
    sources, _ = MOVES[move]
    if move == "decided" and experiment.rehearsal:
        raise OnlyRehearsed(experiment)
    if experiment.status not in sources:
        raise IllegalMove(experiment, move)


def _move(
    session: Session,
    experiment: Experiment,
    move: str,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Of two who move it at once, the second sees what the first did."""
    store.locked(session, experiment.id)
    check_move(experiment, move)
    experiment.status = MOVES[move][1]
    experiment.updated_at = now
    session.add(experiment)
    events.record(
        session,
        f"experiment.{move}",
        subject=experiment.id,
        now=now,
        facts={"name": experiment.name} | ({"reason": reason} if reason else {}),
    )

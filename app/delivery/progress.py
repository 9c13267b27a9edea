"""How far a send has come, told as it is."""

from dataclasses import dataclass

from sqlmodel import Session

from app.delivery import queue_rows
from app.delivery.models import State
from app.experiments.models import ENDED, Experiment
from app.platform import put_off


@dataclass(frozen=True, slots=True)
class Progress:
    """Where everybody enrolled stands: the states are disjoint and add up to `enrolled`."""

    status: str
    enrolled: int
    queued: int
    sending: int
    sent: int
    failed: int
    bounced: int
    uncertain: int
    skipped: int
    held: int
    reason: str | None  # why it is paused or put off, or what the server said to those who wait


def of(session: Session, experiment: Experiment) -> Progress:
    """Count an experiment's sends.

    Who is enrolled and has no send yet is queued; in an experiment that ended, passed over.
    """
    counts = queue_rows.counts(session, experiment.id)
    planned = sum(counts.values())
    enrolled = max(experiment.enrolled or 0, planned)
    unplanned = State.SKIPPED if experiment.status in ENDED else State.QUEUED
    counts[unplanned] = counts.get(unplanned, 0) + enrolled - planned
    return Progress(
        status=experiment.status,
        enrolled=enrolled,
        reason=experiment.paused_reason or _why(session, experiment.id),
        **{state.value: counts.get(state, 0) for state in State},
    )


def _why(session: Session, experiment_id: str) -> str | None:
    failed = put_off.about(session, [experiment_id])
    return failed[0].reason if failed else queue_rows.why_waiting(session, experiment_id)

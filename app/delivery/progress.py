"""How far a send has come, told as it is."""

from dataclasses import dataclass

from sqlmodel import Session

from app.delivery import queue_rows
from app.experiments.models import Experiment


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
    reason: str | None  # why it is paused, or what the server said to those who wait


def of(session: Session, experiment: Experiment) -> Progress:
    """Count an experiment's sends. Who is enrolled and not planned yet is queued."""
    counts = queue_rows.counts(session, experiment.id)
    planned = sum(counts.values())
    enrolled = max(experiment.enrolled or 0, planned)
    return Progress(
        status=experiment.status,
        enrolled=enrolled,
        queued=counts.get("queued", 0) + enrolled - planned,
        sending=counts.get("sending", 0),
        sent=counts.get("sent", 0),
        failed=counts.get("failed", 0),
        bounced=counts.get("bounced", 0),
        uncertain=counts.get("uncertain", 0),
        skipped=counts.get("skipped", 0),
        held=counts.get("held", 0),
        reason=experiment.paused_reason or queue_rows.why_waiting(session, experiment.id),
    )

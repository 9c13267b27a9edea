"""All SQL of the review: decisions, and what this week is about."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from app.experiments.models import Experiment, Feature, Slice, Status
from app.review.models import Decision

Decided = tuple[Decision, Experiment, Slice | None, Feature | None]


def decision_of(session: Session, experiment_id: str) -> Decision | None:
    """The decision on an experiment, once there is one."""
    return session.exec(select(Decision).where(Decision.experiment_id == experiment_id)).first()


def decisions(session: Session, *, since: datetime | None = None) -> list[Decided]:
    """Every decision with its experiment, slice and feature, the latest first."""
    wanted = (
        select(Decision, Experiment, Slice, Feature)
        .join(Experiment, col(Experiment.id) == Decision.experiment_id)
        .outerjoin(Slice, col(Slice.id) == Experiment.slice_id)
        .outerjoin(Feature, col(Feature.id) == Slice.feature_id)
        .order_by(col(Decision.at).desc(), col(Decision.id).desc())
    )
    if since is not None:
        wanted = wanted.where(col(Decision.at) >= since)
    return [(row[0], row[1], row[2], row[3]) for row in session.exec(wanted)]


def under_way(session: Session) -> Sequence[Experiment]:
    """Experiments that were launched and are not decided, the oldest first."""
    statuses = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING)
    return session.exec(
        select(Experiment)
        .where(col(Experiment.status).in_(statuses))
        .order_by(col(Experiment.launched_at), col(Experiment.id))
    ).all()

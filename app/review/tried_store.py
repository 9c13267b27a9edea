"""All SQL of the board: slices, and what was last tried of each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.experiments.models import Experiment, Feature, Slice, Status
from app.review.models import Decision


def tried(session: Session) -> Sequence[Row[Any]]:
    """One row per slice: it, its feature, its newest experiment that was not cancelled, if any.

    Doubts that have a name first, then in their order.
    """
    other = aliased(Experiment)
    newest = (
        sa_select(col(other.id))
        .where(col(other.slice_id) == col(Slice.id), ~col(other.rehearsal))
        .where(col(other.status) != Status.CANCELLED)
        .order_by(col(other.created_at).desc(), col(other.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    question = (
        sa_select(
            *(col(getattr(Slice, name)) for name in ("id", "title", "assumption", "riskiest")),
            col(Slice.status).label("column"),
            col(Feature.id).label("feature_id"),
            col(Feature.title).label("feature"),
            col(Feature.key_result_id).label("key_result_id"),
            col(Experiment.id).label("experiment_id"),
            col(Experiment.name).label("experiment"),
            col(Experiment.status).label("status"),
            col(Decision.call).label("call"),
            col(Decision.decision).label("decision"),
            col(Decision.at).label("decided_at"),
        )
        .join(Feature, col(Feature.id) == Slice.feature_id)
        .outerjoin(Experiment, col(Experiment.id) == newest)
        .outerjoin(Decision, col(Decision.experiment_id) == Experiment.id)
        .order_by(col(Slice.riskiest).is_(None), col(Slice.position), col(Slice.id))
    )
    return session.execute(question).all()

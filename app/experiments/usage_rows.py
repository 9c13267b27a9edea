"""The SQL of removing what nothing uses: who uses it, and the rows that go with it."""

from collections.abc import Sequence

from sqlalchemy import String, cast, delete, or_
from sqlmodel import Session, col, select

from app.experiments.models import (
    Approval,
    ApprovalAsked,
    DraftVersion,
    Experiment,
    Feature,
    FeatureTeam,
    Rehearsal,
    Slice,
    Unwritable,
)


def experiments_naming(session: Session, experiment_id: str) -> Sequence[Experiment]:
    """Other experiments that follow this one, or leave its people out."""
    names = cast(col(Experiment.design), String).contains(experiment_id, autoescape=True)
    query = select(Experiment).where(
        Experiment.id != experiment_id, or_(names, col(Experiment.previous_id) == experiment_id)
    )
    return session.exec(query.order_by(col(Experiment.id))).all()


def experiments_for(session: Session, audience_id: str) -> Sequence[Experiment]:
    """Experiments with this audience, drafts among them."""
    query = select(Experiment).where(Experiment.audience_id == audience_id)
    return session.exec(query.order_by(col(Experiment.id))).all()


def remove_experiment(session: Session, row: Experiment) -> None:
    """A draft: what it said before, who was to approve it, and what its mails looked like."""
    for table in (DraftVersion, Rehearsal, Unwritable, Approval, ApprovalAsked):
        session.execute(delete(table).where(col(table.experiment_id) == row.id))
    session.delete(row)
    session.flush()


def remove_feature(session: Session, row: Feature) -> None:
    """A feature, and who shares it."""
    session.execute(delete(FeatureTeam).where(col(FeatureTeam.feature_id) == row.id))
    session.delete(row)
    session.flush()


def remove_slice(session: Session, row: Slice) -> None:
    """A slice."""
    session.delete(row)
    session.flush()

"""All SQL about which experiments may have a verdict to tell."""

from collections.abc import Sequence

from sqlalchemy import and_, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, exists

from app.analysis.models import Kind, Snapshot, ToldVerdict
from app.experiments.models import Experiment, Status
from app.tally.models import Counter


def undecided(session: Session) -> Sequence[tuple[Experiment, ToldVerdict | None, str | None]]:
    """Experiments that mailed real people and wait for a verdict or a decision.

    Each with what was last told of it, and with why it was frozen, if it was.
    """
    counted = exists().where(col(Counter.experiment_id) == col(Experiment.id))
    is_final = and_(
        col(Snapshot.experiment_id) == col(Experiment.id), col(Snapshot.kind) == Kind.FINAL
    )
    counting = col(Experiment.status).in_((Status.RUNNING, Status.PAUSED, Status.MEASURING))
    cancelled = and_(col(Experiment.status) == Status.CANCELLED, col(Snapshot.id).is_(None))
    question = (
        sa_select(Experiment, ToldVerdict, col(Snapshot.kind))
        .outerjoin(ToldVerdict, col(ToldVerdict.experiment_id) == col(Experiment.id))
        .outerjoin(Snapshot, is_final)
        .where(or_(counting, cancelled), ~col(Experiment.rehearsal), counted)
        .order_by(col(Experiment.id))
    )
    return [(row[0], row[1], row[2]) for row in session.execute(question)]

"""The SQL of hours in which mails leave: how many wait for theirs."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.delivery.models import Send, State
from app.experiments.models import Experiment


def waiting_until(
    session: Session, experiment_id: str, moments: Collection[datetime]
) -> tuple[int, datetime | None]:
    """How many of the waves that were begun are due at one of these moments, and the last of them.

    They are due then and not before.
    """
    question = (
        select(func.count(), func.max(col(Send.due_at)))
        .join(Experiment, col(Experiment.id) == col(Send.experiment_id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.due_at).in_(sorted(moments)),
            col(Send.wave) <= col(Experiment.open_wave),
        )
    )
    row = session.execute(question).one()
    return int(row[0]), row[1]

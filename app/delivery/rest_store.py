"""The SQL of due times that lie further ahead than anybody has to wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, literal, select, update
from sqlmodel import Session, col

from app.delivery.models import Send, State
from app.delivery.replies import RESTS
from app.experiments.models import Experiment, Status
from app.platform.db import UtcDateTime

_RELEASING = (Status.RUNNING, Status.PAUSED, Status.MEASURING)


def releasing(session: Session) -> list[str]:
    """Experiments with somebody who may wait."""
    question = select(col(Experiment.id)).where(col(Experiment.status).in_(_RELEASING))
    return list(session.scalars(question.order_by(col(Experiment.id))))


def too_far(
    session: Session, experiment_id: str, *, now: datetime, slack: timedelta, limit: int
) -> Sequence[int]:
    """Sends whose due time lies further ahead than they have to wait from now on."""
    question = (
        select(col(Send.id))
        .join(Experiment, col(Experiment.id) == col(Send.experiment_id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.due_at) > now + slack,
            col(Send.wave) <= col(Experiment.open_wave),
            col(Send.due_at) > longest(now + slack),
        )
        .order_by(col(Send.id))
        .limit(limit)
    )
    return session.scalars(question).all()


def bring_back(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """Let these wait as long as they have to, from now on."""
    session.execute(update(Send).where(col(Send.id).in_(ids)).values(due_at=longest(now)))


def longest(now: datetime) -> ColumnElement[datetime]:
    """Until when a send waits at the longest: not at all before its first release."""
    rests = {0: RESTS[0]} | dict(enumerate(RESTS, start=1))
    moments = {times: literal(now + rest, UtcDateTime()) for times, rest in rests.items()}
    waits = case(moments, value=col(Send.deferrals), else_=moments[len(RESTS)])
    return case((col(Send.released_at).is_(None), literal(now, UtcDateTime())), else_=waits)

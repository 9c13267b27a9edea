"""The SQL of a restored copy: what waits in it, and what may have gone since."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from app.delivery.models import Notice, Send, SendCount, State
from app.experiments.models import Experiment, Status


def in_flight(session: Session) -> int:
    """How many sends were being sent."""
    question = select(func.count()).where(col(Send.state) == State.SENDING)
    return int(session.execute(question).scalar_one())


def queued_by_name(session: Session) -> list[tuple[str, int]]:
    """One row per experiment in which mails wait: its name, and how many."""
    number = func.sum(col(SendCount.sends))
    question = (
        select(col(Experiment.name), number)
        .join(Experiment, col(Experiment.id) == col(SendCount.experiment_id))
        .where(
            col(SendCount.state) == State.QUEUED,
            col(Experiment.status).in_([Status.RUNNING, Status.PAUSED, Status.MEASURING]),
        )
        .group_by(col(Experiment.id), col(Experiment.name))
        .having(number > 0)
        .order_by(col(Experiment.id))
    )
    return [(name, int(sends)) for name, sends in session.execute(question)]


def put_off(session: Session, *, limit: int) -> Sequence[Send]:
    """Who was released, and waits for another try."""
    question = select(Send).where(
        col(Send.state) == State.QUEUED, col(Send.released_at).is_not(None)
    )
    return session.scalars(question.order_by(col(Send.id)).limit(limit).with_for_update()).all()


def running(session: Session) -> Sequence[Experiment]:
    """Experiments that send."""
    question = select(Experiment).where(col(Experiment.status) == Status.RUNNING)
    return session.scalars(question.order_by(col(Experiment.id))).all()


def give_up_notices(session: Session, *, why: str) -> None:
    """No mail to the team that waits is sent."""
    session.execute(
        update(Notice)
        .where(col(Notice.state).in_(["queued", "sending"]))
        .values(state="failed", lease_until=None, last_reply=why)
    )

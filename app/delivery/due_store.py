"""What an operator watches of sending: sends by state, and what is due for how long already."""

from datetime import datetime

from sqlalchemy import ScalarSelect, func, select
from sqlmodel import Session, col

from app.delivery.models import Notice, Send, SendCount, State
from app.experiments.models import Experiment, Status


def sends_by_state(session: Session) -> dict[State, int]:
    """How many sends of all experiments are in each state. Read from counts of the database."""
    state, sends = col(SendCount.state), func.sum(col(SendCount.sends))
    found = {
        name: int(number) for name, number in session.execute(select(state, sends).group_by(state))
    }
    return {one: found.get(one, 0) for one in State}


def first_send_due() -> ScalarSelect[datetime]:
    """When the send was due that waits longest, of what may be sent: one look-up an experiment."""
    longest = (
        select(col(Send.due_at))
        .where(col(Send.experiment_id) == col(Experiment.id), col(Send.state) == State.QUEUED)
        .order_by(col(Send.due_at))
        .limit(1)
        .scalar_subquery()
    )
    running = select(longest.label("due_at")).where(col(Experiment.status) == Status.RUNNING)
    return select(func.min(running.subquery().c.due_at)).scalar_subquery()


def first_notice_due() -> ScalarSelect[datetime]:
    """The same of mails to the team and of test mails."""
    first = select(func.min(col(Notice.due_at))).where(col(Notice.state) == "queued")
    return first.scalar_subquery()

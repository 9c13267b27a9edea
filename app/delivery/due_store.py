"""What an operator watches of sending: sends by state, and what is due for how long already."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select
from sqlmodel import Session, col

from app.delivery import rate_store
from app.delivery.models import Notice, Send, SendCount, State
from app.experiments.models import Experiment, Status
from app.platform.config import Settings

_DAY = timedelta(days=1)


def sends_by_state(session: Session) -> dict[State, int]:
    """How many sends of all experiments are in each state. Read from counts of the database."""
    state, sends = col(SendCount.state), func.sum(col(SendCount.sends))
    found = {
        name: int(number) for name, number in session.execute(select(state, sends).group_by(state))
    }
    return {one: found.get(one, 0) for one in State}


def first_send_due() -> ScalarSelect[datetime]:
    """Since when mails of a running experiment are due and none leaves; the longest of them all.

    What is sent slowly, at a pace that somebody or a server set, is not late: what counts is the
    last release, where it came after the mail was due. Two look-ups an experiment.
    """
    due = _of_each(col(Send.due_at), col(Send.state) == State.QUEUED).order_by(col(Send.due_at))
    left = _of_each(col(Send.released_at), col(Send.released_at).is_not(None)).order_by(
        col(Send.released_at).desc()
    )
    each = (
        select(
            due.limit(1).scalar_subquery().label("due"),
            left.limit(1).scalar_subquery().label("left"),
        )
        .where(col(Experiment.status) == Status.RUNNING)
        .subquery()
    )
    waits = case((each.c.left > each.c.due, each.c.left), else_=each.c.due)
    return select(func.min(waits)).scalar_subquery()


def _of_each(moment: Any, *wanted: ColumnElement[bool]) -> Select[Any]:
    return select(moment).where(col(Send.experiment_id) == col(Experiment.id), *wanted)


def first_notice_due() -> ScalarSelect[datetime]:
    """The same of mails to the team and of test mails."""
    first = select(func.min(col(Notice.due_at))).where(col(Notice.state) == "queued")
    return first.scalar_subquery()


def not_late_before(session: Session, settings: Settings, *, now: datetime) -> datetime | None:
    """Before when no mail of an experiment was late: while a day's mails have all left, now is.

    On the morning after, what waited for the day has waited since it began.
    """
    today, warming = now.astimezone(settings.zone).date(), settings.warming
    for day, late_from in ((today, now), (today - _DAY, _begins(today, settings.zone))):
        limit = warming.limit(day) if warming else None
        if limit is not None and rate_store.left_of_day(session, day, limit) == 0:
            return late_from
    return None


def _begins(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)

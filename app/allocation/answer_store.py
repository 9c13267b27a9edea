"""All SQL of what people answered about their time."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.allocation.models import (
    TimeAnswer,
    TimeTold,
)


def answers(session: Session, week: str) -> Sequence[TimeAnswer]:
    """A week's answers."""
    found = select(TimeAnswer).where(TimeAnswer.week == week)
    return session.exec(found.order_by(TimeAnswer.respondent_id)).all()


def told(session: Session, week: str) -> Sequence[TimeTold]:
    """People's answers to a week as they are counted in what is shown."""
    found = select(TimeTold).where(TimeTold.week == week)
    return session.exec(found.order_by(TimeTold.respondent_id)).all()


class Answered(NamedTuple):
    """An answer, as far as a week shows it."""

    team_id: str | None
    shares: Any
    late: bool


class Counted(NamedTuple):
    """An answer as it is counted in what is shown of people."""

    team_id: str | None
    shares: Any
    fte: float


Given = tuple[Answered, Counted | None]


def given_in(session: Session, weeks: Collection[str]) -> dict[str, list[Given]]:
    """The answers to each of these weeks, plainly; people's are counted once they can be."""
    found: dict[str, list[Given]] = {week: [] for week in weeks}
    is_same = and_(
        col(TimeTold.week) == col(TimeAnswer.week),
        col(TimeTold.respondent_id) == col(TimeAnswer.respondent_id),
    )
    answered = (TimeAnswer.week, *(getattr(TimeAnswer, name) for name in Answered._fields))
    counted = (TimeTold.week, *(getattr(TimeTold, name) for name in Counted._fields))
    query = (
        sa_select(*map(col, (*answered, *counted)))
        .select_from(TimeAnswer)
        .outerjoin(TimeTold, is_same)
        .where(col(TimeAnswer.week).in_(weeks))
        .order_by(col(TimeAnswer.respondent_id))
    )
    place = len(answered)
    for row in session.execute(query):
        told = None if row[place] is None else Counted._make(row[place + 1 :])
        found[row[0]].append((Answered._make(row[1:place]), told))
    return found


def answer_of(session: Session, week: str, respondent_id: str) -> TimeAnswer | None:
    """What one respondent answered."""
    return session.get(TimeAnswer, (week, respondent_id))


def answer_before(session: Session, week: str, respondent_id: str) -> TimeAnswer | None:
    """The respondent's latest answer for an earlier week."""
    found = select(TimeAnswer).where(
        TimeAnswer.respondent_id == respondent_id, TimeAnswer.week < week
    )
    return session.exec(found.order_by(col(TimeAnswer.week).desc()).limit(1)).first()

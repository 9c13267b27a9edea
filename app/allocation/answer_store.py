"""All SQL of what people answered about their time."""

from collections.abc import Sequence

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


def answer_of(session: Session, week: str, respondent_id: str) -> TimeAnswer | None:
    """What one respondent answered."""
    return session.get(TimeAnswer, (week, respondent_id))


def answer_before(session: Session, week: str, respondent_id: str) -> TimeAnswer | None:
    """The respondent's latest answer for an earlier week."""
    found = select(TimeAnswer).where(
        TimeAnswer.respondent_id == respondent_id, TimeAnswer.week < week
    )
    return session.exec(found.order_by(col(TimeAnswer.week).desc()).limit(1)).first()

"""The SQL of what people wrote back, for whoever reads it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from app.audience.models import Person
from app.delivery.models import CameBackRow, Send, WrittenBack
from app.platform.paging import Order, Part, part

_NEWEST = Order("replies", (datetime, str), is_descending=True)
Row = tuple[WrittenBack, str, str, str]  # with arm, person and address


def answers_page(
    session: Session,
    experiment_id: str,
    *,
    limit: int,
    cursor: str | None = None,
    wanted: str = "",
    is_open: bool,
) -> Part[Row]:
    """What people of an experiment wrote back, newest first.

    Args:
        wanted: what stands in it, in capitals or not.
        is_open: whether the reader may know who wrote: without, names are not found either.
    """
    question = (
        select(WrittenBack, col(Send.arm), col(Send.person_id), func.coalesce(Person.email, ""))
        .join(Send, col(Send.id) == col(WrittenBack.send_id))
        .outerjoin(Person, col(Person.id) == col(Send.person_id))
        .where(col(WrittenBack.experiment_id) == experiment_id)
    )
    if wanted:
        words = col(WrittenBack.words if is_open else WrittenBack.nameless)
        question = question.where(words.icontains(wanted, autoescape=True))
    columns = (col(WrittenBack.at), col(WrittenBack.id))
    return part(session, question, _NEWEST, *columns, cursor=cursor, limit=limit)


def counted(session: Session, experiment_id: str) -> tuple[int, int]:
    """How many answers came to an experiment's mails, and of how many people."""
    question = select(func.count(), func.count(col(WrittenBack.send_id).distinct()))
    mine = question.where(col(WrittenBack.experiment_id) == experiment_id)
    answers, people = session.execute(mine).one()
    return int(answers), int(people)


def answer_of(session: Session, answer_id: str) -> tuple[WrittenBack, Person] | None:
    """One answer with whoever wrote it; None once they were erased, or it was let go."""
    question = (
        select(WrittenBack, Person)
        .join(Send, col(Send.id) == col(WrittenBack.send_id))
        .join(Person, col(Person.id) == col(Send.person_id))
        .where(col(WrittenBack.id) == answer_id)
    )
    found = session.execute(question).one_or_none()
    return None if found is None else (found[0], found[1])


def older(session: Session, *, before: datetime, limit: int) -> Sequence[str]:
    """Ids of the oldest answers that came before a moment."""
    question = select(col(WrittenBack.id)).where(col(WrittenBack.at) < before)
    return session.scalars(question.order_by(col(WrittenBack.at)).limit(limit)).all()


def drop(session: Session, ids: Sequence[str]) -> None:
    """Let go of these; what was counted of them stays."""
    session.execute(delete(WrittenBack).where(col(WrittenBack.id).in_(ids)))


def last_heard(session: Session) -> datetime | None:
    """When anything last came back of any mail."""
    question = select(func.max(col(CameBackRow.at)))
    last: datetime | None = session.execute(question).scalar_one()
    return last

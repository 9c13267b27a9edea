"""All SQL of what came back."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.delivery.inbox.reading import CameBack
from app.delivery.models import CameBackRow, Send, State, WrittenBack

MOST_OF_A_SEND = 20  # whoever holds an address of ours may write to it for ever
_OPEN = (State.QUEUED, State.SENDING)


def locked(session: Session, send_id: int) -> Send | None:
    """A send, held until the transaction ends; None for one that is not known here."""
    question = select(Send).where(col(Send.id) == send_id).with_for_update()
    return session.scalars(question).one_or_none()


def note(session: Session, send_id: int, said: CameBack, *, now: datetime) -> CameBackRow | None:
    """Write down what was said of a send; None where it is known, or too much was said already."""
    key = sha256(f"{send_id}|{said.what}|{said.words}".encode()).hexdigest()[:32]
    known = select(col(CameBackRow.id)).where(col(CameBackRow.send_id) == send_id)
    ids = set(session.scalars(known))
    if key in ids or len(ids) >= MOST_OF_A_SEND:
        return None
    row = CameBackRow(id=key, send_id=send_id, what=said.what, words=said.words, at=now)
    session.add(row)
    session.flush()
    return row


def settled(session: Session, *, limit: int) -> Sequence[int]:
    """Sends that something was said of before they were settled, and are now."""
    question = (
        select(col(CameBackRow.send_id))
        .join(Send, col(Send.id) == col(CameBackRow.send_id))
        .where(col(CameBackRow.done_at).is_(None), col(Send.state).not_in(_OPEN))
        .distinct()
        .order_by(col(CameBackRow.send_id))
        .limit(limit)
    )
    return session.scalars(question).all()


def waiting(session: Session, send_id: int) -> Sequence[CameBackRow]:
    """What was said of a send and is not done yet, in the order in which it was heard."""
    question = (
        select(CameBackRow)
        .where(col(CameBackRow.send_id) == send_id, col(CameBackRow.done_at).is_(None))
        .order_by(col(CameBackRow.at), col(CameBackRow.id))
    )
    return session.scalars(question).all()


def are_waiting(session: Session) -> bool:
    """Whether anything was said of a send that is not settled yet."""
    question = select(func.count()).where(col(CameBackRow.done_at).is_(None))
    return bool(session.execute(question).scalar_one())


def has_room_for(session: Session, send_id: int, key: str) -> bool:
    """Whether an answer is new, and its send has no more of them than anybody writes."""
    known = select(col(WrittenBack.id)).where(col(WrittenBack.send_id) == send_id)
    ids = set(session.scalars(known))
    return key not in ids and len(ids) < MOST_OF_A_SEND


def answered(
    session: Session, send_id: int, *, since: datetime, before: datetime
) -> datetime | None:
    """When the first answer of a send came within a time."""
    question = select(func.min(col(WrittenBack.at))).where(
        col(WrittenBack.send_id) == send_id,
        col(WrittenBack.at) >= since,
        col(WrittenBack.at) < before,
    )
    first: datetime | None = session.execute(question).scalar_one()
    return first

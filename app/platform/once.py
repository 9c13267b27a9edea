"""A request that carries a key is done once, however often it is sent."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col

from app.platform.db import Database, UtcDateTime
from app.platform.errors import Conflict

_KEPT = timedelta(days=7)  # a caller that retries after a week has other troubles


class OnceKey(SQLModel, table=True):
    """One key of one caller: what was asked (as a hash), and what was answered."""

    __tablename__ = "once_key"

    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    asked: str  # SHA-256 over method, path and body
    status: int | None = None  # None: under way, or cut off before its answer was stored
    answer: str | None = None  # sealed; None beside a status: not kept any more
    at: datetime = Field(sa_type=UtcDateTime, index=True)


def claim(
    database: Database, *, caller: str, key: str, asked: str, now: datetime
) -> OnceKey | None:
    """Take the key. None: do the work. A row: it was done, and this was the answer.

    Raises:
        Conflict: the key came with another request, the first is not answered yet, or its answer
            is not kept any more.
    """
    try:
        _take(database, OnceKey(caller=caller, key=key, asked=asked, at=now))
    except IntegrityError:
        return _earlier(database, caller=caller, key=key, asked=asked)
    return None


def bind(database: Database, *, caller: str, key: str, asked: str, now: datetime) -> bool:
    """Whether a key stands for this request and no other: the first that has it keeps it."""
    try:
        _take(database, OnceKey(caller=caller, key=key, asked=asked, at=now))
    except IntegrityError:
        with database.read() as session:
            row = session.get(OnceKey, (caller, key))
        return row is not None and row.asked == asked
    return True


def store(database: Database, *, caller: str, key: str, status: int, answer: str) -> None:
    """Keep the answer, for whoever asks again."""
    with database.write() as session:
        row = session.get_one(OnceKey, (caller, key))
        row.status, row.answer = status, answer
        session.add(row)


def give_back(database: Database, *, caller: str, key: str) -> None:
    """The request was refused and changed nothing: the key may be used again."""
    with database.write() as session:
        session.delete(session.get_one(OnceKey, (caller, key)))


def forget_answers(session: Session, *, until: datetime) -> None:
    """Answers to what came until then name anybody, and are sealed: all go where somebody must.

    The keys stay, so nothing is done twice.
    """
    held = (col(OnceKey.at) <= until) & col(OnceKey.answer).is_not(None)
    session.execute(update(OnceKey).where(held).values(answer=None))


def _take(database: Database, row: OnceKey) -> None:
    with database.write() as session:
        session.execute(delete(OnceKey).where(col(OnceKey.at) < row.at - _KEPT))
        session.add(row)


def _earlier(database: Database, *, caller: str, key: str, asked: str) -> OnceKey:
    with database.read() as session:
        row = session.get(OnceKey, (caller, key))
    if row is None or row.status is None:
        raise Conflict(
            "A request with this Idempotency-Key is under way, or was cut off before it could be"
            " answered. Look at what is there before you send it with a new key."
        )
    if row.asked != asked:
        raise Conflict(
            "This Idempotency-Key was used for another request. Use a new key for a new request."
        )
    if row.answer is None:
        raise Conflict(
            "A request with this Idempotency-Key was done, and its answer is not kept any more:"
            " answers go when somebody is erased. Look at what is there before you send it with a"
            " new key, for that does it again."
        )
    return row

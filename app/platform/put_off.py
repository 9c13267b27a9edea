"""Work that failed and waits for another try: what, how often it was tried, why, and until when.

One row per piece of work. A row goes when the work is done, or when nobody waits for it any more.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)
from sqlmodel import Field, Session, SQLModel, col

from app.platform import away
from app.platform.away import AWAY
from app.platform.db import UtcDateTime
from app.platform.errors import AppError, NotFound
from app.platform.ids import new_id
from app.platform.paging import Order, Part, part

# Between tries: trouble of a moment is over soon, and what needs a person waits for one.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3_600))
_PAUSES_OF_A_WHOLE = PAUSES[:2]  # everything of its kind waits meanwhile
_ROWS = Order("put-off")
_CHARS = 500  # of a reason that anybody reads


_OWE = text("""
    -- One row per piece of work, however often it fails; two workers may note it at once.
    INSERT INTO put_off (id, work, item, attempts, reason, since, next_at, cancelled_by)
    VALUES (:id, :work, :item, 0, '', :now, :now, '')
        ON CONFLICT (work, item) DO NOTHING
""").bindparams(bindparam("now", type_=UtcDateTime))


class Work(StrEnum):
    """Everything that a worker does by itself."""

    UNDO = "close_undo"
    START = "start"
    PLAN = "plan"
    SEND = "send"
    FINISH = "finish"
    SHORTEN = "shorten_waits"
    SKIP = "pass_over"
    RECOVER = "recover"
    SILENCE = "silence"
    RETURN = "settle_returned"
    MAILBOX = "read_mailbox"
    FREEZE = "freeze_result"
    WAVE = "open_wave"
    LOOK = "hold_look"
    READ = "read_value"
    TELL = "tell"
    PUSH = "push"
    ENLIST = "enlist"
    OPEN_WEEK = "open_week"
    ASK = "ask"
    COUNT = "count_answers"
    FREEZE_WEEK = "freeze_week"
    DIGEST = "digest"
    INGEST = "ingest"
    JUDGE = "judge_again"
    FETCH = "fetch_people"
    IMPORT = "import"
    CONVERT = "settle_conversions"
    SNAPSHOT = "keep_snapshot"
    COLUMNS = "read_columns"
    REHEARSE = "rehearse"
    ERASE = "end_erasure"
    CLEAN = "clean_files"
    AGE = "let_go_of_old"
    SALTS = "destroy_salts"
    FOLD = "fold_counts"
    VERDICT = "tell_verdict"
    STUCK = "tell_stuck"


class PutOff(SQLModel, table=True):
    """One piece of work that could not be done, or that is still owed."""

    __tablename__ = "put_off"
    __table_args__ = (UniqueConstraint("work", "item"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    work: str
    item: str  # what it is about, mostly an id; empty where the work is one piece
    attempts: int = 0  # 0: owed, and not tried yet
    reason: str = ""
    since: datetime = Field(sa_type=UtcDateTime)
    tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_by: str = ""
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # that it is stuck

    def may_go(self, now: datetime) -> bool:
        """It is time. A clock that was set back makes nobody wait longer than the longest pause."""
        if self.cancelled_at is not None:
            return False
        return not now < self.next_at <= now + PAUSES[-1]


def sentence_of(error: Exception) -> str:
    """Why, for people: our own sentences as they are; of others their kind, for they name data."""
    if isinstance(error, AppError):
        return str(error)[:_CHARS]
    if isinstance(error, AWAY):
        return away.in_words(error)
    return (
        f"Something unexpected went wrong ({type(error).__name__}). The worker’s log of this"
        " moment says more."
    )


def of_work(session: Session, work: Work) -> dict[str, PutOff]:
    """What is put off of one kind, by item."""
    question = select(PutOff).where(col(PutOff.work) == work)
    return {row.item: row for row in session.scalars(question)}


def note(
    session: Session,
    work: Work,
    item: str,
    reason: str,
    *,
    seen: int = 0,
    passes: bool = False,
    now: datetime,
) -> int:
    """It failed: it waits, longer each time. How often it was tried by now.

    Args:
        seen: how often it had been tried before this. Workers that try it at the same moment and
            fail alike make it wait as one does.
        passes: the trouble is not its own, but one that is over soon for all: no long wait.
    """
    owe(session, work, item, now=now)
    is_it = col(PutOff.work) == work, col(PutOff.item) == item
    row = session.scalars(select(PutOff).where(*is_it).with_for_update()).one()
    if row.attempts > seen:
        return row.attempts
    pauses = PAUSES if item and not passes else _PAUSES_OF_A_WHOLE
    pause = pauses[min(row.attempts, len(pauses) - 1)]
    row.attempts += 1
    row.reason, row.tried_at, row.next_at = reason, now, now + pause
    session.add(row)
    return row.attempts


def owe(session: Session, work: Work, item: str, *, now: datetime) -> None:
    """Leave a piece of work to be done from now on; nothing where it is here already."""
    values = {"id": new_id(), "work": work.value, "item": item, "now": now}
    session.connection().execute(_OWE, values)


def take(session: Session, work: Work, item: str) -> bool:
    """Do a piece of work in this transaction, and nobody else will; False where it is gone."""
    done = session.connection().execute(
        delete(PutOff).where(col(PutOff.work) == work, col(PutOff.item) == item)
    )
    return bool(done.rowcount)


def drop(session: Session, ids: Collection[str]) -> None:
    """It is done, or nobody waits for it any more."""
    session.execute(delete(PutOff).where(col(PutOff.id).in_(ids)))


def retry(session: Session, row_id: str, *, now: datetime) -> PutOff:
    """Try it at the next opportunity, by somebody's word."""
    row = row_of(session, row_id)
    row.next_at, row.cancelled_at, row.cancelled_by = now, None, ""
    session.add(row)
    return row


def retry_of(session: Session, work: Work, item: str, *, now: datetime) -> None:
    """Try this again at the next opportunity, if it waits."""
    is_it = col(PutOff.work) == work, col(PutOff.item) == item
    session.execute(update(PutOff).where(*is_it).values(next_at=now))


def cancel(session: Session, row_id: str, *, by: str, now: datetime) -> PutOff:
    """Try it no more, by somebody's word."""
    row = row_of(session, row_id)
    row.cancelled_at, row.cancelled_by = now, by
    session.add(row)
    return row


def row_of(session: Session, row_id: str) -> PutOff:
    """A row by id, held against others until the end of this transaction."""
    question = select(PutOff).where(col(PutOff.id) == row_id).with_for_update()
    put_off = session.scalars(question).one_or_none()
    if put_off is None:
        raise NotFound("There is no such piece of work any more: it was done, or given up.")
    return put_off


def page(session: Session, *, cursor: str | None, limit: int) -> Part[PutOff]:
    """What failed, the oldest first."""
    question = select(PutOff).where(col(PutOff.attempts) > 0)
    return part(session, question, _ROWS, PutOff.id, cursor=cursor, limit=limit)


def untold(session: Session, works: Collection[Work], *, tries: int) -> Sequence[PutOff]:
    """What of these kinds failed so often, and nobody was told yet."""
    often = (*is_failing(), col(PutOff.attempts) >= tries, col(PutOff.told_at).is_(None))
    question = select(PutOff).where(*often, col(PutOff.work).in_(works))
    return session.scalars(question.order_by(col(PutOff.id))).all()


def tell(session: Session, row_id: str, *, now: datetime) -> bool:
    """Count it as told; False where somebody else did, or it is done."""
    is_it = (col(PutOff.id) == row_id) & col(PutOff.told_at).is_(None)
    done = session.connection().execute(update(PutOff).where(is_it).values(told_at=now))
    return bool(done.rowcount)


def is_failing() -> tuple[ColumnElement[bool], ...]:
    """It was tried, and nobody cancelled it."""
    return col(PutOff.attempts) > 0, col(PutOff.cancelled_at).is_(None)


def about(session: Session, items: Collection[str]) -> Sequence[PutOff]:
    """What failed of these things, and was not cancelled; the oldest first."""
    question = select(PutOff).where(*is_failing(), col(PutOff.item).in_(items))
    return session.scalars(question.order_by(col(PutOff.id))).all()


def failing_by_work(session: Session) -> dict[Work, int]:
    """How many pieces of work failed and wait for another try, by kind."""
    kind = col(PutOff.work)
    question = select(kind, func.count()).where(*is_failing()).group_by(kind)
    found = {name: int(number) for name, number in session.execute(question)}
    return {work: found.get(work, 0) for work in Work}

"""The SQL of erasures that are under way."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, or_, update
from sqlmodel import Session, col, select

from app.audience.models import Erasure, Import
from app.audience.store import waits

_MOST = 1_000  # a round


def unswept(session: Session, *, before: datetime) -> Sequence[Erasure]:
    """Erasures that were asked for before, the oldest first."""
    query = select(Erasure).where(Erasure.asked_at < before, col(Erasure.swept_at).is_(None))
    return session.exec(query.order_by(col(Erasure.asked_at), Erasure.person_id).limit(_MOST)).all()


def swept(session: Session) -> Sequence[str]:
    """People whom no row names any more; the database's files may."""
    query = select(Erasure.person_id).where(col(Erasure.swept_at).is_not(None))
    return session.exec(query.order_by(Erasure.person_id)).all()


def waiting(session: Session) -> int:
    """How many erasures are not ended."""
    return session.exec(select(func.count()).select_from(Erasure)).one()


def oldest(session: Session) -> datetime | None:
    """When the erasure was asked for that waits longest."""
    return session.exec(select(func.min(Erasure.asked_at))).one()


def note_swept(session: Session, person_id: str, *, now: datetime) -> None:
    """No row names them any more, this one included."""
    mine = col(Erasure.person_id) == person_id
    session.execute(update(Erasure).where(mine).values(words=[], swept_at=now))


def drop(session: Session, person_ids: Sequence[str]) -> None:
    """Ended."""
    session.execute(delete(Erasure).where(col(Erasure.person_id).in_(person_ids)))


def reads_older_file(session: Session, moment: datetime) -> bool:
    """Whether a file is being read, or kept to be, that was uploaded before."""
    older = exists().where(
        or_(col(Import.status) == "running", waits()), col(Import.created_at) <= moment
    )
    return bool(session.exec(select(older)).one())

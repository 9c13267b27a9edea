"""All SQL about data folders: how far each is ingested, and what was lost of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, delete, false, func, select, text
from sqlmodel import Session, col

from app.platform.db import UtcDateTime
from app.platform.paging import Order, Part, part
from app.tracking import store
from app.tracking.models import DataFolder, HitCount, LostHits

_LOSSES = text("""
    -- One row per folder that could not keep hits: their number is known, unlike a retired one's.
    SELECT folder_id,
           MIN(since) AS since,
           MAX(until) AS until
      FROM lost_hits
     WHERE hits IS NOT NULL
     GROUP BY folder_id
     ORDER BY folder_id
""").columns(folder_id=String(), since=UtcDateTime(), until=UtcDateTime())
_FOLDERS = Order("data folders", (datetime, str))


def folders(session: Session) -> Sequence[DataFolder]:
    """Every data folder that ever answered clicks, in the order in which they came."""
    question = select(DataFolder)
    return session.scalars(
        question.order_by(col(DataFolder.registered_at), col(DataFolder.id))
    ).all()


def page(session: Session, *, cursor: str | None, limit: int) -> Part[DataFolder]:
    """The same page by page."""
    key = (DataFolder.registered_at, DataFolder.id)
    return part(session, select(DataFolder), _FOLDERS, *key, cursor=cursor, limit=limit)


def one(session: Session, folder_id: str) -> DataFolder | None:
    """One of them."""
    return session.get(DataFolder, folder_id)


def claimed(session: Session, folder_id: str) -> DataFolder | None:
    """One of them, held until the transaction ends."""
    return session.get(DataFolder, folder_id, with_for_update=True, populate_existing=True)


def add(session: Session, row: DataFolder) -> None:
    """Make a folder known; whoever was first wins."""
    session.execute(store.new_only(session, DataFolder), [row.model_dump()])


@dataclass(frozen=True, slots=True)
class Unread:
    """What nobody will ever look at: hits that are only counted; what was lost, oldest first."""

    only_counted: int = 0
    lost: Sequence[LostHits] = ()


def unread(session: Session, experiment_id: str, since: datetime | None, until: datetime) -> Unread:
    """Of an experiment's mails, and of a span of time; without a beginning nothing was lost."""
    counted = (
        select(func.coalesce(func.sum(HitCount.count), 0).label("hits"))
        .where(col(HitCount.experiment_id) == experiment_id)
        .subquery()
    )
    is_in = and_(col(LostHits.until) > since, col(LostHits.since) < until) if since else false()
    question = (
        select(counted.c.hits, LostHits)
        .select_from(counted)
        .outerjoin(LostHits, is_in)
        .order_by(col(LostHits.since), col(LostHits.id))
    )
    found = session.execute(question).all()
    return Unread(int(found[0][0]), [row[1] for row in found if row[1] is not None])


def losses(session: Session) -> dict[str, tuple[datetime, datetime]]:
    """From when to when each folder could not keep hits that it counted, by folder."""
    return {row.folder_id: (row.since, row.until) for row in session.execute(_LOSSES)}


def counted_losses(session: Session, folder_id: str) -> Sequence[LostHits]:
    """What a folder could not keep and counted, newest first."""
    question = select(LostHits).where(
        col(LostHits.folder_id) == folder_id, col(LostHits.hits).is_not(None)
    )
    order = (col(LostHits.until).desc(), col(LostHits.id).desc())
    return session.scalars(question.order_by(*order)).all()


def forget_found(session: Session, folder_id: str, *, until: datetime) -> None:
    """What nobody knew the number of is no loss any more once the folder is read past it."""
    session.execute(
        delete(LostHits).where(
            col(LostHits.folder_id) == folder_id,
            col(LostHits.hits).is_(None),
            col(LostHits.until) <= until,
        )
    )

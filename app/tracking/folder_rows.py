"""All SQL about data folders: how far each is ingested, and what was lost of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from app.platform.paging import Order, Part, part
from app.tracking import store
from app.tracking.models import DataFolder, LostHits

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


def waited_for(session: Session) -> Sequence[DataFolder]:
    """The data folders that may hold hits which nobody has read: all that are not retired."""
    question = select(DataFolder).where(col(DataFolder.retired_at).is_(None))
    return session.scalars(question.order_by(col(DataFolder.ingested_until))).all()


def one(session: Session, folder_id: str) -> DataFolder | None:
    """One of them."""
    return session.get(DataFolder, folder_id)


def claimed(session: Session, folder_id: str) -> DataFolder | None:
    """One of them, held until the transaction ends."""
    return session.get(DataFolder, folder_id, with_for_update=True, populate_existing=True)


def add(session: Session, row: DataFolder) -> None:
    """Make a folder known; whoever was first wins."""
    session.execute(store.new_only(session, DataFolder), [row.model_dump()])


def lost_between(session: Session, since: datetime, until: datetime) -> Sequence[LostHits]:
    """What was lost of any folder in a span of time, oldest first."""
    question = select(LostHits).where(col(LostHits.until) > since, col(LostHits.since) < until)
    return session.scalars(question.order_by(col(LostHits.since), col(LostHits.id))).all()


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

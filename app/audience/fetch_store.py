"""All SQL of queries that fill audiences by themselves."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.audience.models import AudienceQuery, Import


def query_of(session: Session, audience_id: str) -> AudienceQuery | None:
    """What fills an audience, if anything does."""
    return session.get(AudienceQuery, audience_id)


def due(session: Session, *, now: datetime) -> Sequence[str]:
    """Audiences that are to be filled now, the longest due first."""
    return session.exec(
        select(AudienceQuery.audience_id)
        .where(AudienceQuery.due_at <= now)
        .order_by(col(AudienceQuery.due_at))
        .limit(100)
    ).all()


def claim(session: Session, audience_id: str, *, until: datetime, now: datetime) -> bool:
    """Take a run upon oneself; False where another worker was first."""
    taken = session.execute(
        update(AudienceQuery)
        .where(col(AudienceQuery.audience_id) == audience_id, col(AudienceQuery.due_at) <= now)
        .values(due_at=until)
        .returning(col(AudienceQuery.audience_id))
    )
    return taken.first() is not None


def left_over(session: Session, audience_id: str, folder: str) -> Sequence[str]:
    """Imports into an audience that nobody ended, of this data folder, the first first."""
    return session.exec(
        select(Import.id)
        .where(
            Import.audience_id == audience_id,
            Import.status == "running",
            Import.folder == folder,
        )
        .order_by(Import.id)
    ).all()

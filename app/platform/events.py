"""What happened, recorded in the transaction of the change. Nobody below knows who listens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, text
from sqlalchemy import select as sa_select
from sqlmodel import Field, Index, Session, SQLModel, col, select

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id


class Event(SQLModel, table=True):
    """One fact that others may be told."""

    __tablename__ = "event"
    __table_args__ = (
        Index(
            "ix_event_untold",
            "id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    kind: str  # `experiment.launched`, `key_result.valued`, …
    subject: str = Field(index=True)  # the id of what it happened to
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # outreach's mark


def record(
    session: Session, kind: str, *, subject: str, now: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Note that something happened to a subject."""
    session.add(Event(at=now, kind=kind, subject=subject, facts=facts or {}))


def of_kind(session: Session, kind: str, *, subject: str) -> Sequence[Event]:
    """What of this kind happened to a subject, in order."""
    query = select(Event).where(Event.kind == kind, Event.subject == subject)
    return session.exec(query.order_by(Event.id)).all()


def first_untold() -> ScalarSelect[datetime]:
    """When the fact happened that waits longest to be told to others."""
    first = sa_select(func.min(col(Event.at))).where(col(Event.told_at).is_(None))
    return first.scalar_subquery()

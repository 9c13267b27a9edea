"""What happened, recorded in the transaction of the change. Nobody below knows who listens."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel

from app.platform.db import Json, UtcDateTime
from app.platform.ids import new_id


class Event(SQLModel, table=True):
    """One fact that others may be told."""

    __tablename__ = "event"

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    kind: str  # `experiment.launched`, `key_result.valued`, …
    subject: str = Field(index=True)  # the id of what it happened to
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


def record(
    session: Session, kind: str, *, subject: str, now: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Note that something happened to a subject."""
    session.add(Event(at=now, kind=kind, subject=subject, facts=facts or {}))

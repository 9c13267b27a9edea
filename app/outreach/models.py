"""Who is told, what a key result is called over there, what is owed, and the digest."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, UniqueConstraint
from sqlmodel import Field, Index, SQLModel

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id
from app.platform.told import told

_Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts INTEGER keys only


class State(StrEnum):
    """Where a push stands."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    STOPPED = "stopped"  # the other side refused it, or ten tries were used up; can be replayed


class Connector(SQLModel, table=True):
    """A system that is told. A webhook is one whose kind is `webhook`."""

    __tablename__ = "connector"
    __table_args__ = told("name", "kind", "disabled_reason")  # its address may carry a secret

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(index=True)
    name: str
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    secrets: str  # sealed by the vault
    old_secrets: str | None = None  # while a rotation lasts: both sign
    rotated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_reason: str | None = None


class ConnectorLink(SQLModel, table=True):
    """What a key result is called in another system."""

    __tablename__ = "connector_link"
    __table_args__ = (
        UniqueConstraint("key_result_id", "connector_id"),
        told("connector_id", "external"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    key_result_id: str
    connector_id: str = Field(index=True)
    external: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class Push(SQLModel, table=True):
    """One event owed to one connector. A lane is told in the order of its ids."""

    __tablename__ = "push"
    __table_args__ = (
        UniqueConstraint("event_id", "connector_id"),
        Index("ix_push_due", "state", "due_at"),
        Index("ix_push_lane", "lane", "id"),
        Index("ix_push_subject", "subject", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(_Serial, primary_key=True))
    event_id: str
    connector_id: str = Field(index=True)
    lane: str  # connector and subject: a later value never overtakes an earlier one
    kind: str
    subject: str
    happened_at: datetime = Field(sa_type=UtcDateTime)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    external: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    state: str = Field(default=State.WAITING)
    attempts: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_status: int | None = None
    last_error: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Teller(SQLModel, table=True):
    """One row: whoever holds it turns events into pushes, alone."""

    __tablename__ = "teller"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    told_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Digest(SQLModel, table=True):
    """One row: who gets the week by mail, and when."""

    __tablename__ = "digest"
    __table_args__ = told("recipients", "sends_at")

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    recipients: list[str] = Field(default_factory=list, sa_type=Json)
    sends_at: str | None = None  # `monday 08:00`, in the organisation's zone
    set_at: datetime = Field(sa_type=UtcDateTime)  # since when there is a time
    timed_at: datetime = Field(sa_type=UtcDateTime, nullable=True)  # since when it is this one


class WeeklyRun(SQLModel, table=True):
    """A weekly duty that was done: once for each week it is about, whoever tries, whenever."""

    __tablename__ = "weekly_run"

    name: str = Field(primary_key=True)
    week: str = Field(primary_key=True)
    ran_at: datetime = Field(sa_type=UtcDateTime)

"""Teams, cycles, objectives, key results, check-ins."""

from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id
from app.platform.told import told


class Team(SQLModel, table=True):
    """A team and its function: product, engineering, …"""

    __tablename__ = "team"
    __table_args__ = told("name", "function")

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    function: str = ""


class Cycle(SQLModel, table=True):
    """A stretch of time with its own objectives: a quarter, usually. Both days included."""

    __tablename__ = "cycle"
    __table_args__ = told("name", "starts", "ends", "closed_at")

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    starts: Date
    ends: Date
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # scored, and read-only
    closed_by: str = ""


class Objective(SQLModel, table=True):
    """Where several teams together want to be."""

    __tablename__ = "objective"
    __table_args__ = told("title", "cycle_id", "owner")

    id: str = Field(default_factory=new_id, primary_key=True)
    title: str
    cycle_id: str = Field(index=True, foreign_key="cycle.id")
    owner: str = ""  # a name or an address; a log-in is not needed
    created_at: datetime = Field(sa_type=UtcDateTime)


class ObjectiveTeam(SQLModel, table=True):
    """A team that shares an objective."""

    __tablename__ = "objective_team"

    objective_id: str = Field(primary_key=True)
    team_id: str = Field(primary_key=True)


class KeyResult(SQLModel, table=True):
    """A business outcome in a number."""

    __tablename__ = "key_result"
    # Its score is the review's, which keeps it.
    __table_args__ = told(
        "title", "kind", "unit", "start", "target", "low", "high", "stretch", "weight", "cadence",
        "source", "owner", "kept_because", "running_total",
    )  # fmt: skip

    id: str = Field(default_factory=new_id, primary_key=True)
    objective_id: str = Field(index=True, foreign_key="objective.id")
    title: str
    kind: str  # increase, decrease, maintain, milestone
    unit: str  # number, percent, or a currency's code
    start: float
    target: float
    low: float | None = None  # maintain: the band, both ends in it
    high: float | None = None
    stretch: float | None = None
    weight: float = 1.0
    cadence: str = "weekly"
    source: str = "manual"  # manual, api, experiment, http, sql
    owner: str = ""
    kept_because: str = ""  # why a title that names work stays
    running_total: bool | None = None  # it only adds up, so its pace is judged; None: not said
    score: float | None = None  # 0..1, given when the cycle closes
    score_comment: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)


_PUT_HOLDS = text("replaced_at IS NULL AND experiment_id IS NULL")
_RUN_HOLDS = text("replaced_at IS NULL AND experiment_id IS NOT NULL")


class CheckIn(SQLModel, table=True):
    """One dated value, by whom or what it names.

    A person's or a system's value is replaced by a later one of a person or a system for the same
    day, and by nothing else; a run's value is one per experiment and lies beside it. What a ledger
    adds is never stored here. Replaced rows stay as history.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        Index("ix_check_in_day", "key_result_id", "date"),
        Index(
            "uq_check_in_put", "key_result_id", "date", "confirms",
            unique=True, sqlite_where=_PUT_HOLDS, postgresql_where=_PUT_HOLDS,
        ),
        Index(
            "uq_check_in_run", "key_result_id", "experiment_id",
            unique=True, sqlite_where=_RUN_HOLDS, postgresql_where=_RUN_HOLDS,
        ),
    )  # fmt: skip

    id: str = Field(default_factory=new_id, primary_key=True)
    key_result_id: str = Field(foreign_key="key_result.id")
    date: Date
    value: float  # as it stood then, where the row only confirms
    comment: str = ""
    confidence: int | None = None  # 0..10
    source: str = "manual"
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str = ""
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    confirms: bool = False  # only how sure somebody was: the value is whatever stands that day
    experiment_id: str | None = Field(default=None, index=True)  # the run that measured it
    observed: int | None = None  # its n
    estimate: float | None = None  # what it found, in the key result's unit, with its interval
    low: float | None = None
    high: float | None = None


class ToldWeek(SQLModel, table=True):
    """What a week of a cycle said of a key result, kept as it was when its review was frozen."""

    __tablename__ = "told_week"

    key_result_id: str = Field(primary_key=True, foreign_key="key_result.id")
    week: int = Field(primary_key=True)  # of the cycle, from 1
    told_at: datetime = Field(sa_type=UtcDateTime)
    direction: int  # 1 up, -1 down, 0 not to be told
    p: float
    bound: float  # what p was held against
    moved: float
    low: float
    high: float
    noise_low: float
    noise_high: float
    begins: float
    now: float
    as_factors: bool
    chance: float | None = None


class UnusualWeek(SQLModel, table=True):
    """A week that somebody marked as unusual before it began; without a key result, for all."""

    __tablename__ = "unusual_week"
    __table_args__ = told("week", "key_result_id", "reason")

    week: str = Field(primary_key=True)  # 2026-W53
    key_result_id: str = Field(default="", primary_key=True)
    reason: str
    marked_at: datetime = Field(sa_type=UtcDateTime)
    marked_by: str = ""


class Contribution(SQLModel, table=True):
    """A row of the ledger: what one experiment added, measured over those who did not get it."""

    __tablename__ = "contribution"
    __table_args__ = (UniqueConstraint("key_result_id", "experiment_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    key_result_id: str = Field(foreign_key="key_result.id")
    experiment_id: str
    date: Date
    amount: float  # in the key result's unit; may be negative
    low: float
    high: float
    people: int  # released in the arms that were compared
    event: str = ""
    # [{"people": 3, "with": [experiment ids]}]: its people who are in others' open windows, too
    overlaps: list[Any] = Field(default_factory=list, sa_type=Json)
    posted_at: datetime = Field(sa_type=UtcDateTime)
    posted_by: str = ""


class UndoneLink(SQLModel, table=True):
    """An experiment whose effect on a key result was taken back, and is not written again."""

    __tablename__ = "undone_link"

    key_result_id: str = Field(primary_key=True)
    experiment_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    by: str = ""


class ValueSource(SQLModel, table=True):
    """Where a key result's values are read by ourselves, and how the last time went."""

    __tablename__ = "value_source"
    __table_args__ = (
        Index("ix_value_source_due", "due_at"),
        told("pointer", "connection", "query", "every"),  # its address may carry a secret
    )

    key_result_id: str = Field(primary_key=True, foreign_key="key_result.id")
    url: str = ""  # http
    pointer: str = ""  # RFC 6901: where the number stands in the answer
    connection: str = ""  # sql: a name that the operator gave
    query: str = ""
    every: str = "daily"  # daily, weekly
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = ""
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

"""Teams, cycles, objectives, key results, check-ins."""

from datetime import date as Date
from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from app.platform.db import UtcDateTime
from app.platform.ids import new_id


class Team(SQLModel, table=True):
    """A team and its function: product, engineering, …"""

    __tablename__ = "team"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    function: str = ""


class Cycle(SQLModel, table=True):
    """A stretch of time with its own objectives: a quarter, usually. Both days included."""

    __tablename__ = "cycle"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    starts: Date
    ends: Date


class Objective(SQLModel, table=True):
    """Where several teams together want to be."""

    __tablename__ = "objective"

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
    source: str = "manual"
    owner: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)


class CheckIn(SQLModel, table=True):
    """One dated value. A later one for the same day replaces it; the earlier stays as history."""

    __tablename__ = "check_in"
    __table_args__ = (Index("ix_check_in_day", "key_result_id", "date"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    key_result_id: str = Field(foreign_key="key_result.id")
    date: Date
    value: float
    comment: str = ""
    confidence: int | None = None  # 0..10
    source: str = "manual"
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str = ""
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

"""Readouts, frozen."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, Index, SQLModel

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id


class Kind(StrEnum):
    """Why a readout was frozen."""

    FINAL = "final"  # every window has closed
    DECISION = "decision"  # somebody decided on it


class Snapshot(SQLModel, table=True):
    """A readout as it stood. Reclassifying or erasing later never alters it."""

    __tablename__ = "snapshot"
    __table_args__ = (Index("ix_snapshot_kind", "experiment_id", "kind", unique=True),)

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    rule_version: str
    call: str
    hits: int  # k: people whose click had settled
    people: int  # n
    body: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Look(SQLModel, table=True):
    """A planned look as it was held: its counts and its boundaries never change afterwards."""

    __tablename__ = "look"

    experiment_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime)
    at: datetime = Field(sa_type=UtcDateTime)
    body: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class ToldVerdict(SQLModel, table=True):
    """What was last told of an experiment: a verdict that falls, or changes, is told once."""

    __tablename__ = "told_verdict"

    experiment_id: str = Field(primary_key=True)
    call: str  # of readout_types.State
    breached: list[str] = Field(default_factory=list, sa_type=Json)  # guardrails: `metric of arm`
    at: datetime = Field(sa_type=UtcDateTime)

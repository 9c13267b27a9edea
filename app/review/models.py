"""What was decided, and what was learned."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from app.platform.db import UtcDateTime
from app.platform.ids import new_id


class Choice(StrEnum):
    """What becomes of a slice."""

    BUILD = "build"
    ITERATE = "iterate"
    STOP = "stop"


class Decision(SQLModel, table=True):
    """A person's decision on one experiment, with the readout that it rests on."""

    __tablename__ = "decision"

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(unique=True)
    snapshot_id: str
    call: str  # what the rule said then, and its sentence
    sentence: str
    decision: str
    learning: str
    reason: str | None = None  # why to build in spite of the result
    next_slice: str | None = None  # its title
    next_slice_id: str | None = None
    decided_by: str
    at: datetime = Field(sa_type=UtcDateTime, index=True)

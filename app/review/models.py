"""What was decided and learned; what a week's review said, promised and froze."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, Index, SQLModel

from app.platform.db import UtcDateTime
from app.platform.documents import Json
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


class Comment(SQLModel, table=True):
    """What somebody of the team said of a feature, an experiment or a key result."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_by", "by_id", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    about: str  # feature, experiment, key_result
    subject: str = Field(index=True)  # the id of what it is about
    text: str
    mentions: list[str] = Field(default_factory=list, sa_type=Json)  # users, by id
    by: str  # the name at that time
    by_id: str | None = None  # a user, who may be behind a token
    at: datetime = Field(sa_type=UtcDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Seen(SQLModel, table=True):
    """Somebody of the team has read a check-in of a key result."""

    __tablename__ = "seen"

    check_in_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class ItemKind(StrEnum):
    """What people write down in a week's review."""

    COMMITMENT = "commitment"  # for the week after
    BLOCKER = "blocker"
    DECISION = "decision"  # of the meeting; what becomes of a slice is decided on its experiment


class Kept(StrEnum):
    """What became of a commitment."""

    DONE = "done"
    NOT_DONE = "not_done"


class WeekItem(SQLModel, table=True):
    """One line of a week's review."""

    __tablename__ = "week_item"

    id: str = Field(default_factory=new_id, primary_key=True)
    week: str = Field(index=True)  # in whose review it was written
    kind: str
    text: str
    owner: str = ""  # a name or an address, as of an objective
    kept: str | None = None  # of a commitment; None: not known yet
    kept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class FrozenWeek(SQLModel, table=True):
    """A week as it was told. Nothing that is edited later changes it."""

    __tablename__ = "frozen_week"

    week: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_type=Json)  # a review.shapes.Review
    frozen_by: str
    frozen_at: datetime = Field(sa_type=UtcDateTime)

"""What came back: raw hits with their verdicts, what was read of the journals, answers."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, false, text, true
from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id

_Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts INTEGER keys only


class JournalSegment(SQLModel, table=True):
    """How far a segment of a journal is ingested; moved in the transaction of its hits."""

    __tablename__ = "journal_segment"

    id: str = Field(primary_key=True)
    folder: str
    offset: int = Field(default=0, sa_type=BigInteger)
    read_at: datetime = Field(sa_type=UtcDateTime)


class Ageing(SQLModel, table=True):
    """How far the hits were looked at that lose something with their age, and when."""

    __tablename__ = "ageing"

    name: str = Field(primary_key=True)
    after: int = Field(default=0, sa_type=BigInteger)  # the last hit's number
    ran_at: datetime = Field(sa_type=UtcDateTime)


class DataFolder(SQLModel, table=True):
    """A folder in which a machine journals hits, and how far its ingester has read them."""

    __tablename__ = "data_folder"

    id: str = Field(primary_key=True)
    host: str
    path: str  # on that host
    registered_at: datetime = Field(sa_type=UtcDateTime)
    # every hit answered before is a row; None: nobody has looked into the folder yet
    ingested_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)  # when its ingester last wrote
    drained: bool = False  # it was stopped in order, with every hit read
    lost: int = Field(default=0, sa_type=BigInteger)  # hits answered and not kept, ever
    # those of them that an operator has taken note of
    lost_seen: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # nobody waits for it
    retired_by: str = ""
    # the file that holds the id: where whoever spoke last has it, and who spoke before them
    place: str = Field(default="", sa_column_kwargs={"server_default": ""})
    other_place: str = Field(default="", sa_column_kwargs={"server_default": ""})
    other_name: str = Field(default="", sa_column_kwargs={"server_default": ""})
    moved_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime
    )  # None: nothing to wait for
    is_copied: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # prints of what its processes are set to, by name: enough to compare
    settings: str = Field(default="", sa_column_kwargs={"server_default": ""})


class LostHits(SQLModel, table=True):
    """Hits of a data folder that are counted nowhere, and when they were answered."""

    __tablename__ = "lost_hits"

    id: str = Field(default_factory=new_id, primary_key=True)
    folder_id: str
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime, index=True)
    hits: int | None = Field(default=None, sa_type=BigInteger)  # None: nobody knows how many


class Hit(SQLModel, table=True):
    """One answered request, as it came, and who was behind it.

    `count` is more than 1 for nobody's hits of one minute, and where an earlier version folded.
    """

    __tablename__ = "hit"
    __table_args__ = (
        UniqueConstraint("segment_id", "segment_offset"),
        Index("ix_hit_send", "send_id", "at"),
        Index("ix_hit_experiment", "experiment_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(_Serial, primary_key=True))
    segment_id: str
    segment_offset: int = Field(sa_type=BigInteger)
    send_id: int = Field(sa_type=BigInteger)
    experiment_id: str = ""
    arm: str = ""
    kind: str  # click, open
    link: int
    at: datetime = Field(sa_type=UtcDateTime)
    method: str
    user_agent: str
    flags: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # {"signs": "lf"}
    address_class: str
    address_key: str
    verdict: str
    rule: str
    rule_version: str
    reason: str
    via_proxy: bool = False
    count: int = 1
    # what rules ask for is there; else the verdict stays, whatever rules say later
    intact: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class Reaction(SQLModel, table=True):
    """One row per send with hits: the lock under which they are judged."""

    __tablename__ = "reaction"

    send_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    judged_version: str = ""
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    # what the counters of links hold for this send: {"0": [hits, people]}
    links: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    # what judging the next hit must know (`memory`); empty: all hits are read again
    memory: str = Field(default="", sa_column_kwargs={"server_default": ""})
    # its hits were let go for their age: what was counted of them stays, whatever comes
    gone: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class HitCount(SQLModel, table=True):
    """Hits of one send that were only counted: past a hundred in a minute, or a thousand in all.

    One row per hour (cut where the window opens and closes), link and method.
    """

    __tablename__ = "hit_count"
    __table_args__ = (Index("ix_hit_count_experiment", "experiment_id", "arm"),)

    send_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    since: datetime = Field(sa_column=Column(UtcDateTime, primary_key=True))
    kind: str = Field(primary_key=True)
    link: int = Field(primary_key=True)
    method: str = Field(primary_key=True)
    experiment_id: str = ""
    arm: str = ""
    count: int = Field(default=0, sa_type=BigInteger)


class Answer(SQLModel, table=True):
    """What one person said on the answer page."""

    __tablename__ = "answer"
    __table_args__ = (
        Index("ix_answer_useful", "experiment_id", "useful"),
        Index(
            "ix_answer_said",
            "experiment_id",
            "at",
            "send_id",
            sqlite_where=text("comment <> ''"),
            postgresql_where=text("comment <> ''"),
        ),
    )

    send_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    experiment_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    useful: bool | None = None
    comment: str = ""
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class Conversion(SQLModel, table=True):
    """Something that a person did elsewhere, under the id of whoever told us."""

    __tablename__ = "conversion"
    __table_args__ = (
        Index("ix_conversion_unsettled", "settled", "received_at"),
        Index("ix_conversion_received", "received_at", "id"),
        Index("ix_conversion_tried", "person_id", "tried_at"),
    )

    id: str = Field(primary_key=True)
    event: str
    email_key: str | None = Field(default=None, index=True)
    external_id: str | None = Field(default=None, index=True)
    person_id: str | None = None  # None: nobody whom we know, yet
    value: float = 0.0
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    digest: str  # SHA-256 of the body: the same id with another one is refused
    tried_at: datetime = Field(sa_type=UtcDateTime)  # when we last looked for the person
    settled: bool = False  # counted again, once whoever was being released then is visible

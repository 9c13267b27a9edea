"""Sends, where their links lead, what came back of them, notices, and the built-in outbox."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, text
from sqlmodel import Field, Index, SQLModel

from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id


class State(StrEnum):
    """Where a send stands; disjoint, and together they are everybody enrolled."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    UNCERTAIN = "uncertain"
    HELD = "held"
    SKIPPED = "skipped"


_UNDONE = text("done_at IS NULL")
_PUT_OFF = text("state = 'queued' AND last_reply IS NOT NULL")


class Send(SQLModel, table=True):
    """One row per enrolment; the id is the enrolment's."""

    __tablename__ = "send"
    __table_args__ = (
        Index("ix_send_due", "experiment_id", "state", "due_at", "id"),
        Index("ix_send_lease", "state", "lease_until"),
        Index("ix_send_released", "experiment_id", "released_at"),
        Index("ix_send_listed", "experiment_id", "id"),
        Index(
            "ix_send_put_off", "experiment_id", "due_at",
            sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF,
        ),
    )  # fmt: skip

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    experiment_id: str
    arm: str
    person_id: str = Field(index=True)
    wave: int = 0
    state: str = Field(default=State.QUEUED)
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    holder: str | None = None  # the data folder and process that reserved it
    attempts: int = 0  # reservations
    deferrals: int = 0  # replies that put it off
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # first reservation
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # state became final
    last_reply: str | None = None
    relay: str | None = None  # which one was asked last


class SendCount(SQLModel, table=True):
    """How many sends are in a state. Triggers of the database keep it, whoever writes sends.

    A count is the sum over shards: on PostgreSQL each connection has its own, so that no two
    transactions wait for each other here.
    """

    __tablename__ = "send_count"

    experiment_id: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    shard: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    sends: int = Field(default=0, sa_type=BigInteger)


class DestinationSet(SQLModel, table=True):
    """The links of one arm as its mails carry them: one for its sends, one for every test mail."""

    __tablename__ = "destination_set"
    __table_args__ = (Index("ix_destination_set_arm", "experiment_id", "arm", "purpose"),)

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    experiment_id: str
    arm: str
    purpose: str = "send"  # send, test
    links: int = 0  # in the body; a hidden one comes after them
    created_at: datetime = Field(sa_type=UtcDateTime)
    planned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # all its sends exist


class Destination(SQLModel, table=True):
    """Where one link leads. A set never changes its links, but an address may be mended."""

    __tablename__ = "destination"

    set_id: int = Field(primary_key=True, sa_type=BigInteger)
    link: int = Field(primary_key=True)  # its position in the mail
    experiment_id: str = Field(index=True)
    arm: str
    kind: str  # fixed, personal, answer
    label: str = ""  # the title of the Markdown link, or its text
    address: str  # fixed: the address; personal: with {0}, {1} where the token's fills go
    version: int = 1


class ServerPace(SQLModel, table=True):
    """How many mails a minute a relay takes, as it let us know, and whether it is there."""

    __tablename__ = "server_pace"

    server: str = Field(primary_key=True)  # the relay's name: host and port, where it has no other
    per_minute: float | None = None
    learnt_at: datetime = Field(sa_type=UtcDateTime)
    away_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    said: str | None = None  # when it was asked last, and was away


class SendRate(SQLModel, table=True):
    """Tokens for mails at a rate that somebody set; all machines draw from them."""

    __tablename__ = "send_rate"

    name: str = Field(primary_key=True)  # what the rate is of: a relay, a domain
    tokens: float
    at: datetime = Field(sa_type=UtcDateTime)  # when there were so many


class Notice(SQLModel, table=True):
    """A mail that belongs to no experiment and counts nowhere: test mails first of all."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_due", "state", "due_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str  # test
    person_id: str | None = Field(default=None, index=True)  # whose columns a test mail shows
    recipient: str
    subject: str
    text: str
    html: str
    headers: dict[str, str] = Field(default_factory=dict, sa_type=Json)  # encoded already
    state: str = "queued"
    due_at: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    last_reply: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class OutboxMail(SQLModel, table=True):
    """A mail that the built-in outbox took instead of a server."""

    __tablename__ = "outbox_mail"

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    send_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    experiment_id: str | None = Field(default=None, index=True)
    person_id: str | None = Field(default=None, index=True)  # whose columns it shows
    recipient: str
    subject: str
    raw: bytes


class MailImage(SQLModel, table=True):
    """An image that mails show, as it was uploaded but for what it told of its maker."""

    __tablename__ = "mail_image"

    id: str = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True)  # in its address: nobody guesses it
    name: str  # of the file
    says: str  # what it shows, in words
    kind: str  # png, jpeg, gif, webp
    width: int  # pixels
    height: int
    size: int  # bytes
    hash: str  # SHA-256
    # Read only by whoever serves it.
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = ""

    @property
    def kilobytes(self) -> int:
        """Its size as pages say it."""
        return round(self.size / 1000)


class CameBackRow(SQLModel, table=True):
    """One thing that was said of one send, however often it was said.

    The id is made of what it says: a report that is brought twice is one row.
    """

    __tablename__ = "came_back"
    __table_args__ = (
        Index("ix_came_back_waiting", "send_id", sqlite_where=_UNDONE, postgresql_where=_UNDONE),
    )

    id: str = Field(primary_key=True)
    send_id: int = Field(sa_type=BigInteger, index=True)
    what: str  # gone, full, refused, complaint, auto_reply, reply
    words: str
    at: datetime = Field(sa_type=UtcDateTime)  # first heard
    # Done once the send is settled: a report may be here before its sender has written down that
    # the mail left.
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WrittenBack(SQLModel, table=True):
    """One answer that somebody wrote to their mail, by whichever door and however often it came."""

    __tablename__ = "written_back"
    __table_args__ = (Index("ix_written_back_listed", "experiment_id", "at", "id"),)

    id: str = Field(primary_key=True)  # made of the send and the answer's own number
    send_id: int = Field(sa_type=BigInteger, index=True)
    experiment_id: str
    at: datetime = Field(sa_type=UtcDateTime, index=True)  # when it came
    words: str  # theirs alone: no quote, no signature
    nameless: str  # the same without names, addresses and telephone numbers
    is_cut: bool = False  # there were more words than are kept
    is_unread: bool = False  # its text could not be read
    is_from_elsewhere: bool = False  # by another address than the one that was mailed
    left_out: int = 0  # files that came with it, which are not kept


class MailboxPlace(SQLModel, table=True):
    """How far a mailbox was read. Numbers of mails mean something under one `validity` alone."""

    __tablename__ = "mailbox_place"

    name: str = Field(primary_key=True)  # user, host and folder
    validity: int = Field(default=0, sa_type=BigInteger)  # UIDVALIDITY
    settled_until: int = Field(default=0, sa_type=BigInteger)  # the last number that was looked at
    again: list[int] = Field(default_factory=list, sa_type=Json)  # could not be settled yet

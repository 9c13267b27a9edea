"""The outcome of every enrolment, and the counters that make a readout cheap."""

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Index, SQLModel

from app.platform.db import UtcDateTime


class Outcome(SQLModel, table=True):
    """What became of one released person. Times are firsts; None means it did not happen."""

    __tablename__ = "outcome"
    __table_args__ = (
        Index("ix_outcome_released", "experiment_id", "arm", "released_at"),
        Index("ix_outcome_did", "experiment_id", "did_at", "arm"),
    )

    send_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    experiment_id: str
    arm: str
    stratum: str = ""
    released_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)  # the window's end: released_at + window
    sent: bool = False  # ever accepted by the receiving server
    failed: bool = False
    bounced: bool = False
    uncertain: bool = False
    mailed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # taken, or maybe taken
    untracked: bool = False
    clicked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # first human click
    maybe_clicked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # first unknown
    machine_clicked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # first human open
    machine_opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # What the experiment's metric counts, whatever that is: first sure, and first of unknown kind.
    did_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    maybe_did_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    unsubscribed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    complained_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # within the window
    clicks: int = 0  # raw GETs on links within the window, any verdict
    converted: int = 0
    value: float = 0.0
    capped: float = 0.0  # the value, no more than the metric's cap
    covariate: float | None = None  # frozen at launch


class Counter(SQLModel, table=True):
    """One row per arm, hour of release and stratum.

    Every number counts people, but `clicks` (raw GETs), `value`, and `y…` and `x…` (sums over
    people of the capped value and the covariate).
    """

    __tablename__ = "counter"

    experiment_id: str = Field(primary_key=True)
    arm: str = Field(primary_key=True)
    hour: datetime = Field(sa_column=Column(UtcDateTime, primary_key=True))
    stratum: str = Field(default="", primary_key=True)
    released: int = 0
    sent: int = 0
    failed: int = 0
    bounced: int = 0
    returned: int = 0  # accepted first, and came back later
    uncertain: int = 0
    untracked: int = 0
    did: int = 0  # what the experiment's metric counts
    maybe_did: int = 0
    human_clickers: int = 0
    unknown_clickers: int = 0
    machine_clickers: int = 0
    human_openers: int = 0
    machine_openers: int = 0
    unsubscribed: int = 0
    complained: int = 0
    replied: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    converted: int = 0
    nonzero: int = 0  # people with a value other than 0
    clicks: int = 0
    value: float = 0.0  # before the cap
    y: float = 0.0
    yy: float = 0.0
    yyy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0


class DayCounter(SQLModel, table=True):
    """One row per arm and days since release: people who first did it then."""

    __tablename__ = "day_counter"

    experiment_id: str = Field(primary_key=True)
    arm: str = Field(primary_key=True)
    day: int = Field(primary_key=True)
    people: int = 0


class DidCounter(SQLModel, table=True):
    """One row per arm and hour of the clock: people who first did it in that hour."""

    __tablename__ = "did_counter"

    experiment_id: str = Field(primary_key=True)
    arm: str = Field(primary_key=True)
    hour: datetime = Field(sa_column=Column(UtcDateTime, primary_key=True))
    people: int = 0


class LinkCounter(SQLModel, table=True):
    """One row per arm and link: settled raw hits, and people with a human verdict on it."""

    __tablename__ = "link_counter"

    experiment_id: str = Field(primary_key=True)
    arm: str = Field(primary_key=True)
    link: int = Field(primary_key=True)
    hits: int = 0
    clickers: int = 0
    nameless: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # hits of nobody

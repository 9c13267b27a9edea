"""Features, slices, experiments, arms, and who is in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, false
from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from app.experiments.vocabulary import Channel
from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id


class Status(StrEnum):
    """Where an experiment stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    MEASURING = "measuring"
    DECIDED = "decided"
    CANCELLED = "cancelled"


ENDED = frozenset({Status.DECIDED, Status.CANCELLED})  # nobody further is sent anything


class Feature(SQLModel, table=True):
    """What might be built."""

    __tablename__ = "feature"

    id: str = Field(default_factory=new_id, primary_key=True)
    title: str
    problem: str = ""
    key_result_id: str | None = Field(default=None, index=True)
    full_build_weeks: float | None = None  # what building all of it would cost
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = ""


class FeatureTeam(SQLModel, table=True):
    """A team that shares a feature."""

    __tablename__ = "feature_team"

    feature_id: str = Field(primary_key=True)
    team_id: str = Field(primary_key=True)


class Slice(SQLModel, table=True):
    """One thin, shippable, measurable part of a feature."""

    __tablename__ = "slice"

    id: str = Field(default_factory=new_id, primary_key=True)
    feature_id: str = Field(index=True, foreign_key="feature.id")
    title: str
    assumption: str = ""
    riskiest: str | None = None
    position: int = 0  # `order` in the API
    status: str = "idea"  # idea, testing, decided
    created_at: datetime = Field(sa_type=UtcDateTime)


class Experiment(SQLModel, table=True):
    """The test of a slice. `design` is the whole document of the API; locked at launch."""

    __tablename__ = "experiment"
    __table_args__ = (Index("ix_experiment_due", "status", "scheduled_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    slice_id: str | None = Field(default=None, index=True)
    previous_id: str | None = None
    channel: str = Channel.EMAIL
    audience_id: str | None = Field(default=None, index=True)
    design: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    unread: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)  # typed, no design yet
    status: str = Field(default=Status.DRAFT)
    created_by: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    launched_by: str | None = None
    launched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the call
    scheduled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # when it starts
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # enrolment is complete
    measuring_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_reason: str | None = None
    undo_seconds: int = 0  # how long the launch may be undone; 0 once that is over
    rate_per_minute: int | None = None
    enrolled: int | None = None  # final once started
    pass_count: int | None = None  # k*, computed once from `enrolled`
    plan: dict[str, Any] | None = Field(default=None, sa_type=Json)  # frozen at the start
    columns: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)  # frozen at launch
    promised: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)  # whom a launch named
    fell_away: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)  # from then to start
    open_wave: int = 0  # the last wave that may be released
    stopped_wave: int | None = None  # the wave that a guardrail keeps closed
    rule_version: str | None = None  # of the verdicts; shared by all arms
    # said by the launch, and by nothing else: its mails stay in the outbox and nothing of it counts
    rehearsal: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class Made(StrEnum):
    """How a version of a draft came about."""

    BEGUN = "begun"
    WRITTEN = "written"
    TEMPLATE = "template"  # somebody filled it in from one
    RESTORED = "restored"  # an earlier version was brought back
    UNDONE = "undone"  # the change before was taken back


class DraftVersion(SQLModel, table=True):
    """A draft as somebody left it. Who goes on writing within minutes goes on with theirs."""

    __tablename__ = "draft_version"

    experiment_id: str = Field(primary_key=True)
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    saves: int = 1  # how often it was written; with the number it names one state of the draft
    made: str = Field(default=Made.WRITTEN)
    of: int | None = None  # the version that it brought back
    by: str = ""
    begun_at: datetime = Field(sa_type=UtcDateTime)
    at: datetime = Field(sa_type=UtcDateTime)
    design: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    unread: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)


class ExperimentLink(SQLModel, table=True):
    """An experiment names a key result. Triggers keep it as the design has it, whoever writes."""

    __tablename__ = "experiment_link"

    key_result_id: str = Field(primary_key=True)
    experiment_id: str = Field(primary_key=True, index=True)


class Approval(SQLModel, table=True):
    """A second person has seen an experiment that goes to many, as its design was then."""

    __tablename__ = "approval"

    experiment_id: str = Field(primary_key=True)
    by: str
    by_id: str
    at: datetime = Field(sa_type=UtcDateTime)
    people: int  # whom it was to go to, as they saw it
    design_at: datetime = Field(sa_type=UtcDateTime)  # when the experiment was last the same


class ApprovalAsked(SQLModel, table=True):
    """Somebody asked those who may approve to look at an experiment, as its design was then."""

    __tablename__ = "approval_asked"

    experiment_id: str = Field(primary_key=True)
    by: str
    by_id: str
    at: datetime = Field(sa_type=UtcDateTime)
    design_at: datetime = Field(sa_type=UtcDateTime)  # as of an approval


class Rehearsal(SQLModel, table=True):
    """An experiment's mails, composed for everybody before anybody gets one; where it stands.

    It holds for what it was made of: the design and all that a mail is made with (`made_of`), and
    the people and columns of the audience (`revision`).
    """

    __tablename__ = "rehearsal"

    experiment_id: str = Field(primary_key=True)
    run: str  # an id: what was noted of people belongs to this run of it
    made_of: str  # a hash, with these two in it
    frame: str
    day: str  # of the release, where a mail asks for it
    design_at: datetime = Field(sa_type=UtcDateTime)  # when the experiment was last the same
    audience_id: str
    revision: int  # of the audience
    after: str | None = None  # the last person looked at
    done: bool = False
    found: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # counts, and who falls away


class Unwritable(SQLModel, table=True):
    """Somebody to whom a run of a rehearsal could not write, and why."""

    __tablename__ = "unwritable"

    experiment_id: str = Field(primary_key=True)
    run: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True, index=True)
    reason: str
    detail: str = ""
    about: str = ""


class Enrolment(SQLModel, table=True):
    """This person is in this arm; decided once, by a hash. The id is the send's id, too."""

    __tablename__ = "enrolment"
    __table_args__ = (UniqueConstraint("experiment_id", "person_id"),)

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    experiment_id: str = Field(index=True)
    arm: str
    person_id: str = Field(index=True)
    wave: int = 0
    frozen: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # columns the content uses


class Ineligible(SQLModel, table=True):
    """Somebody of the audience who is not enrolled, and why."""

    __tablename__ = "ineligible"

    experiment_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True, index=True)
    reason: str  # filter, sample, excluded, cooling_off, suppressed, consent, missing_column, …
    detail: str = ""


class PeopleCount(SQLModel, table=True):
    """How many are enrolled (no reason), and left out by reason. Triggers of the database keep it.

    A count is the sum over shards: on PostgreSQL each connection has its own, so that no two
    transactions wait for each other here.
    """

    __tablename__ = "people_count"

    experiment_id: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    shard: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    people: int = Field(default=0, sa_type=BigInteger)


class ExperimentTemplate(SQLModel, table=True):
    """A design to begin from, without people, dates or anything else of one run."""

    __tablename__ = "experiment_template"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    about: str = ""
    design: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_by: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)

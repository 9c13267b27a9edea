"""Buckets, respondents, the settings, openings, invitations and answers."""

from datetime import datetime, time
from enum import StrEnum
from typing import Any

from sqlmodel import BigInteger, Field, SQLModel

from app.allocation.calendar import Schedule
from app.platform.db import UtcDateTime
from app.platform.documents import Json
from app.platform.ids import new_id
from app.platform.told import told
from app.platform.weekly import WeekTime


class Mode(StrEnum):
    """Who answers: one for each team, or everybody."""

    TEAM = "team"
    PERSON = "person"


class Bucket(SQLModel, table=True):
    """A kind of work. Retired, it keeps its answers and is asked for no longer."""

    __tablename__ = "bucket"
    __table_args__ = told("name", "target", "position", "retired_at", named="name")

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    elective: bool
    target: float | None = None  # of the elective time; of all time where it is not elective
    position: int = 0
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


# The model's buckets and its 60 / 20 / 20, until an organisation sets its own.
_FIRST = (
    ("lights", "Keeping the lights on", None),
    ("new", "Build new", 0.6),
    ("existing", "Improve existing", 0.2),
    ("productivity", "Raise productivity", 0.2),
)
_PLACES = {key: (place, name, target) for place, (key, name, target) in enumerate(_FIRST)}


def first_buckets() -> list[Bucket]:
    """What is asked for while nobody has set anything."""
    return [first_bucket(key) for key, _, _ in _FIRST]


def first_bucket(key: str) -> Bucket:
    """One of these."""
    position, name, target = _PLACES[key]
    return Bucket(id=key, name=name, elective=target is not None, target=target, position=position)


class Respondent(SQLModel, table=True):
    """Somebody of the staff who says where a week went, or owns a key result, or both."""

    __tablename__ = "respondent"
    __table_args__ = told("name", "email", "team_id", "fte", "active", "asked_time", "language")

    id: str = Field(default_factory=new_id, primary_key=True)
    number: int = Field(sa_type=BigInteger, unique=True)  # random; what the link of a mail carries
    name: str
    email: str = Field(unique=True)
    team_id: str | None = None
    fte: float = 1.0
    active: bool = True
    asked_time: bool = True  # False: asked for their own key results only
    # Of Friday's mail and page; empty: the mail is English, the page as their browser asks.
    language: str = Field(default="", sa_column_kwargs={"server_default": ""})


_USUAL: dict[str, Any] = {
    "mode": Mode.TEAM.value,
    "opens_day": 4,
    "opens_at": "14:00",
    "reminds_day": 7,
    "reminds_at": "09:00",
    "closes_day": 7,
    "closes_at": "10:00",
}


class AllocationSettings(SQLModel, table=True):
    """The one row of who answers, and when."""

    __tablename__ = "allocation_settings"
    __table_args__ = told(*_USUAL, usual=_USUAL)

    id: int = Field(default=1, primary_key=True)
    mode: str = _USUAL["mode"]
    opens_day: int = _USUAL["opens_day"]
    opens_at: str = _USUAL["opens_at"]
    reminds_day: int = _USUAL["reminds_day"]
    reminds_at: str = _USUAL["reminds_at"]
    closes_day: int = _USUAL["closes_day"]
    closes_at: str = _USUAL["closes_at"]

    def schedule(self) -> Schedule:
        """The times of a week."""
        return Schedule(
            opens=WeekTime(self.opens_day, time.fromisoformat(self.opens_at)),
            reminds=WeekTime(self.reminds_day, time.fromisoformat(self.reminds_at)),
            closes=WeekTime(self.closes_day, time.fromisoformat(self.closes_at)),
        )


class Opening(SQLModel, table=True):
    """A week that was opened: once, whoever tried. Its mode and times stay as they were then."""

    __tablename__ = "opening"

    name: str = Field(primary_key=True)
    week: str = Field(primary_key=True)
    mode: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    reminds_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # closed, and told


class WeekBucket(SQLModel, table=True):
    """A kind of work that a week was asked about, with its target and place as they were then."""

    __tablename__ = "week_bucket"

    week: str = Field(primary_key=True)
    bucket_id: str = Field(primary_key=True)
    target: float | None = None
    position: int = 0


class Invitation(SQLModel, table=True):
    """A respondent is asked about a week; when the mail and its reminder were queued.

    `asked_time` stays as it was when the week closed, so that a week's response rate does.
    """

    __tablename__ = "invitation"

    week: str = Field(primary_key=True)
    respondent_id: str = Field(primary_key=True)
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    asked_time: bool = True
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the Friday page
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # they left meanwhile

    @property
    def is_asked(self) -> bool:
        """Whether an answer about time is awaited, or was."""
        return self.asked_time and self.withdrawn_at is None


class TimeAnswer(SQLModel, table=True):
    """Where one respondent's week went."""

    __tablename__ = "time_answer"

    week: str = Field(primary_key=True)
    respondent_id: str = Field(primary_key=True)
    shares: dict[str, int] = Field(sa_type=Json)  # whole percent by bucket, 100 in all
    note: str = ""
    team_id: str | None = None  # as it was when answering
    fte: float = 1.0
    late: bool = False
    at: datetime = Field(sa_type=UtcDateTime)


class TimeAnswerBefore(SQLModel, table=True):
    """What an answer said before it was changed."""

    __tablename__ = "time_answer_before"

    id: str = Field(default_factory=new_id, primary_key=True)
    week: str = Field(index=True)
    respondent_id: str
    shares: dict[str, int] = Field(sa_type=Json)
    note: str = ""
    at: datetime = Field(sa_type=UtcDateTime)


class TimeTold(SQLModel, table=True):
    """One person's answer as it is counted in what is shown, and the cell it is counted in.

    A cell holds several people. Without a team it counts for everybody only.
    """

    __tablename__ = "time_told"

    week: str = Field(primary_key=True)
    respondent_id: str = Field(primary_key=True)
    cell: int
    team_id: str | None = None
    shares: dict[str, int] = Field(sa_type=Json)
    fte: float = 1.0

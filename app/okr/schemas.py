"""What the outside may send about outcomes."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from app.okr.goal_columns import Field as GoalField
from app.platform.days import Day
from app.platform.texts import Document, Name, Trimmed
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals


def _known_unit(unit: str) -> str:
    if unit.lower() in {"number", "percent"}:
        return unit.lower()
    if re.fullmatch(r"[A-Za-z]{3}", unit):  # ISO 4217
        return unit.upper()
    raise ValueError("must be number, percent, or a currency's code such as EUR")


def _no_answer(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")  # noqa: TRY004 - pydantic's kind
    return value


Becomes = GoalField | Literal[""]
Number = Annotated[float, Field(ge=-1e15, le=1e15), BeforeValidator(_no_answer)]
Comment = Annotated[str, Field(max_length=2000)]
LONGEST_CYCLE = timedelta(days=20 * 366)  # every week of it is looked at
_LEAST_WAY = 1e-9  # a shorter way from start to target makes progress overflow


class TeamDraft(Trimmed):
    """A team and its function."""

    name: Name
    function: Annotated[str, Field(max_length=100)] = ""


class CycleDraft(Trimmed):
    """A quarter, usually; both days belong to it."""

    name: Name
    starts: Day
    ends: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError("ends must come after starts")
        if self.ends - self.starts > LONGEST_CYCLE:
            raise ValueError("a cycle lasts twenty years at most")
        return self


class ObjectiveDraft(Trimmed):
    """Where several teams together want to be."""

    title: Name
    cycle_id: str
    team_ids: list[str] = Field(default_factory=list, max_length=50)
    owner: Annotated[str, Field(max_length=200)] = ""


class HttpSource(Trimmed):
    """An address that answers with JSON, and where the number stands in it (RFC 6901)."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    pointer: Annotated[str, Field(max_length=500, pattern=r"^(/.*)?$")] = ""
    every: Literal["daily", "weekly"] = "daily"


class SqlSource(Trimmed):
    """A query that gives one number, on a connection that the operator named."""

    connection: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")]
    query: Annotated[str, Field(min_length=1, max_length=10_000)]
    every: Literal["daily", "weekly"] = "daily"


class KeyResultDraft(Trimmed):
    """A business outcome in a number."""

    objective_id: str
    title: Name
    kind: Literal["increase", "decrease", "maintain", "milestone"]
    unit: Annotated[str, AfterValidator(_known_unit)] = "number"
    start: Number
    target: Number
    low: Number | None = None
    high: Number | None = None
    stretch: Number | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1
    cadence: Literal["daily", "weekly", "monthly"] = "weekly"
    source: Literal["manual", "api", "experiment", "http", "sql"] = "manual"
    owner: Annotated[str, Field(max_length=200)] = ""
    kept_because: Comment = Field(
        default="", description="why a title that names work, not an outcome, stays"
    )
    running_total: bool | None = Field(
        default=None, description="it only adds up, so its pace is judged; null: not said"
    )
    http: HttpSource | None = None
    sql: SqlSource | None = None

    @model_validator(mode="after")
    def _only_a_number_that_moves_adds_up(self) -> Self:
        if self.running_total and self.kind in {"maintain", "milestone"}:
            raise ValueError(f"a {self.kind} is no running total: leave it out")
        return self

    @model_validator(mode="after")
    def _stretch_lies_beyond(self) -> Self:
        if self.stretch is None:
            return self
        if self.kind in {"maintain", "milestone"}:
            raise ValueError(f"a {self.kind} has no stretch target: leave it out")
        if (self.stretch - self.target) * (self.target - self.start) <= 0:
            raise ValueError("the stretch target must lie beyond the target")
        return self

    @model_validator(mode="after")
    def _reads_what_its_source_says(self) -> Self:
        for source, read in (("http", self.http), ("sql", self.sql)):
            if (self.source == source) != (read is not None):
                raise ValueError(f"the source {source} needs {source}, and nothing else takes it")
        return self

    @model_validator(mode="after")
    def _numbers_fit_the_kind(self) -> Self:
        if self.kind == "maintain":
            if self.low is None or self.high is None or self.low > self.high:
                raise ValueError("maintain needs low and high, with low at or under high")
        elif abs(self.target - self.start) < _LEAST_WAY:
            raise ValueError("start and target are the same: there is nothing to move")
        elif self.kind == "increase" and self.target < self.start:
            raise ValueError("the target of an increase must lie above its start")
        elif self.kind == "decrease" and self.target > self.start:
            raise ValueError("the target of a decrease must lie under its start")
        elif self.kind == "milestone" and (self.start, self.target) != (0, 1):
            raise ValueError("a milestone goes from 0 to 1")
        return self


class PastValue(Trimmed):
    """A value from before: it shows how large the noise is."""

    date: Day
    value: Number


class PastDraft(Trimmed):
    """Past values as they were pasted, and how to read what can be read in two ways."""

    text: Annotated[str, StringConstraints(strip_whitespace=False, max_length=100_000)]
    dates: Literal[Order.DAY_FIRST, Order.MONTH_FIRST] | None = Field(
        default=None, description="which stands first in 3/4/2026; asked for where nothing tells it"
    )
    decimals: Decimals | None = Field(
        default=None, description="how 1,234 is meant; asked for where nothing tells it"
    )
    last_week: Annotated[str, Field(max_length=8)] | None = Field(
        default=None, description="of numbers alone: the last line's week; else the last whole one"
    )


class GoalsDraft(Document):
    """Goals of another tool as CSV, and how it is meant where that is not plain."""

    csv: str
    columns: dict[str, Becomes] = Field(
        default_factory=dict,
        max_length=100,
        description="what columns become, by heading, where the guess is wrong; empty: left out",
    )
    cycle_id: str | None = Field(default=None, description="of rows that name no cycle")
    dates: Literal[Order.DAY_FIRST, Order.MONTH_FIRST] | None = None
    decimals: Decimals | None = None


class NewKeyResult(KeyResultDraft):
    """A key result with its past, as far as somebody has it."""

    past: list[PastValue] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _one_value_a_day(self) -> Self:
        days = [past_value.date for past_value in self.past]
        if len(days) != len(set(days)):
            raise ValueError("past has a day twice: one value a day")
        return self


class ValueDraft(Trimmed):
    """One value; its date stands in the address."""

    value: Number
    comment: Comment | None = None
    confidence: Annotated[int, Field(ge=0, le=10)] | None = None


class KeyResultChanges(Trimmed):
    """Some fields of a key result; what isn't sent stays as it is. `unit` and `kind` stay."""

    title: Name | None = None
    start: Number | None = None
    target: Number | None = None
    low: Number | None = None
    high: Number | None = None
    stretch: Number | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] | None = None
    cadence: Literal["daily", "weekly", "monthly"] | None = None
    source: Literal["manual", "api", "experiment", "http", "sql"] | None = None
    owner: Annotated[str, Field(max_length=200)] | None = None
    kept_because: Comment | None = None
    running_total: bool | None = None
    http: HttpSource | None = None
    sql: SqlSource | None = None


class ObjectiveChanges(Trimmed):
    """Some fields of an objective; what isn't sent stays as it is."""

    title: Name | None = None
    team_ids: list[str] | None = Field(default=None, max_length=50)
    owner: Annotated[str, Field(max_length=200)] | None = None


class CycleChanges(Trimmed):
    """Some fields of a cycle; what isn't sent stays as it is."""

    name: Name | None = None
    starts: Day | None = None
    ends: Day | None = None


class TeamChanges(Trimmed):
    """Some fields of a team; what isn't sent stays as it is."""

    name: Name | None = None
    function: Annotated[str, Field(max_length=100)] | None = None


class UnusualWeekDraft(Trimmed):
    """Why a coming week will be unlike others; without a key result it is so for all."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]
    key_result_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class ConfidenceDraft(Trimmed):
    """How sure one is, without a new value: will the target be reached?"""

    confidence: Annotated[int, Field(ge=0, le=10)]
    comment: Comment = ""


class ScoreDraft(Trimmed):
    """How a key result ended, 0..1. Without a number its progress is taken."""

    score: Annotated[float, Field(ge=0, le=1)] | None = None
    comment: Comment = ""


class CloseDraft(Trimmed):
    """The scores with which a cycle closes, by key result; the others get their progress."""

    scores: dict[str, ScoreDraft] = Field(default_factory=dict, max_length=500)

"""What the outside may send about outcomes."""

from datetime import date as Date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
_LEAST_WAY = 1e-9  # a shorter way from start to target makes progress overflow


class Strict(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _without_nul(cls, value: object) -> object:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\x00" in text for text in texts):
            raise ValueError("must not contain the NUL character")  # PostgreSQL keeps none
        return value


class TeamDraft(Strict):
    """A team and its function."""

    name: Name
    function: Annotated[str, Field(max_length=100)] = ""


class CycleDraft(Strict):
    """A quarter, usually; both days belong to it."""

    name: Name
    starts: Date
    ends: Date

    @model_validator(mode="after")
    def _in_order(self) -> "CycleDraft":
        if self.ends <= self.starts:
            raise ValueError("ends must come after starts")
        return self


class ObjectiveDraft(Strict):
    """Where several teams together want to be."""

    title: Name
    cycle_id: str
    team_ids: list[str] = Field(default_factory=list, max_length=50)
    owner: Annotated[str, Field(max_length=200)] = ""


class KeyResultDraft(Strict):
    """A business outcome in a number."""

    objective_id: str
    title: Name
    kind: Literal["increase", "decrease", "maintain", "milestone"]
    unit: Annotated[str, Field(min_length=1, max_length=20)] = "number"
    start: Number
    target: Number
    low: Number | None = None
    high: Number | None = None
    stretch: Number | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1
    cadence: Literal["daily", "weekly", "monthly"] = "weekly"
    source: Literal["manual", "api", "experiment", "http", "sql"] = "manual"
    owner: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _numbers_fit_the_kind(self) -> "KeyResultDraft":
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


class ValueDraft(Strict):
    """One value; its date stands in the address."""

    value: Number
    comment: Annotated[str, Field(max_length=2000)] | None = None
    confidence: Annotated[int, Field(ge=0, le=10)] | None = None

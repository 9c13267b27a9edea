"""People of an audience with their columns, in order of id, and the filter on those columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from app.audience import store
from app.audience.values import number_of, text_of

_OWN = ("email", "name", "external_id", "timezone")  # the person's; every other column is data


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an audience."""

    person_id: str
    email: str
    email_key: str
    name: str
    external_id: str | None
    timezone: str
    consent_open: str
    consent_click: str
    data: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, object]:
        """What a template sees; a column that is empty is not there."""
        own = {name: getattr(self, name) for name in _OWN}
        return {name: value for name, value in (own | self.data).items() if value not in {None, ""}}


class Condition(BaseModel):
    """One condition on a column. Numbers compare as numbers where both sides are."""

    model_config = ConfigDict(extra="forbid")

    column: str = Field(min_length=1, max_length=200)
    op: Literal["eq", "ne", "in", "lt", "lte", "gt", "gte", "contains", "exists", "missing"]
    value: str | float | bool | list[str | float] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> "Condition":
        if self.op in {"exists", "missing"}:
            return self
        if self.value is None:
            raise ValueError(f"{self.op} needs a value")
        if (self.op == "in") != isinstance(self.value, list):
            raise ValueError("`in` takes a list, every other op a single value")
        return self


def chunk(session: Session, audience_id: str, *, after: str | None, limit: int) -> list[Member]:
    """The next people after an id."""
    return [
        _member(row) for row in store.member_rows(session, audience_id, after=after, limit=limit)
    ]


def member_of(session: Session, audience_id: str, person_id: str) -> Member:
    """One person of an audience."""
    return _member(store.member_row(session, audience_id, person_id))


def sample_people(session: Session, audience_id: str, count: int) -> list[Member]:
    """The first few people, for a preview."""
    return chunk(session, audience_id, after=None, limit=count)


def matches(member: Member, conditions: Sequence[Condition]) -> bool:
    """Whether a person meets every condition."""
    row = member.row()
    return all(_meets(row.get(one.column), one) for one in conditions)


def _meets(value: object, condition: Condition) -> bool:
    if condition.op == "exists":
        return value is not None
    if condition.op == "missing":
        return value is None
    if value is None:
        return condition.op == "ne"
    if condition.op == "in":
        assert isinstance(condition.value, list)
        return any(_compared(value, one) == 0 for one in condition.value)
    if condition.op == "contains":
        return text_of(condition.value).lower() in text_of(value).lower()
    return _ORDERS[condition.op](_compared(value, condition.value))


def _compared(left: object, right: object) -> int:
    """-1, 0 or 1: as numbers where both are, otherwise as text."""
    numbers = number_of(left), number_of(right)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    texts = text_of(left), text_of(right)
    return (texts[0] > texts[1]) - (texts[0] < texts[1])


_ORDERS: dict[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "ne": lambda order: order != 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
}


def _member(row: Any) -> Member:
    return Member(
        person_id=row.id,
        email=row.email,
        email_key=row.email_key,
        name=row.name,
        external_id=row.external_id,
        timezone=row.timezone,
        consent_open=row.consent_open,
        consent_click=row.consent_click,
        data=row.data,
    )

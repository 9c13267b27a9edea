"""A filter on the columns of an audience: text as text, numbers as numbers, days as days."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from app.audience.columns import Column, Columns, Misfit, Value
from app.platform.asked import Asked, Choices, Kind, Looks, Questions
from app.platform.written_days import as_moment

OPERATORS: Choices = (
    ("eq", "is"),
    ("ne", "is not"),
    ("in", "is one of"),
    ("contains", "contains"),
    ("lt", "is below"),
    ("lte", "is at most"),
    ("gt", "is above"),
    ("gte", "is at least"),
    ("exists", "is filled"),
    ("missing", "is missing"),
)
_COLUMN = Asked("Column", again="and column", looks=Looks(list="columns"))
_VALUE = Asked("Value", "Several: comma between them.", kind=Kind.TEXT)
_ORDERED = {"lt", "lte", "gt", "gte"}
_PLAIN = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")


class Condition(Questions):
    """One condition on a column, compared as the column's type says."""

    column: Annotated[str, Field(min_length=1, max_length=200), _COLUMN]
    op: Annotated[
        Literal["eq", "ne", "in", "lt", "lte", "gt", "gte", "contains", "exists", "missing"],
        Asked("is", kind=Kind.CHOICE, choices=OPERATORS),
    ]
    value: Annotated[str | float | bool | list[str | float] | None, _VALUE] = None

    @model_validator(mode="after")
    def _value_fits(self) -> "Condition":
        if self.op in {"exists", "missing"}:
            return self
        if self.value is None:
            raise ValueError(f"{self.op} needs a value")
        if (self.op == "in") != isinstance(self.value, list):
            raise ValueError("`in` takes a list, every other op a single value")
        return self

    @property
    def operands(self) -> Sequence[object]:
        """What cells are compared with."""
        if self.op in {"exists", "missing", "contains"}:
            return ()
        return self.value if isinstance(self.value, list) else (self.value,)


def matches(
    row: Mapping[str, object], conditions: Sequence[Condition], *, columns: Columns
) -> bool:
    """Whether a person meets every condition. Raises Misfit where a cell cannot be compared."""
    return all(_meets(row, condition, columns) for condition in conditions)


def problems(conditions: Sequence[Condition], *, columns: Columns) -> list[Misfit]:
    """Conditions that compare a column with what it never holds."""
    misfits = []
    for condition in conditions:
        column = columns.column(condition.column)
        for value in condition.operands:
            try:
                column.operand(value)
            except Misfit as error:
                misfits.append(error)
    return misfits


def _meets(row: Mapping[str, object], condition: Condition, columns: Columns) -> bool:
    if condition.op in {"exists", "missing"}:
        return _is_filled(row, condition.column, columns) == (condition.op == "exists")
    value = columns.read(condition.column, row)
    if value is None:
        return condition.op == "ne"
    if condition.op == "contains":
        cell = row[columns.real(condition.column)]
        return _text(condition.value).casefold() in _text(cell).casefold()
    column = columns.column(condition.column)
    if condition.op == "in":
        return any(_compared(column, value, operand, "eq") == 0 for operand in condition.operands)
    return _ORDERS[condition.op](_compared(column, value, condition.value, condition.op))


def _is_filled(row: Mapping[str, object], name: str, columns: Columns) -> bool:
    try:
        return columns.read(name, row) is not None
    except Misfit:
        return True


def _compared(column: Column, left: Value, value: object, op: str) -> int:
    """-1, 0 or 1: as the column's type says; in text, numbers compare as such where both are."""
    right = column.operand(value)
    if isinstance(left, str) or isinstance(right, str):
        return _as_text(left, right, as_numbers=op in _ORDERED or type(left) is not type(right))
    if isinstance(left, date) and isinstance(right, date):
        left, right = as_moment(left), as_moment(right)
    if isinstance(left, bool) or isinstance(right, bool):
        left, right = bool(left), bool(right)
    return _sign(left, right)


def _as_text(left: Value, right: Value, *, as_numbers: bool) -> int:
    texts = _text(left), _text(right)
    if as_numbers and all(map(_PLAIN.fullmatch, texts)):
        return _sign(*map(Decimal, texts))
    return _sign(*texts)


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


_ORDERS: dict[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "ne": lambda order: order != 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
}

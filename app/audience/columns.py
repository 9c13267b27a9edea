"""The columns of an audience, each with a type and a format: what their cells mean.

Cells are kept as they were typed; whoever filters, compares or writes mails reads them here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from math import isfinite, nan
from typing import Any

from app.audience import words
from app.audience.own import TOLD
from app.platform import written_days, written_numbers
from app.platform.written_days import Day, Order
from app.platform.written_numbers import Decimals

Value = str | bool | Decimal | Day


class Type(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"


VERBATIM = "verbatim"  # a text column in which a word such as NULL is somebody's name
YES_NO = "yes_no"
_TICKS = {"1": True, "0": False}  # numbers to look at, answers where the column says so
FORMATS: Mapping[Type, tuple[str | None, ...]] = {
    Type.TEXT: (None, VERBATIM),
    Type.NUMBER: tuple(Decimals),
    Type.DATE: tuple(Order),
    Type.BOOLEAN: (YES_NO,),
}
_KINDS = {
    Type.NUMBER: "a number",
    Type.DATE: "a date",
    Type.BOOLEAN: "yes or no",
    Type.TEXT: "text",
}


class Misfit(ValueError):
    """A cell that is not what its column holds; the text is the reason."""

    def __init__(self, column: "Column", cell: object) -> None:
        super().__init__(f"“{str(cell)[:60]}” is not {_KINDS[column.type]}")
        self.column = column.name


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `format` is None for text, and where the author has still to say it."""

    name: str
    type: Type = Type.TEXT
    format: str | None = None
    unit: str = ""  # of a number: €, %, kg

    @property
    def is_asked(self) -> bool:
        """Only its author knows how it is read."""
        return self.format not in FORMATS[self.type]

    def read(self, cell: object) -> Value | None:
        """What a cell says; None where it says nothing. Raises Misfit."""
        return _of_text(self, cell) if isinstance(cell, str) else self._of_json(cell)

    def read_text(self, cell: str) -> Value | None:
        """The same, for a cell that was typed."""
        text = cell.strip()
        if self.type is Type.TEXT:
            empty = not text or (self.format != VERBATIM and words.is_nothing(text))
            return None if empty else cell
        if not text or words.is_nothing_in_numbers(text):
            return None
        value = self._value(text)
        if value is None:
            raise Misfit(self, text)
        return value

    def _value(self, text: str) -> Value | None:
        if self.is_asked:
            return text
        if self.type is Type.NUMBER:
            return self._number(text)
        if self.type is Type.DATE:
            return written_days.read(text, Order(str(self.format)))
        return _TICKS.get(text, words.yes_or_no(text))

    def _number(self, text: str) -> Decimal | None:
        """A number in the column's own unit: 15a is no 15, and 7 $ are no 7 €."""
        point, comma, unit = written_numbers.every(text)
        if unit.casefold() not in {"", self.unit}:
            return None
        return comma if self.format == Decimals.COMMA else point

    def _of_json(self, cell: object) -> Value | None:
        """NDJSON says itself what a value is."""
        if isinstance(cell, bool):
            if self.type in {Type.NUMBER, Type.DATE}:
                raise Misfit(self, str(cell).lower())
            return cell
        if isinstance(cell, (int, float)):
            return self._of_number(Decimal(str(cell)))
        return None

    def _of_number(self, number: Decimal) -> Value:
        if self.type is Type.DATE:
            found = (
                written_days.read(format(number, "f"), Order(self.format)) if self.format else None
            )
            if found is None:
                raise Misfit(self, number)
            return found
        if self.type is Type.BOOLEAN:
            if number not in {0, 1}:
                raise Misfit(self, number)
            return number == 1
        return number

    def operand(self, value: object) -> Value:
        """What a condition compares with: written plainly or as in the column. Raises Misfit."""
        if self.type is Type.TEXT and isinstance(value, str):
            return value
        if isinstance(value, str) and self.type is Type.DATE:
            plain: Value | None = written_days.read(value, Order.YEAR_FIRST)
        else:
            plain = None
        if plain is None:
            plain = self._as_cell(value)
        if plain is None:
            raise Misfit(self, value)
        return plain

    def _as_cell(self, value: object) -> Value | None:
        try:
            return self.read(value)
        except Misfit:
            if self.type is not Type.NUMBER or not isinstance(value, str):
                raise
            return written_numbers.read(value, Decimals.POINT)


@lru_cache(maxsize=65_536)
def _of_text(column: Column, cell: str) -> Value | None:
    """Cells repeat themselves."""
    return column.read_text(cell)


@dataclass(frozen=True)
class Columns:
    """All columns of an audience. `typed` is False where a mail was launched before types were."""

    by_name: Mapping[str, Column] = field(default_factory=dict)
    typed: bool = True

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Columns":
        """From what an audience or an experiment keeps of them."""
        found = (
            Column(
                row["name"],
                Type(row.get("type", Type.TEXT)),
                row.get("format"),
                row.get("unit") or "",
            )
            for row in rows
        )
        return cls({column.name: column for column in found})

    def kept(self) -> list[dict[str, Any]]:
        """As an experiment keeps them from its launch on."""
        return [
            {"name": column.name, "type": column.type, "format": column.format, "unit": column.unit}
            for column in self.by_name.values()
        ]

    def real(self, name: str) -> str:
        """The column that somebody means by a name: `insight` finds `Insight` where one fits."""
        if name in self.by_name or name in TOLD:
            return name
        close = self._folded.get(folded(name), ())
        return close[0] if len(close) == 1 else name

    def column(self, name: str) -> Column:
        """The column of a name; one that nobody has read yet holds text."""
        return self.by_name.get(self.real(name)) or Column(name)

    def read(self, name: str, row: Mapping[str, object]) -> Value | None:
        """What a person's cell says. Raises Misfit."""
        cell = row.get(self.real(name))
        if not self.typed:
            return cell if isinstance(cell, (str, bool)) else _plain(cell)
        return self.column(name).read(cell)

    def number(self, name: str, row: Mapping[str, object]) -> float | None:
        """The number that a person has there; None where there is none."""
        try:
            value = self.read(name, row)
        except Misfit:
            return None
        if isinstance(value, str):
            value = written_numbers.read(value, Decimals.POINT)
        found = float(value) if isinstance(value, Decimal) else nan
        return found if isfinite(found) else None

    def said(self, name: str, row: Mapping[str, object]) -> str:
        """What a cell says, in one way however it was typed; nothing where it says nothing."""
        try:
            value = self.read(name, row)
        except Misfit:
            value = None
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        return "" if value is None else str(value)

    @cached_property
    def _folded(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for name in (*TOLD, *self.by_name):
            found.setdefault(folded(name), []).append(name)
        return found


UNTYPED = Columns(typed=False)


@lru_cache(maxsize=4_096)
def folded(name: str) -> str:
    """A name without case, spaces and strokes: what people mean by it."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def _plain(cell: object) -> Decimal | None:
    return Decimal(str(cell)) if isinstance(cell, (int, float)) else None


def without_cells(column: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a column without what stands in anybody's cell."""
    return {**column, "examples": [], "misfit_examples": []}

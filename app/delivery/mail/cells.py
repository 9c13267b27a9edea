"""A person's cells for Liquid: printed as they were typed, compared and calculated by value."""

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Self

from app.audience.columns import Column, Columns, Misfit, Type, Value
from app.audience.own import NAMES_LANGUAGE
from app.delivery.mail import marks
from app.languages.words import ENGLISH, locale_of
from app.platform import written_numbers
from app.platform.errors import Invalid
from app.platform.written_days import Order, as_moment
from app.platform.written_numbers import Decimals

MOMENT = "the moment"  # among a person's cells, under a name that no template can ask for
LANGUAGE = "the language"  # likewise
_MOST_DIGITS = 1_000  # of a whole number; ours
_PRESENT = {"now": "%Y-%m-%d %H:%M", "today": "%Y-%m-%d"}  # what they print


class MisfitCell(Invalid):
    """A cell that the content uses is not what its column holds."""

    title = "A cell does not fit its column"

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"“{column}”: {reason}.")
        self.column = column
        self.reason = reason


class Cell(str):
    """A cell as it was typed, with what it says. Text stays text to every filter but arithmetic."""

    __slots__ = ("column", "value")

    value: Value
    column: Column

    def __new__(cls, typed: str, value: Value, column: Column) -> Self:
        """Print `typed`, count with `value`."""
        made = super().__new__(cls, typed)
        made.value, made.column = value, column
        return made

    def __reduce__(self) -> tuple[type[Self], tuple[str, Value, Column]]:
        """How it is made again in the process that fills templates."""
        return type(self), (str(self), self.value, self.column)


def cells_for(
    row: Mapping[str, object],
    names: Iterable[str],
    columns: Columns,
    *,
    now: datetime,
    language: str = ENGLISH,
) -> dict[str, object]:
    """What a template that uses these names sees of a person. Raises MisfitCell.

    `now` is the moment in which it is written, in the zone in which it is told: the only time
    that a template knows. `language` is the mail's: days and numbers are written in it where the
    person has no column that names another.
    """
    found = {name: value for name in names if (value := _cell(row, name, columns)) is not None}
    told = {MOMENT: now, LANGUAGE: _language_of(row, columns) or language}
    return _present(names, columns, now=now) | found | told


def seen(
    row: Mapping[str, object],
    names: Iterable[str],
    columns: Columns,
    *,
    now: datetime,
    language: str = ENGLISH,
) -> dict[str, object] | MisfitCell:
    """The same, or which cell does not fit."""
    try:
        return cells_for(row, names, columns, now=now, language=language)
    except MisfitCell as error:
        return error


def _language_of(row: Mapping[str, object], columns: Columns) -> str | None:
    """How a person writes days and numbers, as a column of theirs says: `de`, `de-CH`, `fr_CA`."""
    cells = (row.get(columns.real(name)) for name in NAMES_LANGUAGE)
    return next((one for one in cells if isinstance(one, str) and locale_of(one)), None)


def _present(names: Iterable[str], columns: Columns, *, now: datetime) -> dict[str, object]:
    """`now` and `today`, as far as a template names them and no column of a file is called so."""
    asked = _PRESENT.keys() & set(names) - columns.by_name.keys()
    return {name: _day_cell(name, now) for name in asked}


def _day_cell(name: str, now: datetime) -> Cell:
    value = now if name == "now" else now.date()
    return Cell(f"{now:{_PRESENT[name]}}", value, Column(name, Type.DATE, Order.YEAR_FIRST))


def _cell(row: Mapping[str, object], name: str, columns: Columns) -> object:
    cell = marks.clean(row.get(columns.real(name)))
    if not columns.typed or isinstance(cell, (list, dict)):
        return cell
    column = columns.column(name)
    try:
        value = column.read(cell)
    except Misfit as error:
        raise MisfitCell(error.column, str(error)) from error
    if value is None or isinstance(value, str):
        return None if value is None else cell
    if isinstance(cell, str) or (column.type is Type.BOOLEAN and not isinstance(cell, bool)):
        return Cell(str(cell), value, column)
    return cell


def counted(value: object) -> object:
    """What arithmetic and dates take: the number or the day that a cell says."""
    found = value.value if isinstance(value, Cell) else value
    if not isinstance(found, Decimal):
        return found
    if found.adjusted() > _MOST_DIGITS:  # to write 1e999999999 out takes minutes
        return float(found)
    return int(found) if found == found.to_integral_value() else float(found)


def like(result: object, cell: object) -> object:
    """A calculated number in the hand of the cell that it was made of: 61,3 times 2 is 122,6."""
    if not isinstance(cell, Cell) or cell.column.type is not Type.NUMBER:
        return result
    if not isinstance(result, float) or not isfinite(result):
        return result
    number = Decimal(str(result)).normalize()
    return Cell(
        written_numbers.written(number, Decimals(str(cell.column.format))), number, cell.column
    )


def truth(value: object) -> object:
    """What `if` asks: a cell that says no is false."""
    return value.value if isinstance(value, Cell) and isinstance(value.value, bool) else value


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def compared(sign: str, left: object, right: object) -> bool | None:
    """Compare by value where a cell is on one side; None where none is."""
    if not isinstance(left, Cell) and not isinstance(right, Cell):
        return None
    if isinstance(left, Cell) and isinstance(right, Cell):
        return COMPARISONS[sign](*_alike(left.value, right.value, sign))
    if isinstance(left, Cell):
        return _with_literal(sign, left, right)
    assert isinstance(right, Cell)
    mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    return _with_literal(mirrored.get(sign, sign), right, left)


def _with_literal(sign: str, cell: Cell, literal: object) -> bool | None:
    if sign in {"==", "!="} and isinstance(literal, str) and str(cell) == literal:
        return sign == "=="
    if not isinstance(literal, (str, int, float, Decimal)):
        return None  # nil, empty, blank: as Liquid has it
    try:
        value = cell.column.operand(literal)
    except Misfit as error:
        if sign in {"==", "!="}:
            return sign == "!="
        raise MisfitCell(cell.column.name, f"it is compared with {error}") from error
    return COMPARISONS[sign](*_alike(cell.value, value, sign))


def _alike(left: Value, right: Value, sign: str) -> tuple[object, object]:
    """Two values that can be compared; days as moments."""
    if isinstance(left, date) and isinstance(right, date):
        both = isinstance(left, datetime), isinstance(right, datetime)
        if sign in {"==", "!="} and both == (True, False):
            assert isinstance(left, datetime)
            return left.date(), right
        return as_moment(left), as_moment(right)
    if type(left) is type(right):
        return left, right
    return str(left), str(right)


def number_of(value: object) -> int | float | None:
    """The number that an operand of arithmetic is; None where it is none."""
    found = counted(value)
    if isinstance(found, bool):
        return None
    if isinstance(found, str):
        try:
            plain = Decimal(found.strip()) if found.isascii() else None
        except InvalidOperation:
            return None
        found = counted(plain) if plain is not None and plain.is_finite() else None
    if isinstance(found, float) and not isfinite(found):
        return None
    return found if isinstance(found, (int, float)) else None

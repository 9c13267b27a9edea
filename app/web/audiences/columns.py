"""The columns of an audience: how each is read, what is in it, and the form that says it anew."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import Response

from app.audience import profile
from app.audience.columns import VERBATIM, YES_NO, Type, without_cells
from app.audience.models import Audience
from app.audience.schemas import ColumnChange
from app.identity.guard import Db
from app.platform import written_days, written_numbers
from app.platform.errors import Invalid
from app.platform.written_days import Order
from app.platform.written_numbers import Decimals
from app.web.kit.form_state import Form
from app.web.kit.pages import go, local

router = APIRouter(prefix="/audiences")

# What a column can be read as: the form's value, and its words.
READINGS: Mapping[tuple[str, str | None], str] = {
    (Type.TEXT, None): "Text",
    (Type.TEXT, VERBATIM): "Text, words like NULL too",
    (Type.NUMBER, Decimals.POINT): "Number, 1,234.50",
    (Type.NUMBER, Decimals.COMMA): "Number, 1.234,50",
    (Type.DATE, Order.DAY_FIRST): "Date, day first: 31.12.2027",
    (Type.DATE, Order.MONTH_FIRST): "Date, month first: 12/31/2027",
    (Type.DATE, Order.YEAR_FIRST): "Date, year first: 2027-12-31",
    (Type.DATE, Order.EXCEL_DAYS): "Date, in Excel’s days: 46752",
    (Type.DATE, Order.UNIX_SECONDS): "Date, in seconds since 1970",
    (Type.DATE, Order.UNIX_MILLISECONDS): "Date, in milliseconds since 1970",
    (Type.BOOLEAN, YES_NO): "Yes or no",
}
_ASKED = {Type.NUMBER: "a number", Type.DATE: "a date"}


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column: what a mail can say, for how many it could not, and how its cells are read."""

    name: str
    as_written: str
    filled: int
    empty: int
    misfits: int
    strays: str
    examples: str
    reading: str
    chosen: str
    question: str
    unit: str


def lines(audience: Audience, *, shows_cells: bool) -> list[ColumnLine]:
    """Every column of an audience, those that ask something first; cells are people's."""
    return lines_of(audience.columns, shows_cells=shows_cells)


def lines_of(rows: Iterable[Mapping[str, Any]], *, shows_cells: bool = True) -> list[ColumnLine]:
    """The same of an audience's or a file's columns."""
    told = rows if shows_cells else map(without_cells, rows)
    column_lines = [_line(row) for row in told]
    return sorted(column_lines, key=lambda line: (not line.question, line.name))


def choices() -> Sequence[tuple[str, str]]:
    """What a form offers for a column."""
    return [(_value(*key), label) for key, label in READINGS.items()]


@router.post("/{audience_id}/columns/{name}")
def change(session: Db, form: Form, audience_id: str, name: str) -> Response:
    """Read a column as its author says; later files do not unsay it."""
    _change(session, audience_id, name, form.value("reading"))
    return go(local(form.value("onward") or f"/audiences/{audience_id}"), said="column")


def reading_of(reading: str) -> ColumnChange:
    """What a form says of a column. Raises Invalid."""
    type_, _, format_ = reading.partition(":")
    try:
        return ColumnChange.model_validate({"type": type_, "format": format_ or None})
    except ValidationError as error:
        raise Invalid.at("reading", "Choose how the column is read.") from error


def _change(session: Session, audience_id: str, name: str, reading: str) -> None:
    wanted = reading_of(reading)
    profile.change(session, audience_id, name, type_=wanted.type, format_=wanted.format)


def _line(row: Mapping[str, Any]) -> ColumnLine:
    key = (row.get("type", Type.TEXT), row.get("format"))
    return ColumnLine(
        name=row["name"],
        as_written=row.get("as_written", ""),
        filled=row.get("filled", 0),
        empty=row.get("empty", row.get("missing", 0)),
        misfits=row.get("misfits", 0),
        strays=", ".join(map(_stray, row.get("misfit_examples", ()))),
        examples=", ".join(map(str, row.get("examples", ()))),
        reading=READINGS.get(key, "Not said yet"),
        chosen=_value(*key) if key in READINGS else "",
        question=_question(row),
        unit=row.get("unit") or "",
    )


def _stray(one: Mapping[str, Any]) -> str:
    return f"“{one['value']}” (line {one['line']})" if one["line"] else f"“{one['value']}”"


def _question(row: Mapping[str, Any]) -> str:
    if not row.get("choices"):
        return ""
    example = next(filter(_is_read_apart, map(str, row.get("examples", ()))), "")
    what = _ASKED.get(row.get("type", Type.TEXT), "something")
    quoted = f"“{example}”" if example else "A cell"
    return f"{quoted} is {what} that can be read in two ways. Say which: mails wait for it."


def _is_read_apart(cell: str) -> bool:
    """Whether this very cell says one thing to one reader and another to the next."""
    point, comma = (written_numbers.read(cell, Decimal) for Decimal in Decimals)
    first, second = (written_days.read(cell, one) for one in (Order.DAY_FIRST, Order.MONTH_FIRST))
    return _differ(point, comma) or _differ(first, second)


def _differ(one: object, other: object) -> bool:
    return None not in {one, other} and one != other


def _value(type_: str, format_: str | None) -> str:
    return f"{type_}:{format_ or ''}"

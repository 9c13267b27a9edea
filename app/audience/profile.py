"""What an audience's columns are and hold, found by looking at everybody."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from app.audience import column_rows, inference, store, words
from app.audience.column_rows import Cells
from app.audience.columns import Column, Columns, Misfit, Type
from app.audience.inference import Evidence, Reading, Verdict
from app.platform.errors import NotFound

VERSION = 1  # of reading: audiences that were read by an older one are read again
AUTHOR = "author"  # who said how a column is read; a later file does not unsay it
_EXAMPLES = 3
_SHOWN = 60  # characters of an example
_MISFITS_SHOWN = 5


@dataclass
class _Seen:
    """What is found in a column once it is known how to read it."""

    filled: int = 0
    misfits: int = 0
    examples: list[str] = field(default_factory=list)
    strays: list[dict[str, Any]] = field(default_factory=list)

    def add(self, column: Column, cells: Cells) -> str | None:
        """Read one more cell; the reason where it does not fit."""
        cell = cells.data[column.name]
        try:
            if column.read(cell) is None:
                return None
        except Misfit as error:
            self._note(cell, cells.line)
            return str(error)
        self.filled += 1
        text = printed(cell)[:_SHOWN]
        if len(self.examples) < _EXAMPLES and text not in self.examples:
            self.examples.append(text)
        return None

    def _note(self, cell: object, line: int | None) -> None:
        self.filled += 1
        self.misfits += 1
        if len(self.strays) < _MISFITS_SHOWN:
            self.strays.append({"line": line, "value": printed(cell)[:_SHOWN]})


def printed(cell: object) -> str:
    """A cell as a template prints it: yes/no values of NDJSON are `true` and `false`."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def look(
    session: Session,
    audience_id: str,
    *,
    renamed: Mapping[str, str],
    said: Mapping[str, Mapping[str, str | None]],
    note: Callable[[Cells, str, str], None],
) -> tuple[int, list[dict[str, Any]]]:
    """How many people, and of each column what it holds; `note` hears of every misfit.

    `renamed`: what the file at hand calls columns that templates call otherwise. `said`: how its
    author says that some are read.
    """
    before = {column["name"]: column for column in store.audience_of(session, audience_id).columns}
    for name, reading in said.items():
        before[name] = before.get(name, {}) | dict(reading) | {"decided_by": AUTHOR}
    verdicts = _verdicts(column_rows.cells(session, audience_id), before)
    columns = {
        name: Column(name, one.reading.type, one.reading.format, one.unit)
        for name, one in verdicts.items()
    }
    people, seen = _read(column_rows.cells(session, audience_id), columns, note)
    return people, [
        _row(columns[name], verdicts[name], seen[name], people, before.get(name, {}))
        | ({"as_written": renamed[name]} if name in renamed else {})
        for name in sorted(columns)
    ]


def _verdicts(
    everybody: Iterable[Cells], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, "Decided"]:
    evidence: dict[str, Evidence] = {}
    for cells in everybody:
        for name, cell in cells.data.items():
            one = evidence.setdefault(name, Evidence(name))
            if not (isinstance(cell, str) and words.is_nothing_in_numbers(cell)):
                one.add(cell)
    return {name: decided(one, before.get(name, {})) for name, one in evidence.items()}


@dataclass(frozen=True, slots=True)
class Decided:
    """How a column is read, and who says so."""

    reading: Reading
    choices: tuple[Reading, ...]
    unit: str
    by: str


def decided(seen: Evidence, before: Mapping[str, Any]) -> Decided:
    """What the author said stays; else what the cells say."""
    unit = inference.unit_of(seen) or ""
    if before.get("decided_by") == AUTHOR:
        held = Reading(Type(before.get("type", Type.TEXT)), before.get("format"))
        return Decided(held, (), unit if held.type is Type.NUMBER else "", AUTHOR)
    verdict: Verdict = inference.decide(seen)
    is_number = verdict.reading.type is Type.NUMBER
    return Decided(verdict.reading, verdict.choices, unit if is_number else "", "cells")


def _read(
    everybody: Iterable[Cells],
    columns: Mapping[str, Column],
    note: Callable[[Cells, str, str], None],
) -> tuple[int, dict[str, _Seen]]:
    people = 0
    seen = {name: _Seen() for name in columns}
    for cells in everybody:
        people += 1
        for name in cells.data:
            if name in columns and (reason := seen[name].add(columns[name], cells)):
                note(cells, name, reason)
    return people, seen


def _row(
    column: Column, decided: Decided, seen: _Seen, people: int, before: Mapping[str, Any]
) -> dict[str, Any]:
    written = {"as_written": before["as_written"]} if "as_written" in before else {}
    return (
        written
        | {"name": column.name, "type": column.type, "format": column.format, "unit": column.unit}
        | _counted(column, seen, people)
        | {
            "choices": [
                {"type": choice.type, "format": choice.format} for choice in decided.choices
            ],
            "decided_by": decided.by,
        }
    )


def _counted(column: Column, seen: _Seen, people: int) -> dict[str, Any]:
    return {
        "examples": seen.examples,
        "filled": seen.filled,
        "empty": people - seen.filled,
        "missing": people - seen.filled,
        "kind": "number" if column.type is Type.NUMBER else "text",
        "misfits": seen.misfits,
        "misfit_examples": seen.strays,
    }


def change(
    session: Session, audience_id: str, name: str, *, type_: Type, format_: str | None
) -> dict[str, Any]:
    """Read a column as its author says, from now on; the column as it is then."""
    row = store.locked_audience(session, audience_id)
    held = next((one for one in row.columns if one["name"] == name), None)
    if held is None:
        raise NotFound(f"This audience has no column “{name[:60]}”.")
    unit = held.get("unit") or "" if type_ is Type.NUMBER else ""
    column = Column(name, type_, format_, unit)
    changed = held | {"type": type_, "format": format_, "choices": [], "decided_by": AUTHOR}
    changed |= recounted(session, audience_id, column)
    columns = [changed if one["name"] == name else one for one in row.columns]
    column_rows.change_columns(session, row, columns)
    return changed


def without(columns: list[dict[str, Any]], data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is said of columns, once somebody with these cells has left."""
    return [_without(row, data.get(row["name"])) for row in columns]


def _without(row: dict[str, Any], cell: object) -> dict[str, Any]:
    column = Columns.of([row]).column(row["name"])
    try:
        fits, fills = True, cell is not None and column.read(cell) is not None
    except Misfit:
        fits, fills = False, True
    shown = printed(cell)[:_SHOWN]
    empty = row.get("empty", row.get("missing", 0))
    return row | {
        "examples": [example for example in row.get("examples", ()) if str(example) != shown],
        "misfit_examples": [one for one in row.get("misfit_examples", ()) if one["value"] != shown],
        "filled": row.get("filled", 0) - fills,
        "empty": empty - (not fills),
        "missing": empty - (not fills),
        "misfits": row.get("misfits", 0) - (not fits),
    }


def with_(
    columns: list[dict[str, Any]], data: Mapping[str, Any], people: int
) -> list[dict[str, Any]]:
    """What is said of columns, once somebody with these cells has come; `people` with them."""
    known = {row["name"] for row in columns}
    new = [_new(name, people - 1) for name in sorted(data.keys() - known)]
    told = [_with(row, data.get(row["name"])) for row in (*columns, *new)]
    return sorted(told, key=lambda row: str(row["name"]))


def _new(name: str, people: int) -> dict[str, Any]:
    """A column that nobody had so far."""
    nobody = _Seen()
    return _row(Column(name), Decided(inference.TEXT, (), "", "cells"), nobody, people, {})


def _with(row: dict[str, Any], cell: object) -> dict[str, Any]:
    column = Columns.of([row]).column(row["name"])
    try:
        fits, fills = True, cell is not None and column.read(cell) is not None
    except Misfit:
        fits, fills = False, True
    shown, examples = printed(cell)[:_SHOWN], list(row.get("examples", ()))
    if fills and fits and len(examples) < _EXAMPLES and shown not in examples:
        examples.append(shown)
    strays = list(row.get("misfit_examples", ()))
    if not fits and len(strays) < _MISFITS_SHOWN:
        strays.append({"line": None, "value": shown})
    empty = row.get("empty", row.get("missing", 0))
    return row | {
        "examples": examples,
        "misfit_examples": strays,
        "filled": row.get("filled", 0) + fills,
        "empty": empty + (not fills),
        "missing": empty + (not fills),
        "misfits": row.get("misfits", 0) + (not fits),
    }


def recounted(session: Session, audience_id: str, column: Column) -> dict[str, Any]:
    """The parts of a column's row that change where it is read another way."""
    people, seen = _read(column_rows.cells(session, audience_id), {column.name: column}, _unheard)
    return _counted(column, seen[column.name], people)


def _unheard(_cells: Cells, _name: str, _reason: str) -> None:
    """Misfits are counted; which lines they are on was said by the import."""


def always_filled(session: Session, audience_id: str) -> frozenset[str]:
    """The columns in which everybody has something."""
    rows = store.audience_of(session, audience_id).columns
    return frozenset(row["name"] for row in rows if not row.get("empty", row.get("missing", 0)))


def columns_of(session: Session, audience_id: str | None) -> Columns:
    """How the cells of an audience are read now."""
    if audience_id is None:
        return Columns()
    return Columns.of(store.audience_of(session, audience_id).columns)

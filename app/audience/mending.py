"""Refused lines of a file, mended one by one: checked as a line is, and taken as one."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.audience import (
    changes,
    mapping,
    ndjson,
    one_person,
    opt_outs,
    people_rows,
    reading,
    refusal_rows,
    refusals,
    store,
    suppression_store,
)
from app.audience.changes import Changes, SortedOut
from app.audience.erased import Marker
from app.audience.mapping import BECAUSE, LINE, By, Mapped
from app.audience.models import Import, Refusal
from app.audience.noting import Notes
from app.audience.opt_outs import OptOut
from app.audience.people import Wanted
from app.audience.reading import Record
from app.audience.room import Room
from app.audience.schemas import FileWords
from app.platform.errors import Conflict, Invalid

_LONGEST = 10_000  # characters of a cell, as of a person who is added by hand


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a refused line: the key of its column, its heading, and what it said."""

    key: str
    heading: str
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    """A refused line to be mended."""

    number: int
    reason: str
    raw: str
    cells: tuple[Cell, ...]
    is_cut: bool  # more stood there than is kept of it


def can_mend(row: Import) -> bool:
    """Whether its refused lines may be mended: it is imported, and we know its columns."""
    known = row.format != "csv" or bool((row.header or {}).get("columns"))
    return row.status == "done" and not row.is_look and known


def can_mend_first(row: Import) -> bool:
    """Whether they may be mended before the file is imported: a CSV that waits for a word."""
    known = bool((row.header or {}).get("columns"))
    return row.format == "csv" and row.waits and not row.asks and known


def line_of(row: Import, refusal: Refusal) -> Line:
    """A refused line with its cells, as far as they can be told apart."""
    said = _cells(row, refusal.raw)
    is_cut = len(refusal.raw) >= reading.RAW_SHOWN
    return Line(refusal.line, refusal.reason, refusal.raw, said, is_cut)


def refused_line(session: Session, import_id: str, number: int) -> Line:
    """The same by its number. Raises Conflict where it was mended, or never refused."""
    return line_of(store.import_of(session, import_id), _refusal(session, import_id, number))


def mend(
    session: Session,
    import_id: str,
    number: int,
    cells: Mapping[str, Any],
    *,
    by: str,
    marker: Marker,
    now: datetime,
) -> str:
    """Take a refused line as it is said now; the id of its person. Empty cells say nothing.

    Raises:
        Invalid: it is refused still; the reason says why.
        Conflict: it was mended already, its import is not done, or its person was erased.
    """
    store.one_import_at_a_time(session)
    row = store.locked_import(session, import_id)
    if not can_mend(row):
        raise Conflict("Only lines of a file that was imported can be mended here.")
    store.locked_audience(session, row.audience_id)
    refusal = _refusal(session, import_id, number)
    record = _record(row, refusal, cells)
    lines = changes.sorted_out(row, [record], Room.of(session, row))
    for refused in lines.refused:
        raise Invalid.at("line", refused["reason"])
    one = next(iter(lines.people.values()))
    if changes.erased_among(session, lines.people, marker):
        raise Conflict(one_person.ERASED)
    person_id = _take(session, row, one, now=now)
    _suppress(session, row, lines, by=by, now=now)
    _settle(session, row, refusal, one, person_id)
    return person_id


def _refusal(session: Session, import_id: str, number: int) -> Refusal:
    found = refusal_rows.on_lines(session, import_id, [number] if number < 2**31 else [])
    if not found:
        raise Conflict(f"Line {number} is not refused: somebody mended it, or it was taken.")
    return found[0]


def _take(session: Session, row: Import, one: Wanted, *, now: datetime) -> str:
    held = store.people_by_key(session, [one.key])
    person = held.get(one.key)
    before = people_rows.member(session, row.audience_id, person.id) if person else None
    data = dict(before.data) if before else None
    found = Changes(session, row, now)
    found.apply({one.key: one})
    for reason in found.reasons.values():
        raise Invalid.at("line", reason)
    session.flush()
    session.expire_all()
    one_person.count(session, row.audience_id, before=data, after=found.cells[one.key])
    row.added += found.added
    row.updated += found.updated
    row.unchanged += found.unchanged
    return found.ids[one.key]


def _suppress(session: Session, row: Import, lines: SortedOut, *, by: str, now: datetime) -> None:
    keys = {one.key for one in lines.opted_out}
    suppression_store.suppress_all(session, keys, opt_outs.REASON, by=by, now=now)
    row.opted_out += len(keys)


def _settle(session: Session, row: Import, refusal: Refusal, one: Wanted, person_id: str) -> None:
    """The line is refused no more, and what could not be kept of it is noted."""
    notes = Notes(row.id)
    notes.add(one.line, one.notes, person_id=person_id)
    notes.keep(session, row)
    row.refused -= 1
    row.reasons = refusals.without(row.reasons, refusal.line, refusal.reason)
    session.delete(refusal)
    session.add(row)
    session.flush()


def _record(row: Import, refusal: Refusal, cells: Mapping[str, Any]) -> Record:
    """The line as it is said now, read as any line of its file."""
    known = {cell.key: cell for cell in _cells(row, refusal.raw)}
    if unknown := sorted(cells.keys() - known.keys()):
        raise Invalid.at("cells", f"The file has no column “{unknown[0][:60]}”.")
    said = {key: _said(key, cells.get(key, "")) for key in known}
    columns = [one for one in _columns(row, known) if one.key in said]
    return reading.record_of(refusal.line, refusal.raw, [(one, said[one.key]) for one in columns])


def _said(key: str, cell: Any) -> Any:
    if isinstance(cell, str) and len(cell) > _LONGEST:
        raise Invalid.at(key, "A cell holds 10,000 characters at most.")
    return cell.strip() if isinstance(cell, str) else cell


def _columns(row: Import, known: Mapping[str, Cell]) -> list[Mapped]:
    if row.format != "csv":
        said = FileWords.model_validate(row.said or {}).model_dump_json()
        columns = mapping.of_object(tuple(known), said)
        return [replace(one, key=name) for name, one in zip(known, columns, strict=True)]
    return [
        Mapped(
            one["becomes"] or "",
            one["heading"],
            one["key"],
            By(one["by"]),
            OptOut(one["opt_out"]) if one.get("opt_out") else None,
        )
        for one in _header(row)
    ]


def _header(row: Import) -> list[dict[str, Any]]:
    """Its columns but for those that our own list of refused lines puts before them."""
    columns = (row.header or {}).get("columns", ())
    return [one for one in columns if one["heading"] not in {LINE, BECAUSE}]


def _cells(row: Import, raw: str) -> tuple[Cell, ...]:
    if row.format != "csv":
        return _cells_of_object(raw)
    every: list[dict[str, Any]] = list((row.header or {}).get("columns", ()))
    told = _split(raw, (row.header or {}).get("delimiter") or ",")
    told += [""] * (len(every) - len(told))
    return tuple(
        Cell(one["key"], one["heading"] or one["key"], cell.strip())
        for one, cell in zip(every, told, strict=False)
        if one["heading"] not in {LINE, BECAUSE}
    )


def _cells_of_object(raw: str) -> tuple[Cell, ...]:
    try:
        found = ndjson.read(raw)
    except ndjson.BadObject:
        found = {}
    names = [*found, *(name for name in ("email",) if name not in found)]
    return tuple(Cell(name, name, _printed(found.get(name))) for name in names)


def _printed(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _split(raw: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(raw), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return next(csv.reader([raw.replace('"', "")], delimiter=delimiter), [])

"""A file looked at before anything is taken from it: its columns, its people, its bad lines.

The look is kept in memory between two steps; a process that ends begins it anew.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.audience import changes, column_rows, imports, inference, profile, reading, store, words
from app.audience.columns import Column, Misfit, Type
from app.audience.erased import Marker
from app.audience.imports import CHUNK, KEPT
from app.audience.inference import Evidence
from app.audience.models import Import
from app.audience.people import Wanted
from app.audience.reading import Record
from app.audience.room import Room
from app.audience.text_lines import BadFile
from app.platform.db import Database
from app.platform.errors import Conflict, Invalid

_STEP_SECONDS = 0.25  # what waits for the same process waits no longer than this
_EXAMPLES = 3
_CANDIDATES = 12  # cells of a column that are kept to find examples among
_SHOWN = 60  # characters of one


@dataclass
class _Seen:
    """One column, as far as the file was read."""

    evidence: Evidence
    cells: list[str] = field(default_factory=list)

    def add(self, cell: object) -> None:
        self.evidence.add(cell)
        text = profile.printed(cell)[:_SHOWN]
        if len(self.cells) < _CANDIDATES and text not in self.cells:
            self.cells.append(text)


class Looks:
    """The files that are being looked at by this process."""

    def __init__(self, database: Database, folder: Path, *, marker: Marker) -> None:
        self._database, self._folder, self._marker = database, folder, marker
        self._begun: dict[str, Iterator[None]] = {}

    def go_on(self, import_id: str, *, now: datetime) -> bool:
        """Read a little of this one; False where it is no such file."""
        with self._database.read() as session:
            row = store.import_of(session, import_id)
            session.expunge(row)
        if row.status == "previewed":
            self._end_late(import_id, now=now)
            return True
        if not row.is_look or row.status != "running":
            self._begun.pop(import_id, None)
            return False
        if import_id not in self._begun:
            look = _Look(self._database, row, self._folder / import_id, self._marker)
            self._begun[import_id] = look.steps(now=now)
        ends = time.monotonic() + _STEP_SECONDS
        for _ in self._begun[import_id]:
            if time.monotonic() >= ends:
                return True
        del self._begun[import_id]
        return True

    def _end_late(self, import_id: str, *, now: datetime) -> None:
        """Nobody said a word about it for a day."""
        with self._database.write() as session:
            look = store.locked_import(session, import_id)
            if look.status == "previewed":
                why = "Nobody confirmed it for a day, so nothing was taken. Upload it again."
                _ended(session, look, why, now=now)
        (self._folder / import_id).unlink(missing_ok=True)


class _Look:
    """One file. What stands in it is counted as an import would count it."""

    def __init__(self, database: Database, row: Import, path: Path, marker: Marker) -> None:
        self._database, self._path, self._marker = database, path, marker
        self._noted = row.line  # refused lines up to here were written down by a process that ended
        self._row = Import(
            id=row.id, audience_id=row.audience_id, format=row.format, folder=row.folder,
            size=row.size, encoding=row.encoding, created_at=row.created_at,
        )  # fmt: skip
        self._lines: dict[str, int] = {}  # by the keys of the people met so far
        self._ids: set[str] = set()
        self._claims: dict[str, str] = {}  # external ids, and whose they are
        self._columns: dict[str, _Seen] = {}

    def steps(self, *, now: datetime) -> Iterator[None]:
        """Read it to its end; a pause after each chunk."""
        more = True
        while more:
            try:
                records, more = self._taken()
            except (BadFile, FileNotFoundError) as error:
                self._end(imports.why_failed(error), now=now)
                return
            refused = self._counted(records)
            with self._database.write() as session:
                self._keep(session, refused)
            yield
        self._see_others()
        self._end(None, now=now)

    def _taken(self) -> tuple[list[Record], bool]:
        if self._path.stat().st_size != self._row.size:
            raise FileNotFoundError
        records, more = reading.take(imports.records_of(self._row, self._path), CHUNK)
        if records:
            self._row.offset, self._row.line = records[-1].offset, records[-1].next_line
            self._row.rows += len(records)
        return records, more

    def _counted(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """Count some lines; those that would be refused."""
        row = self._row
        with self._database.read() as session:
            room = Room.of(session, row)
        people, refused = changes.sorted_out(row, records, room)
        reasons = {
            person.line: why for person in people.values() if (why := self._taken_by(person))
        }
        people = {key: one for key, one in people.items() if one.line not in reasons}
        with self._database.read() as session:
            gone = changes.erased_among(session, people, self._marker)
            people = {key: one for key, one in people.items() if key not in gone}
            found = changes.Changes(session, row, row.created_at)
            found.sort(people)
        reasons |= found.reasons
        refused += [
            changes.refusal(row, record, reasons[record.line])
            for record in records
            if record.line in reasons
        ]
        for key, wanted in people.items():
            if wanted.line not in found.reasons:
                self._meet(wanted, found.ids[key], found.cells[key])
        row.erased += len(gone)
        row.added, row.updated = row.added + found.added, row.updated + found.updated
        row.unchanged, row.refused = row.unchanged + found.unchanged, row.refused + len(refused)
        return refused

    def _taken_by(self, wanted: Wanted) -> str | None:
        """Why an earlier line of this file leaves no room for a person."""
        if wanted.key in self._lines:
            return f"duplicate: the same address stands on line {self._lines[wanted.key]}"
        external = wanted.own.get("external_id")
        if external is not None and self._claims.get(external, wanted.key) != wanted.key:
            return f"external_id “{external[:60]}” belongs to another person"
        return None

    def _meet(self, wanted: Wanted, person_id: str, cells: Mapping[str, Any]) -> None:
        self._lines[wanted.key] = wanted.line
        self._ids.add(person_id)
        if "external_id" in wanted.own:
            self._claims[wanted.own["external_id"]] = wanted.key
        self._see(cells)

    def _see(self, cells: Mapping[str, Any]) -> None:
        for name, cell in cells.items():
            if not (isinstance(cell, str) and words.is_nothing_in_numbers(cell)):
                self._columns.setdefault(name, _Seen(Evidence(name))).add(cell)

    def _see_others(self) -> None:
        """Those of the audience whom the file does not name say how its columns are read, too."""
        with self._database.read() as session:
            for cells in column_rows.cells(session, self._row.audience_id):
                if cells.person_id not in self._ids:
                    self._see(cells.data)

    def _keep(self, session: Session, refused: Sequence[Mapping[str, Any]]) -> None:
        held = store.import_of(session, self._row.id)
        for name in _COUNTED:
            setattr(held, name, getattr(self._row, name))
        store.add_refusals(session, [dict(one) for one in refused if one["line"] > self._noted])
        self._noted = held.line = max(self._noted, self._row.line)
        session.add(held)

    def _end(self, error: str | None, *, now: datetime) -> None:
        with self._database.write() as session:
            held = store.import_of(session, self._row.id)
            if held.status == "running":
                before = {
                    column["name"]: column
                    for column in store.audience_of(session, held.audience_id).columns
                }
                renamed = {} if error else imports.renamed_by(self._row, self._path)
                held.columns = [
                    _told(name, seen, before.get(name, {}), renamed)
                    for name, seen in sorted(self._columns.items())
                ]
                held.status, held.error = "failed" if error else "previewed", error
                held.finished_at = now
                session.add(held)


_COUNTED = (
    "offset", "line", "rows", "added", "updated", "unchanged", "refused", "erased", "encoding",
)  # fmt: skip


def _told(
    name: str, seen: _Seen, before: Mapping[str, Any], renamed: Mapping[str, str]
) -> dict[str, Any]:
    """A column as an import would read it."""
    decided = profile.decided(seen.evidence, before)
    found = decided.reading
    column = Column(name, found.type, found.format, decided.unit)
    fits = seen.evidence.filled
    if found.type is not Type.TEXT and not column.is_asked:
        fits = seen.evidence.fits[inference.Reading(found.type, found.format)]
    return {
        "name": name,
        "as_written": renamed.get(name, ""),
        "type": found.type,
        "format": found.format,
        "unit": decided.unit,
        "choices": [{"type": choice.type, "format": choice.format} for choice in decided.choices],
        "decided_by": decided.by,
        "examples": [cell for cell in seen.cells if _reads(column, cell)][:_EXAMPLES],
        "filled": seen.evidence.filled,
        "misfits": seen.evidence.filled - fits,
    }


def _reads(column: Column, cell: str) -> bool:
    try:
        return column.read(cell) is not None
    except Misfit:
        return False


def confirm(
    session: Session,
    import_id: str,
    *,
    chosen: Mapping[str, Mapping[str, str | None]],
    by: str,
    now: datetime,
) -> Import:
    """Import what was looked at, without another upload; columns are read as `chosen`."""
    look = store.locked_import(session, import_id)
    _refuse_not_waiting(look)
    if now - look.created_at > KEPT:
        raise Conflict("The uploaded file is gone: it is kept for a day. Upload it again.")
    known = {one["name"] for one in look.columns or ()}
    if unknown := sorted(set(chosen) - known):
        raise Invalid.at("columns", f"The file has no column “{unknown[0][:60]}”.")
    row = Import(
        audience_id=look.audience_id, format=look.format, folder=look.folder,
        filename=look.filename, size=look.size, encoding=look.encoding, created_at=now,
        created_by=by, look_id=look.id,
        columns=[{"name": name, **said} for name, said in chosen.items()],
    )  # fmt: skip
    look.status = "confirmed"
    session.add(look)
    session.add(row)
    session.flush()
    return row


def let_go(session: Session, import_id: str, folder: Path, *, now: datetime) -> Import:
    """Nothing is taken from a file that was looked at; the file goes."""
    look = store.locked_import(session, import_id)
    _refuse_not_waiting(look)
    _ended(session, look, "Nothing was taken from it, as asked for.", now=now)
    (folder / look.file).unlink(missing_ok=True)
    return look


def _refuse_not_waiting(look: Import) -> None:
    if look.status != "previewed":
        raise Conflict(
            f"This file does not wait for a word: it is {look.status}. Upload it to look at it"
            " again."
        )


def _ended(session: Session, look: Import, why: str, *, now: datetime) -> None:
    look.status, look.finished_at, look.error = "failed", now, why
    session.add(look)

"""A file looked at before anything is taken from it: its columns, its people, its bad lines.

The look is kept in memory between two steps; a process that ends begins it anew.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.audience import (
    batches,
    changes,
    column_rows,
    confirming,
    imports,
    inference,
    profile,
    refusals,
    store,
    words,
)
from app.audience.columns import Column, Misfit, Type
from app.audience.erased import Marker
from app.audience.imports import CHUNK
from app.audience.inference import Evidence
from app.audience.models import Import
from app.audience.people import Wanted
from app.audience.reading import NoAddresses, Record
from app.audience.room import Room
from app.platform.db import Database
from app.platform.errors import Invalid

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
        if row.waits:
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
            if look.waits:
                why = "Nobody confirmed it for a day, so nothing was taken. Upload it again."
                confirming.ended(session, look, why, now=now)
        (self._folder / import_id).unlink(missing_ok=True)


class _Look:
    """One file. What stands in it is counted as an import would count it."""

    def __init__(self, database: Database, row: Import, path: Path, marker: Marker) -> None:
        self._database, self._path, self._marker = database, path, marker
        self._noted = row.line  # refused lines up to here were written down by a process that ended
        self._row = Import(
            id=row.id, audience_id=row.audience_id, format=row.format, folder=row.folder,
            size=row.size, encoding=row.encoding, created_at=row.created_at, said=row.said,
        )  # fmt: skip
        self._lines: dict[str, int] = {}  # by the keys of the people met so far
        self._ids: set[str] = set()
        self._claims: dict[str, str] = {}  # external ids, and whose they are
        self._columns: dict[str, _Seen] = {}
        self._opted_out: Counter[str] = Counter()  # lines, by the column that says so

    def steps(self, *, now: datetime) -> Iterator[None]:
        """Read it to its end; a pause after each chunk."""
        more = True
        while more:
            try:
                records, more = self._taken()
            except NoAddresses as error:
                self._end(str(error), asks="address", now=now)
                return
            except (Invalid, FileNotFoundError) as error:
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
        records, more = batches.take(imports.records_of(self._row, self._path), CHUNK)
        if records:
            self._row.offset, self._row.line = records[-1].offset, records[-1].next_line
            self._row.rows += len(records)
        return records, more

    def _counted(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """Count some lines; those that would be refused."""
        row = self._row
        with self._database.read() as session:
            room = Room.of(session, row)
        lines = changes.sorted_out(row, records, room)
        early = {one.line: why for one in lines.people.values() if (why := self._taken_by(one))}
        met = {key for key, one in lines.people.items() if one.line in early}
        with self._database.read() as session:
            gone = changes.erased_among(session, lines.people, self._marker)
            lines.leave(gone)
            people = {key: one for key, one in lines.people.items() if key not in met}
            found = changes.Changes(session, row, row.created_at)
            found.sort(people)
        found.reasons |= early
        refused = lines.refused + found.refused(records)
        for key, wanted in people.items():
            if wanted.line not in found.reasons:
                self._meet(wanted, found.ids[key], found.cells[key])
        for one in lines.opted_out:
            self._opted_out.update(one.opted_out)
        row.opted_out += len(lines.opted_out)
        row.erased += len(gone)
        row.added, row.updated = row.added + found.added, row.updated + found.updated
        row.unchanged, row.refused = row.unchanged + found.unchanged, row.refused + len(refused)
        row.reasons = refusals.added(row.reasons, refused)
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

    def _end(self, error: str | None, *, asks: str = "", now: datetime) -> None:
        with self._database.write() as session:
            held = store.import_of(session, self._row.id)
            if held.status == "running":
                before = self._before(session)
                renamed = {} if error else imports.renamed_by(self._row, self._path)
                held.columns = [
                    _told(name, seen, before.get(name, {}), renamed)
                    for name, seen in sorted(self._columns.items())
                ]
                held.status, held.error = "failed" if error else "previewed", error
                held.asks, held.header = asks, self._header()
                held.finished_at = now
                session.add(held)

    def _before(self, session: Session) -> dict[str, dict[str, Any]]:
        """How the audience's columns are read, and those of the file, as its author says."""
        columns = store.audience_of(session, self._row.audience_id).columns
        before = {column["name"]: column for column in columns}
        said = imports.words_of(self._row).columns
        for one in (self._header() or {}).get("columns", ()):
            known = said.get(one["key"])
            if one["becomes"] and known and known.type:
                before[one["becomes"]] = {
                    "type": known.type, "format": known.format, "decided_by": profile.AUTHOR,
                }  # fmt: skip
        return before

    def _header(self) -> dict[str, Any] | None:
        """How the file is read, as far as that can be said, with how many opted out elsewhere."""
        try:
            found = imports.header_of(self._row, self._path)
        except (Invalid, FileNotFoundError):
            return None
        return found | {"opted_out": dict(self._opted_out)}


_COUNTED = (
    "offset", "line", "rows", "added", "updated", "unchanged", "refused", "erased", "encoding",
    "opted_out", "reasons",
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

"""Reads the columns of an audience as a whole, and notes each cell of a file that does not fit."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlmodel import Session

from app.audience import column_rows, profile
from app.audience.column_rows import Cells
from app.audience.models import Import
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

_MOST = 10_000  # misfits of one file that are written down; the columns count them all
_NAMES = ("line", "column", "value", "note")
_KEPT = (*_NAMES, "person_id")
_SHOWN = 60  # characters of a cell that a note repeats


class Notes:
    """Cells of a file that were left empty, or do not fit their column."""

    def __init__(self, import_id: str | None) -> None:
        self._import_id = import_id
        self._found: list[tuple[int, str, str, str, str]] = []

    def of_misfit(self, cells: Cells, column: str, reason: str) -> None:
        """Of the file's own lines; `reason` says what the cell is not."""
        is_ours = cells.line is not None and cells.import_id == self._import_id
        if is_ours and len(self._found) < _MOST:
            assert cells.line is not None
            value = profile.printed(cells.data[column])[:_SHOWN]
            sentence = f"{reason}; mails that use it leave this person out"
            self._found.append((cells.line, column, value, sentence, cells.person_id))

    def add(self, line: int, notes: Iterable[tuple[str, str, str]], *, person_id: str) -> None:
        """What of a person was left empty: column, cell, sentence."""
        self._found += [(line, *note, person_id) for note in notes]

    def keep(self, session: Session, row: Import) -> None:
        """Write them down, in the order of the lines."""
        rows = [
            {"import_id": row.id, "number": row.noted + place}
            | dict(zip(_KEPT, found, strict=True))
            for place, found in enumerate(sorted(self._found), 1)
        ]
        column_rows.add_notes(session, rows)
        row.noted += len(rows)


def note_lines(database: Database, import_id: str) -> Iterator[str]:
    """Every note as NDJSON, page by page, each with a session of its own (it streams)."""
    after = 0
    while True:
        with database.read() as session:
            rows = column_rows.notes(session, import_id, after=after)
            page = [{name: getattr(row, name) for name in _NAMES} for row in rows]
            after = rows[-1].number if rows else after
        if not page:
            return
        yield from (json.dumps(row, ensure_ascii=False) + "\n" for row in page)


def read_columns(
    database: Database,
    audience_id: str,
    *,
    renamed: Mapping[str, str],
    said: Mapping[str, Mapping[str, str | None]],
    notes: Notes,
) -> None:
    """Decide what each column is, from everybody's cells, and keep it with the audience.

    `said`: how some are read, by the author of the file.
    """
    with database.read() as session:
        people, columns = profile.look(
            session, audience_id, renamed=renamed, said=said, note=notes.of_misfit
        )
    with database.write() as session:
        column_rows.save_profile(
            session, audience_id, people=people, columns=columns, read_by=profile.VERSION
        )


def duty(database: Database) -> Duty:
    """Read each audience that an older version of reading decided."""

    def read(audience_id: str, _now: datetime) -> int:
        read_columns(database, audience_id, renamed={}, said={}, notes=Notes(None))
        return 1

    return Duty(
        work=Work.COLUMNS,
        items=lambda session, _now: column_rows.unread(session, version=profile.VERSION),
        do=read,
        at_once=1,
    )

"""Fill audiences from a database that the operator named: a query's rows, read as any file.

The rows become a CSV in the data folder and then an import like a person's: the same columns,
refusals, consent and report, and people who were erased stay away. Nobody leaves an audience by
it, and a running experiment keeps whom it enrolled at its launch.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from app.audience import fetch_store, imports, store
from app.audience.erased import Marker
from app.audience.models import AudienceQuery
from app.audience.schemas import AudienceSource
from app.platform import put_off, queries
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.errors import Conflict, Invalid
from app.platform.put_off import Work

MOST_ROWS = 1_000_000  # of one run; chosen by us
SECONDS = 60.0  # for the database to answer in
_CLAIM = timedelta(minutes=10)  # longer than any run may take until its rows are in the file
_EVERY: Mapping[str, timedelta] = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}


def keep(
    session: Session, audience_id: str, wanted: AudienceSource, *, by: str, now: datetime
) -> AudienceQuery:
    """Fill the audience from there from now on, for the first time at once."""
    store.audience_of(session, audience_id)
    row = fetch_store.query_of(session, audience_id)
    asked = wanted.model_dump()
    if row is None:
        row = AudienceQuery(
            audience_id=audience_id, due_at=now, created_at=now, created_by=by, **asked
        )
    for name, value in asked.items():
        setattr(row, name, value)
    row.due_at, row.created_by, row.created_at = now, by, now
    session.add(row)
    put_off.take(session, Work.FETCH, audience_id)
    session.flush()
    return row


def run_soon(session: Session, audience_id: str, *, now: datetime) -> AudienceQuery:
    """Run it at the next opportunity. Raises Conflict where nothing fills the audience."""
    row = fetch_store.query_of(session, audience_id)
    if row is None:
        raise Conflict("No query fills this audience.")
    row.due_at = now
    session.add(row)
    put_off.take(session, Work.FETCH, audience_id)
    session.flush()
    return row


def drop(session: Session, audience_id: str) -> None:
    """Fill the audience no more; who is in it stays."""
    row = fetch_store.query_of(session, audience_id)
    if row is not None:
        session.delete(row)
        session.flush()
    put_off.take(session, Work.FETCH, audience_id)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Runs what is due, in a thread of its own: nobody waits for somebody else's database."""

    database: Database
    folder: Path
    folder_id: str
    connections: Mapping[str, str]
    marker: Marker

    def duty(self) -> Duty:
        """One audience at a time; one whose query fails is put off, and the others go on."""
        return Duty(
            work=Work.FETCH,
            items=lambda session, now: fetch_store.due(session, now=now),
            do=self.fetch,
        )

    def fetch(self, audience_id: str, now: datetime) -> int:
        """Run one query and read its rows to their end. Raises Invalid or Unavailable."""
        with self.database.write() as session:
            if not fetch_store.claim(session, audience_id, until=now + _CLAIM, now=now):
                return 0
        try:
            self._end_what_was_begun(audience_id, now)
            self._fill(audience_id, now)
        except BaseException:
            self._is_due(audience_id, now)  # again, as soon as trouble lets it
            raise
        return 1

    def _fill(self, audience_id: str, now: datetime) -> None:
        with self.database.read() as session:
            source = fetch_store.query_of(session, audience_id)
        if source is None:
            return
        begun = imports.begin(
            self.database,
            audience_id=audience_id,
            format="csv",
            folder_id=self.folder_id,
            stream=_as_csv(self._rows(source)),
            imports_dir=self.folder,
            filename=f"Query on {source.connection}",
            by=source.created_by,
            now=now,
        )
        with self.database.write() as session:
            held = fetch_store.query_of(session, audience_id)
            if held is not None:
                held.read_at, held.import_id = now, begun.id
                if held.due_at == now + _CLAIM:  # else somebody changed it: that run is due still
                    held.due_at = now + _EVERY[held.every]
                session.add(held)
        self._read(begun.id, now)

    def _rows(self, source: AudienceQuery) -> Iterator[queries.Pairs]:
        return queries.rows_of(
            self.connections, source.connection, source.query, most=MOST_ROWS, seconds=SECONDS
        )

    def _end_what_was_begun(self, audience_id: str, now: datetime) -> None:
        """What a worker that was killed left: no ingester need run beside this one."""
        with self.database.read() as session:
            left = fetch_store.left_over(session, audience_id, self.folder_id)
        for import_id in left:
            self._read(import_id, now)

    def _read(self, import_id: str, now: datetime) -> None:
        with self.database.read() as session:
            path = self.folder / store.import_of(session, import_id).file
        while imports.continue_import(self.database, import_id, path, marker=self.marker, now=now):
            pass

    def _is_due(self, audience_id: str, now: datetime) -> None:
        with self.database.write() as session:
            row = fetch_store.query_of(session, audience_id)
            if row is not None and row.due_at == now + _CLAIM:  # no file was begun
                row.due_at = now
                session.add(row)


def _as_csv(rows: Iterator[queries.Pairs]) -> Iterator[bytes]:
    """The rows as a file. Raises Invalid where there is none: an empty file says nothing."""
    first = next(rows, None)
    if first is None:
        raise Invalid("The query gives no row, so nothing was changed.")
    yield _line([name for name, _ in first])
    yield _line([value for _, value in first])
    for row in rows:
        yield _line([value for _, value in row])


def _line(cells: list[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow([cell.replace("\0", "") for cell in cells])
    return written.getvalue().encode(errors="replace")

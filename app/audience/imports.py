"""Files of people: taken in whole, then read in chunks, each a transaction; resumable."""

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlmodel import Session

from app.audience import changes, noting, opt_outs, reading, refusals, store, suppression_store
from app.audience.batches import take
from app.audience.erased import Marker
from app.audience.mapping import NOTHING_SAID, Mapped
from app.audience.models import Import
from app.audience.noting import Notes
from app.audience.reading import Record
from app.audience.room import Room
from app.audience.schemas import FileWords
from app.audience.text_lines import BadFile
from app.platform import clock, encodings, events
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.errors import Invalid
from app.platform.put_off import Work
from app.platform.texts import storable_part

CHUNK = 400  # records a transaction: about 40 ms of one core, so that nobody waits for it
_Chunk = tuple[list[Record], bool]  # and whether there may be more
INCOMPLETE = "import.incomplete"
KEPT = timedelta(hours=24)  # no upload takes that long between two pieces, and no decision


def begin(
    database: Database,
    *,
    audience_id: str,
    format: Literal["csv", "ndjson"],  # noqa: A002 - the contract's word
    folder_id: str,
    stream: Iterable[bytes],
    imports_dir: Path,
    filename: str,
    by: str,
    now: datetime,
    is_look: bool = False,
    words: FileWords = NOTHING_SAID,
    by_id: str | None = None,
) -> Import:
    """Write the file into the data folder, piece by piece; reading it is the ingester's work.

    `is_look`: it is read to say what an import would do, and waits for a person's word. `words`:
    what its author says of it before anybody has looked.
    """
    with database.read() as session:
        store.audience_of(session, audience_id)
    row = Import(
        audience_id=audience_id,
        format=format,
        folder=folder_id,
        filename=storable_part(filename)[:200],
        created_at=now,
        created_by=by,
        created_by_id=by_id,
        is_look=is_look,
        said=words.model_dump(mode="json"),
    )
    path = imports_dir / row.id
    try:
        with path.open("wb") as file:
            for piece in stream:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())  # the row that names the file must not outlive it
        row.encoding = encodings.make_plain(path)
        row.size = path.stat().st_size
    except BaseException:
        path.unlink(missing_ok=True)  # cut off, or a full disk: nothing was begun
        raise
    with database.write() as session:
        session.add(row)
    return row


class Reader(Protocol):
    """Reads files of which nothing is taken yet."""

    def go_on(self, import_id: str, *, now: datetime) -> bool:
        """Read a little of this one; False where it is no such file."""


def duty(
    database: Database, imports_dir: Path, folder_id: str, *, marker: Marker, looks: Reader
) -> Duty:
    """Read one chunk of an import that is not finished. Those of one audience come in order.

    `looks` reads files of which nothing is taken yet.
    """

    def items(session: Session, now: datetime) -> Sequence[str]:
        found = store.next_imports(session, folder_id, kept_since=now - KEPT)
        if not found:
            _sweep(session, imports_dir, now=now)
        return found

    def read(import_id: str, now: datetime) -> int:
        if not looks.go_on(import_id, now=now):
            with database.read() as session:
                path = imports_dir / store.import_of(session, import_id).file
            continue_import(database, import_id, path, marker=marker, now=now)
        return 1

    return Duty(work=Work.IMPORT, items=items, do=read, at_once=1, is_shared=False)


def give_up(session: Session, import_id: str, *, by: str, now: datetime) -> None:
    """A person wants no more of a file that cannot be read to its end; what was taken stays."""
    row = store.import_of(session, import_id)
    if row.status == "running":
        row.status, row.finished_at = "failed", now
        row.error = f"{by} cancelled it. What was read before stays; upload the file again."
        row.forget_mended()
        session.add(row)


def continue_import(
    database: Database, import_id: str, path: Path, *, marker: Marker, now: datetime
) -> bool:
    """Read one chunk; whether there is more. The file goes when everything is accounted for.

    `marker` tells people who were erased: they are counted, and stay away.
    """
    with database.read() as session:
        seen = store.import_of(session, import_id)
    if seen.status != "running":
        return False
    chunk = _read_chunk(seen, path)
    header = seen.header
    with database.write() as session:
        store.one_import_at_a_time(session)
        row = store.import_of(session, import_id)
        if row.status != "running" or row.offset != seen.offset:  # another process went on with it
            return row.status == "running"
        row.header = header
        more = _keep_chunk(session, row, chunk, marker=marker, now=now)
        session.add(row)
    if not more:
        _finish(database, row, path, now=now)
        path.unlink(missing_ok=True)
    return more


def _sweep(session: Session, imports_dir: Path, *, now: datetime) -> None:
    """Files that a crash left behind hold people's data, and nobody will read them."""
    for path in imports_dir.iterdir():
        age = now - clock.written(path)
        if age > KEPT and not store.is_running(session, path.name):
            path.unlink(missing_ok=True)


def _fail(row: Import, error: Exception, *, now: datetime) -> None:
    row.status, row.finished_at, row.error = "failed", now, why_failed(error)
    row.forget_mended()


def tell_incomplete(session: Session, row: Import, *, now: datetime) -> None:
    """Somebody has to look at it: it could not be read, or lines of it were refused."""
    taken = row.added + row.updated + row.unchanged
    facts = {"status": row.status, "lines": row.rows, "taken": taken, "refused": row.refused}
    events.record(session, INCOMPLETE, subject=row.id, now=now, facts=facts)


def why_failed(error: Exception) -> str:
    """Why a file cannot be read at all, in a sentence."""
    gone = "The uploaded file is gone from the data folder. Upload it again."
    return str(error) if isinstance(error, Invalid) else gone


def _finish(database: Database, row: Import, path: Path, *, now: datetime) -> None:
    """Read the columns of everybody as a whole, then say that it is done.

    What its author said of them before it was read comes first.
    """
    notes = Notes(row.id)
    said = {one["name"]: one for one in row.columns or ()}
    noting.read_columns(
        database, row.audience_id, renamed=renamed_by(row, path), said=said, notes=notes
    )
    with database.write() as session:
        held = store.import_of(session, row.id)
        if held.status == "running":
            notes.keep(session, held)
            held.status, held.finished_at = "done", now
            held.forget_mended()
            session.add(held)
            if held.refused:
                tell_incomplete(session, held, now=now)


def renamed_by(row: Import, path: Path) -> dict[str, str]:
    """Columns that templates call otherwise than the file does."""
    if row.format != "csv" or row.status == "failed" or not path.exists():
        return {}
    columns = reading.read_header(path, words_of(row)).columns
    return {
        column.name: column.as_written
        for column in columns
        if column.name not in {"", column.as_written}
    }


def words_of(row: Import) -> FileWords:
    """What its author says of a file."""
    return FileWords.model_validate(row.said or {})


def _read_chunk(row: Import, path: Path) -> _Chunk | BadFile | FileNotFoundError:
    """The next records, read while nobody waits for it."""
    try:
        if path.stat().st_size != row.size:
            return BadFile("The uploaded file is not whole any more. Upload it again.")
        return take(records_of(row, path), CHUNK)
    except (BadFile, FileNotFoundError) as error:
        return error


def _keep_chunk(
    session: Session,
    row: Import,
    chunk: _Chunk | BadFile | FileNotFoundError,
    *,
    marker: Marker,
    now: datetime,
) -> bool:
    if isinstance(chunk, Exception):
        _fail(row, chunk, now=now)
        tell_incomplete(session, row, now=now)
        return False
    taken, more = chunk
    _keep(session, row, taken, marker=marker, now=now)
    if taken:
        row.offset, row.line = taken[-1].offset, taken[-1].next_line
        row.rows += len(taken)
    return more


def records_of(row: Import, path: Path) -> Iterator[Record]:
    """What is left of a file to be read."""
    if row.format == "ndjson":
        if row.size == 0:
            raise BadFile("The file is empty. It must hold one JSON object a line.")
        return reading.read_ndjson(path, offset=row.offset, line=row.line, words=words_of(row))
    header = reading.read_header(path, words_of(row))
    row.header = row.header or told(header.columns, header.delimiter)
    offset, line = (row.offset, row.line) if row.offset else (header.offset, header.line)
    return reading.read_csv(path, header, offset=offset, line=line)


def header_of(row: Import, path: Path) -> dict[str, Any]:
    """How a file is read: of objects, by the names on its first lines. Raises BadFile, Invalid."""
    if row.format == "csv":
        header = reading.look_at_header(path, words_of(row))
        return told(header.columns, header.delimiter)
    return told(reading.names_of_objects(path, words_of(row)), None)


def told(columns: Sequence[Mapped], delimiter: str | None) -> dict[str, Any]:
    """How a file is read, as its import keeps it."""
    rows = [
        {"key": one.key, "heading": one.as_written, "becomes": one.name or None, "by": one.by}
        | {"opt_out": one.says_no}
        for one in columns
    ]
    return {"delimiter": delimiter, "columns": rows}


def _keep(
    session: Session, row: Import, records: Sequence[Record], *, marker: Marker, now: datetime
) -> None:
    """Everything one chunk changes, in a handful of statements."""
    notes = Notes(row.id)
    lines = changes.sorted_out(row, records, Room.of(session, row))
    gone = changes.erased_among(session, lines.people, marker)
    row.erased += len(gone)
    lines.leave(gone)
    found = changes.Changes(session, row, now)
    found.apply(lines.people)
    refused = lines.refused + found.refused(records)
    for person in lines.people.values():
        if person.line not in found.reasons:
            notes.add(person.line, person.notes, person_id=found.ids[person.key])
    notes.keep(session, row)
    keys = {one.key for one in lines.opted_out}
    suppression_store.suppress_all(session, keys, opt_outs.REASON, by=row.created_by, now=now)
    row.opted_out += len(lines.opted_out)
    row.added += found.added
    row.updated += found.updated
    row.unchanged += found.unchanged
    row.refused += len(refused)
    row.reasons = refusals.added(row.reasons, refused)
    store.add_refusals(session, refused)

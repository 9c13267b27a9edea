"""`thinslice backup`: one file with all that an installation is, taken while it works.

Clicks first, rows second: a click is then in the one or the other, or in both, and never in none.
What was entered already is not entered again, for the rows say how far each segment is read.
"""

import os
import resource
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, text

from app.identity.audit_rows import at_of
from app.identity.models import AuditRow
from app.ops.installation import House
from app.platform import clock, every_row, locks, migrate
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.migrate import WrongSchema
from app.platform.sealed import Sealing

ACTION = "backup"  # in the audit
KEYS, FOLDER, SETTINGS = "keys", "folder-id", "settings.env"
HITS, RANGES, IMPORTS, ROWS = "hits", "hits/ranges", "imports", "rows"
_OURS = ("*.journal", "lost")  # of the folder of hits; salts end with their day, here and there


class Exists(Conflict):
    """Nothing is written over."""

    title = "This file is there already"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a backup came to."""

    made_at: datetime
    rows: int
    tables: int
    files: int
    schema: str


@dataclass(frozen=True, slots=True)
class _Open:
    """A file as it was when it was opened: what is added later is no part of the backup."""

    name: str
    file: BinaryIO
    size: int


def write_to(path: Path, house: House) -> Taken:
    """Write a whole backup under a name that is free, or nothing. Raises Exists, OSError."""
    if path.exists():
        raise Exists(f"{path} exists. A backup writes over nothing: choose another name.")
    draft = path.with_name(f"{path.name}.part")
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as out:
        if os.fstat(handle).st_uid != os.geteuid():  # whoever laid it there would read it all
            raise Exists(f"{draft} is there already, and somebody else's. Nothing was written.")
        locks.take(handle, draft)
        try:
            out.truncate()
            os.fchmod(handle, 0o600)
            taken = write(out, house)
            out.flush()
            os.fsync(handle)
            _name(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    return taken


def _name(draft: Path, path: Path) -> None:
    """Give it its name, unless somebody else took that meanwhile."""
    try:
        os.link(draft, path)
    except FileExistsError as error:
        raise Exists(f"{path} was made meanwhile. Nothing was written over it.") from error
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def write(out: BinaryIO, house: House) -> Taken:
    """Write a backup to anything that takes bytes."""
    made_at = clock.now()
    sealing = Sealing(out, micros=clock.micros())
    with ExitStack() as stack:
        files = _opened(stack, house)
        with _one_state(house.database) as connection:
            schema = migrate.current(connection)
            if schema is None:
                raise WrongSchema("The database holds nothing yet: there is nothing to back up.")
            known = {one.name for one in files}
            files += [one for one in _opened(stack, house) if one.name not in known]
            _add_small(sealing, house)
            for one in files:
                sealing.add_from(one.name, one.file, one.size)
            tables = [_table(sealing, connection, shape) for shape in every_row.shapes(connection)]
    rows = sum(table["rows"] for table in tables)
    sealing.seal(
        {
            "made_at": clock.iso(made_at),
            "version": version("thinslice"),
            "database": house.database.engine.dialect.name,
            "schema": schema,
            "tables": tables,
        }
    )
    return Taken(made_at, rows, len(tables), len(files), schema)


def _add_small(sealing: Sealing, house: House) -> None:
    sealing.add(KEYS, b"\n".join(house.secrets) + b"\n")
    sealing.add(FOLDER, f"{house.folder_id}\n".encode())
    sealing.add(SETTINGS, environment_of(house.settings).encode())


def environment_of(settings: Settings) -> str:
    """Every setting that somebody made, as a shell reads it."""
    made = {
        f"THINSLICE_{name.upper()}": _as_text(value)
        for name, value in settings.model_dump(exclude_unset=True, mode="json").items()
    }
    made |= {f"THINSLICE_SQL_{name.upper()}": url for name, url in settings.sql_connections.items()}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(made.items()))


def _as_text(value: object) -> str:
    """As an operator writes it: words, or `group=role` and others like it."""
    if not isinstance(value, list):
        return str(value)
    if all(isinstance(one, list) for one in value):
        return ", ".join("=".join(pair) for pair in value)
    return " ".join(map(str, value))


def _opened(stack: ExitStack, house: House) -> list[_Open]:
    """The files of clicks and imports. Whoever deletes one meanwhile takes it from nobody."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # one for each file of a long backlog
    found: list[_Open] = []
    for folder, name, patterns in (
        (house.hits, HITS, _OURS),
        (house.ranges, RANGES, ("**/[!.]*",)),
        (house.imports, IMPORTS, ("[!.]*",)),
    ):
        for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
            if path.is_file():
                found += _open(stack, path, f"{name}/{path.relative_to(folder)}")
    return found


def _open(stack: ExitStack, path: Path, name: str) -> Iterator[_Open]:
    try:
        file = stack.enter_context(path.open("rb"))
    except FileNotFoundError:  # read to its end and deleted: what it held are rows
        return
    yield _Open(name, file, os.fstat(file.fileno()).st_size)


@contextmanager
def _one_state(database: Database) -> Iterator[Connection]:
    """A connection that sees one state of everything, for as long as it takes, and locks nothing.

    On SQLite nobody waits for it either: its log grows by what is written meanwhile.
    """
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            for setting in _PATIENT:
                connection.execute(text(f"SET LOCAL {setting}"))
        yield connection
        connection.rollback()


_PATIENT = (  # and written as we read it, whatever the server is set to
    "statement_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
    "datestyle = 'ISO, YMD'",
    "bytea_output = 'hex'",
    "extra_float_digits = 1",
)


def _table(sealing: Sealing, connection: Connection, shape: every_row.Shape) -> dict[str, Any]:
    rows = chunks = 0
    for chunk in every_row.written(connection, shape):
        chunks += 1
        rows += chunk.count(b"\n")
        sealing.add_packed(f"{ROWS}/{shape.table}/{chunks:06d}.gz", chunk)
    return {"name": shape.table, "columns": dict(shape.columns), "rows": rows, "chunks": chunks}


def last_made(noted: AuditRow | None) -> tuple[str, datetime | None]:
    """When the last one was made, in words and as a moment: its row in the audit may be damaged."""
    at = at_of(noted) if noted else None
    if at is not None:
        return f"the last was made {at:%Y-%m-%d %H:%M} UTC", at
    return "when the last was made cannot be read" if noted else "none was made yet", None

"""Every row of every table as one text that both databases give and take: PostgreSQL's COPY.

Columns and their kinds are asked of the database itself, so that no table is forgotten and a
schema of earlier days is read as it stands. A value that is damaged is carried along as it is.
"""

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, MetaData, Table, inspect, text
from sqlalchemy.sql import sqltypes

from app.platform.errors import AppError

SCHEMA = "alembic_version"  # named by the backup itself, and made by migrating
_CHUNK_BYTES = 4 * 2**20  # of rows that are packed and sealed together
_KINDS: Sequence[tuple[type[Any], str]] = (
    (sqltypes.Boolean, "yes_no"),
    (sqltypes.DateTime, "moment"),
    (sqltypes.LargeBinary, "bytes"),
    (sqltypes.Float, "number"),
    (sqltypes.Numeric, "number"),
    (sqltypes.Integer, "number"),
)
_NULL = b"\\N"
_ESCAPED = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}
_MEANT = {
    b"\\": b"\\",
    b"t": b"\t",
    b"n": b"\n",
    b"r": b"\r",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
}
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SECONDS, _WHOLE_MOMENT = 19, 26  # letters of a moment without and with its microseconds


class Unfit(AppError):
    """These rows do not fit the tables that they should go into."""

    title = "The rows do not fit"


@dataclass(frozen=True, slots=True)
class Shape:
    """One table: its columns in order, each with its kind."""

    table: str
    columns: Mapping[str, str]

    @property
    def names(self) -> str:
        """The columns, as SQL lists them."""
        return ", ".join(f'"{name}"' for name in self.columns)


def shapes(connection: Connection) -> list[Shape]:
    """Every table, those that others point at first."""
    return [_shape(table) for table in _tables(connection)]


def is_empty(engine: Engine) -> bool:
    """Whether a database holds no table at all."""
    return not inspect(engine).get_table_names()


def _tables(connection: Connection) -> list[Table]:
    known, besides = MetaData(), {SCHEMA, *_shadows(connection)}
    known.reflect(connection)
    return [table for table in known.sorted_tables if _is_ours(table.name, besides)]


def _is_ours(name: str, besides: Collection[str]) -> bool:
    """Whoever follows a file of SQLite, as Litestream does, has tables in it that begin so."""
    return name not in besides and not name.startswith("_")


def _shadows(connection: Connection) -> list[str]:
    """Where SQLite keeps a full-text search by itself."""
    if connection.dialect.name != "sqlite":
        return []
    found = connection.exec_driver_sql("PRAGMA table_list").mappings()
    return [row["name"] for row in found if row["type"] == "shadow"]


def _shape(table: Table) -> Shape:
    kept = [column for column in table.columns if column.computed is None]
    return Shape(table.name, {column.name: _kind(column.type) for column in kept})


def _kind(of: object) -> str:
    return next((kind for made, kind in _KINDS if isinstance(of, made)), "text")


def written(connection: Connection, shape: Shape) -> Iterator[bytes]:
    """A table's rows in pieces of a few megabytes, each of whole lines."""
    is_sqlite = connection.dialect.name == "sqlite"
    lines = (_lines_of_sqlite if is_sqlite else _lines_of_postgresql)(connection, shape)
    chunk, size = [], 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= _CHUNK_BYTES and line.endswith(b"\n"):
            yield b"".join(chunk)
            chunk, size = [], 0
    if chunk:
        yield b"".join(chunk)


def _lines_of_postgresql(connection: Connection, shape: Shape) -> Iterator[bytes]:
    raw: Any = connection.connection.driver_connection
    with (
        raw.cursor() as cursor,
        cursor.copy(
            f'COPY (SELECT {shape.names} FROM "{shape.table}") TO STDOUT'  # noqa: S608 - names of our own tables
        ) as copy,
    ):
        for line in copy:
            yield bytes(line)


def _lines_of_sqlite(connection: Connection, shape: Shape) -> Iterator[bytes]:
    raw: Any = connection.connection.driver_connection
    write = [_WRITE.get(kind, _plain) for kind in shape.columns.values()]
    before, raw.text_factory = raw.text_factory, bytes  # what is no UTF-8 is carried along, too
    try:
        for row in raw.execute(f'SELECT {shape.names} FROM "{shape.table}"'):  # noqa: S608 - as above
            fields = [
                _NULL if value is None else one(value)
                for one, value in zip(write, row, strict=True)
            ]
            yield b"\t".join(fields) + b"\n"
    finally:
        raw.text_factory = before


def _plain(value: Any) -> bytes:
    if isinstance(value, bytes):
        for sign, escaped in _ESCAPED.items():
            value = value.replace(sign, escaped)
        return bytes(value)
    return repr(value).encode()


_WRITE: Mapping[str, Callable[[Any], bytes]] = {
    "yes_no": lambda value: {0: b"f", 1: b"t"}.get(value) or _plain(value),
    "moment": lambda value: _plain(value) + b"+00",
    "bytes": lambda value: (
        b"\\\\x" + value.hex().encode() if isinstance(value, bytes) else _plain(value)
    ),
}


@contextmanager
def taken_in(connection: Connection) -> Iterator[None]:
    """While rows go in as they were, no trigger adds to them; numbers go on behind them after."""
    if connection.dialect.name == "sqlite":
        with _without_triggers(connection):
            yield
        return
    names = [table.name for table in _tables(connection)]
    for name in names:
        connection.execute(text(f'ALTER TABLE "{name}" DISABLE TRIGGER USER'))
    yield
    for name in names:
        connection.execute(text(f'ALTER TABLE "{name}" ENABLE TRIGGER USER'))
    _go_on_counting(connection)


@contextmanager
def _without_triggers(connection: Connection) -> Iterator[None]:
    listed = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = list(connection.exec_driver_sql(listed))
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, made in triggers:
        connection.exec_driver_sql(made)


_COUNTED = text("""
    -- One row per column whose numbers a sequence gives out.
    SELECT c.relname AS of_table, a.attname AS of_column, s.oid::regclass::text AS sequence
      FROM pg_depend d
      JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
      JOIN pg_class c ON c.oid = d.refobjid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
     WHERE c.relnamespace = current_schema()::regnamespace
       AND d.deptype IN ('a', 'i')
     ORDER BY 1, 2
""")


def _go_on_counting(connection: Connection) -> None:
    for table, column, sequence in connection.execute(_COUNTED).all():
        highest = f'SELECT MAX("{column}") FROM "{table}"'  # noqa: S608 - as above
        connection.exec_driver_sql(f"SELECT setval('{sequence}', ({highest}))")  # NULL: as it was


def take_in(connection: Connection, told: Shape, here: Shape, chunks: Iterable[bytes]) -> int:
    """Enter a table's rows, as they were told, into the table that is here; how many.

    Raises Unfit where they cannot stand in it.
    """
    if told.table != here.table or set(told.columns) != set(here.columns):
        raise Unfit(f"The table {here.table} has other columns here than in the backup.")
    try:
        if connection.dialect.name == "sqlite":
            return _into_sqlite(connection, told, chunks)
        return _into_postgresql(connection, told, chunks)
    except (ValueError, psycopg.Error, sqlite3.Error) as error:
        first = " ".join(str(error).strip().splitlines()[:1])
        raise Unfit(f"A row of the table {here.table} cannot be kept here: {first}") from error


def _into_postgresql(connection: Connection, shape: Shape, chunks: Iterable[bytes]) -> int:
    raw: Any = connection.connection.driver_connection
    rows = 0
    into = f'COPY "{shape.table}" ({shape.names}) FROM STDIN'
    with raw.cursor() as cursor, cursor.copy(into) as copy:
        for chunk in chunks:
            copy.write(chunk)
            rows += chunk.count(b"\n")
    return rows


def _into_sqlite(connection: Connection, shape: Shape, chunks: Iterable[bytes]) -> int:
    raw: Any = connection.connection.driver_connection
    read = [_READ.get(kind, _as_it_stands) for kind in shape.columns.values()]
    places = ", ".join(_PLACE.get(kind, "CAST(? AS TEXT)") for kind in shape.columns.values())
    into = f'INSERT INTO "{shape.table}" ({shape.names}) VALUES ({places})'  # noqa: S608 - as above
    rows = 0
    for chunk in chunks:
        lines = chunk.split(b"\n")[:-1]
        raw.executemany(into, (_fields(line, read) for line in lines))
        rows += len(lines)
    return rows


def _fields(line: bytes, read: Sequence[Callable[[bytes], Any]]) -> list[Any]:
    return [
        None if field == _NULL else one(_unescaped(field))
        for one, field in zip(read, line.split(b"\t"), strict=True)
    ]


def _unescaped(field: bytes) -> bytes:
    if b"\\" not in field:
        return field
    return _ESCAPE.sub(lambda found: _MEANT.get(found[1], found[1]), field)


def _as_it_stands(field: bytes) -> Any:
    return field


def _number(field: bytes) -> Any:
    try:
        return int(field)
    except ValueError:
        try:
            return float(field)
        except ValueError:
            return field.decode("utf-8", "replace")


def _moment(field: bytes) -> bytes:
    plain = field.removesuffix(b"+00")
    if len(plain) == _SECONDS:
        return plain + b".000000"
    return plain.ljust(_WHOLE_MOMENT, b"0") if plain[_SECONDS : _SECONDS + 1] == b"." else plain


_READ: Mapping[str, Callable[[bytes], Any]] = {
    "yes_no": lambda field: {b"f": 0, b"t": 1}.get(field, field),
    "moment": _moment,
    "number": _number,
    "bytes": lambda field: bytes.fromhex(field.removeprefix(b"\\x").decode()),
}
_PLACE = {"yes_no": "?", "number": "?", "bytes": "?"}

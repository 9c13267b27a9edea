"""What tests of backups share: rows of every kind in every table, and all of them read again."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.sql import sqltypes

from app.platform.db import Database
from tests.postgres import Server

NOT_OURS = ("alembic_version",)
_SEARCH = ("learning_text_",)  # shadows of SQLite's search
# A restored copy has others of these: a new epoch, nobody logged in, the restore itself noted.
ANEW = {"install", "login_session", "setup_token", "audit_head", "agent_grant"}
_BY_ITSELF = {"send_count", "install"}  # kept by a trigger; made by whoever is first
_TEXTS = (
    "", " ", "plain", "tab\tand\nline\r\nand back\\slash", "\\N", "\\", "\\t", "NULL", "’ö–漢😀",
    "\x01\x0b\x0c\x08\x7f", "a" * 5000, "'; DROP TABLE person; --", "+00", '{"a": 1}',
)  # fmt: skip
_NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31))
_FLOATS = (0.0, 1.5, -2.25, 1e-300, 1.7976931348623157e308, 0.1, 1 / 3, 123456789.123456789)
_DOCUMENTS: tuple[Any, ...] = (
    {}, [], {"a": [1, 2.5, None, True, {"b": "c\n\t\\ “"}]}, {"n": 1.25e-7}, ["x", ""], {"é": "😀"},
)  # fmt: skip

Row = dict[str, Any]
_asked: dict[tuple[str, str], MetaData] = {}


def tables_of(connection: Connection) -> list[Table]:
    """Its tables as the database tells them; of one revision on one kind, asked once."""
    revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    kind = (connection.dialect.name, revision)
    if kind not in _asked:
        _asked[kind] = MetaData()
        _asked[kind].reflect(connection)
    return _asked[kind].sorted_tables


def fill(connection: Connection, rng: Random, *, rows: int = 3) -> None:
    """Some rows of odd values in every table, each pointing at another's where it has to."""
    for table in tables_of(connection):
        if table.name.startswith((*NOT_OURS, *_SEARCH)) or table.name in _BY_ITSELF:
            continue
        for number in range(1, rows + 1):
            connection.execute(table.insert().values(_row(table, number, rng)))


def _row(table: Table, number: int, rng: Random) -> Row:
    if table.name == "learning_text":  # a search knows no kinds
        return {name: f"{name} {number} ö" for name in ("decision_id", "title", "body")}
    return {
        column.name: _value(table, column, number, rng)
        for column in table.columns
        if column.computed is None
    }


def _value(table: Table, column: Any, number: int, rng: Random) -> Any:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return None if target.table is table else _key(target, number)
    if _must_differ(table, column):
        return _key(column, number)
    if column.nullable and rng.random() < 0.3:
        return None
    return _any(column.type, rng)


def _must_differ(table: Table, column: Any) -> bool:
    """A key's part, so that no two rows are one; the one row of `install` is told by its number."""
    uniques = [one.columns.keys() for one in table.indexes if one.unique]
    uniques += [
        one.columns.keys()
        for one in table.constraints
        if type(one).__name__ == "UniqueConstraint" and hasattr(one, "columns")
    ]
    return column.primary_key or any(column.name in names for names in uniques)


def _key(column: Any, number: int) -> Any:
    if isinstance(column.type, sqltypes.Boolean):
        return number % 2 == 0
    if isinstance(column.type, sqltypes.Integer):
        return number
    if isinstance(column.type, sqltypes.DateTime):
        return _moment(column.type, number)
    if isinstance(column.type, sqltypes.Date):
        return date(2026, 1, number)
    return f"{column.table.name}-{column.name}-{number}"


def _moment(kind: Any, seconds: float) -> datetime:
    moment = datetime(2026, 11, 2, 9, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.replace(tzinfo=UTC if kind.timezone else None)


def _any(kind: Any, rng: Random) -> Any:
    for of, made in _MADE.items():
        if isinstance(kind, of):
            return made(kind, rng)
    return rng.choice(_TEXTS)


_SECONDS = (0, 0.5, 1e-6, -1e9, 123456.654321)
_MADE: dict[type[Any], Callable[[Any, Random], Any]] = {
    sqltypes.Boolean: lambda _, rng: rng.random() < 0.5,
    sqltypes.DateTime: lambda kind, rng: _moment(kind, rng.choice(_SECONDS)),
    sqltypes.Date: lambda _, rng: date(2026, 11, 29) - timedelta(days=rng.randrange(10_000)),
    sqltypes.LargeBinary: lambda _, rng: rng.randbytes(rng.randrange(300)),
    sqltypes.Float: lambda _, rng: rng.choice(_FLOATS),
    sqltypes.Integer: lambda _, rng: rng.choice(_NUMBERS),
    sqltypes.JSON: lambda _, rng: rng.choice(_DOCUMENTS),
}


def rows_of(database: Database) -> dict[str, list[tuple[tuple[str, Any], ...]]]:
    """Everything that stands in every table; moments, documents and numbers as both have them."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    tuple((name, _plain(value)) for name, value in sorted(row.items()))
                    for row in _rows(connection, table)
                ),
                key=repr,
            )
            for table in tables_of(connection)
            if not table.name.startswith((*NOT_OURS, *_SEARCH))
        }


def _rows(connection: Connection, table: Table) -> list[Row]:
    kept = [column for column in table.columns if column.computed is None]
    return [
        dict(row) for row in connection.execute(table.select().with_only_columns(*kept)).mappings()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def empty_url(kind: str, server: Server, folder: Path) -> str:
    """An address of a database without tables, as an operator writes it."""
    return server.empty() if kind == "postgresql" else f"sqlite:///{folder / 'other.db'}"


def opened(url: str) -> Database:
    return Database(url.replace("postgresql://", "postgresql+psycopg://"))

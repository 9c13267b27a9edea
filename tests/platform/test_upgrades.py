"""Whoever upgrades from an earlier release has the schema of a fresh installation, and all rows."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.sql import sqltypes

from app.platform import migrate
from app.platform.db import Database
from tests import kept_open
from tests.anew import back_to
from tests.conftest import KINDS
from tests.experiments import scenes
from tests.postgres import Server

RELEASED = (
    "0001",
    "0005",
    "0009",
    "0019",
    "0026",
    "0030",
    "0034",
    "0039",
    "0045",
    "0052",
    "0055",
    "0060",
)  # the newest revision of each release
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)  # a Monday
_ROWS = 3
_NOT_OURS = ("alembic_version", "learning_text", "send_count", "people_count")  # triggers keep two
# Made anew: from outcomes (those of these rows have no hits); from the drafts, in the background.
_MADE_ANEW = ("day_counter", "rehearsal")
_TOLD_ANEW = {("contribution", "overlaps")}  # shared people, since they are counted once

Row = dict[str, Any]

CATALOGUE = text("""
    -- One row per column, index, constraint, trigger, function and sequence: its kind and text.
    SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
           format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attidentity::text
           || a.attgenerated::text || ' ' || COALESCE(pg_get_expr(d.adbin, d.adrelid), '') AS told
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
     UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL
    SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
      FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL
    SELECT 'function', proname, pg_get_functiondef(oid)
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     UNION ALL
    SELECT 'sequence', sequencename, data_type::text || increment_by
      FROM pg_sequences WHERE schemaname = 'public'
     ORDER BY 1, 2
""")


class Past:
    """A database at each release, made once: the one before is copied and moved up."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder = folder
        self._server = server
        self._at: dict[str, str] = {}  # the address of each, as an operator writes it
        self._copies = count()

    def at(self, revision: str) -> Database:
        """A copy of that release's, without a row."""
        return _opened(self._copy(self._kept(revision)))

    def _kept(self, revision: str) -> str:
        if revision not in self._at:
            earlier = [one for one in RELEASED if one < revision]
            url = self._copy(self._kept(earlier[-1]) if earlier else None)
            database = _opened(url)
            migrate.to(database, revision)
            database.close()
            self._at[revision] = url
        return self._at[revision]

    def _copy(self, url: str | None) -> str:
        if self._server:
            kept_open.close()  # nobody may look at what is copied
            return self._server.empty(like=url)
        path = self._folder / f"{next(self._copies)}.db"
        if url:
            shutil.copy(url.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"


def _opened(url: str) -> Database:
    return Database(url.replace("postgresql://", "postgresql+psycopg://"))


@pytest.fixture(scope="module", params=KINDS)
def past(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Past:
    is_sqlite = request.param == "sqlite"
    server = None if is_sqlite else request.getfixturevalue("postgres_server")
    return Past(tmp_path_factory.mktemp("past"), server)


def catalogue(database: Database) -> list[tuple[str, str, str]]:
    """Everything that a schema consists of, in its database's own words."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            return [tuple(row) for row in connection.execute(CATALOGUE)]
        listed = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        found = [tuple(row) for row in connection.exec_driver_sql(listed)]
        names = [name for kind, name, _ in found if kind == "table"]
        other = [one for one in found if one[0] != "table"]
        for name in names:
            columns = connection.exec_driver_sql(f'PRAGMA table_xinfo("{name}")')
            other += [("column", f"{name}.{one[1]}", str(tuple(one[2:]))) for one in columns]
        return sorted(other)


def given_rows(connection: Connection, known: MetaData) -> None:
    """Some rows in every table, each one's values its own, each pointing at another's."""
    for table in known.sorted_tables:
        if table.name.startswith(_NOT_OURS):
            continue
        for number in range(1, _ROWS + 1):
            connection.execute(table.insert().values(_row(table, number)))


def _row(table: Table, number: int) -> Row:
    return {
        column.name: _value(table, column, number)
        for column in table.columns
        if column.computed is None
    }


def _value(table: Table, column: Any, number: int) -> Any:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return None if target.table is table else _value(target.table, target, number)
    for kind, made in _MADE.items():
        if isinstance(column.type, kind):
            return made(column.type, number)
    if isinstance(column.type, sqltypes.JSON):
        return _json(table.name, column.name)
    return _words(table.name, column.name, number)


def _moment(kind: Any, number: int) -> datetime:
    return (NOW + timedelta(days=number)).replace(tzinfo=UTC if kind.timezone else None)


_MADE: dict[type[Any], Callable[[Any, int], Any]] = {
    sqltypes.Boolean: lambda _, number: number % 2 == 0,
    sqltypes.DateTime: _moment,
    sqltypes.Date: lambda _, number: NOW.date() + timedelta(weeks=number),
    sqltypes.LargeBinary: lambda _, number: bytes([number]),
    sqltypes.Integer: lambda _, number: number,
    sqltypes.Numeric: lambda _, number: number + 0.5,
    sqltypes.Float: lambda _, number: number + 0.5,
}


def _words(table: str, column: str, number: int) -> str:
    if column == "week":
        return f"2026-W{44 + number}"
    if column in {"status", "state"}:
        return "draft"
    if column == "id":
        return f"{table}-{number}"
    if column.endswith("_id"):
        return f"{column.removesuffix('_id')}-{number}"
    return f"{column}-{number}"


def _json(table: str, column: str) -> Any:
    if column == "design":
        return scenes.document()
    return {"arms": {}} if table == "look" else {"of": f"{table}.{column}"}


def rows_of(database: Database, known: MetaData) -> dict[str, list[Row]]:
    """Everything that stands in every table, as the database gives it."""
    with database.engine.connect() as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(
                    table.select().order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in known.sorted_tables
            if not table.name.startswith(_NOT_OURS)
        }


@dataclass(frozen=True)
class Schema:
    """In the database's words, and as SQLAlchemy reads it."""

    words: list[tuple[str, str, str]]
    tables: MetaData


def reflected(connection: Connection) -> MetaData:
    """Every table that there is."""
    tables = MetaData()
    tables.reflect(connection)
    return tables


def schema_of(database: Database) -> Schema:
    with database.engine.connect() as connection:
        return Schema(catalogue(database), reflected(connection))


@pytest.fixture(scope="module")
def fresh(past: Past) -> Schema:
    """The schema of a fresh installation, which began with nothing."""
    new = _opened(past._copy(None))
    migrate.to_head(new)
    schema = schema_of(new)
    new.close()
    return schema


@pytest.mark.parametrize("release", RELEASED)
def test_an_upgrade_ends_in_the_schema_of_a_fresh_installation_and_so_does_going_back(
    release: str, past: Past, fresh: Schema
):
    """Every row is kept on the way up, and on the way back those that the release knows."""
    old = past.at(release)
    schema = schema_of(old)
    with old.engine.begin() as connection:
        given_rows(connection, schema.tables)
    before = rows_of(old, schema.tables)
    migrate.to_head(old)
    words_after = catalogue(old)
    assert words_after == fresh.words
    after = rows_of(old, fresh.tables)
    back_to(old, release)
    words_again = catalogue(old)
    assert words_again == schema.words
    again = rows_of(old, schema.tables)
    migrate.to_head(old)
    old.close()

    assert _lost(before, after) == []
    assert _lost(before, again) == []


def _lost(before: dict[str, list[Row]], after: dict[str, list[Row]]) -> list[str]:
    """What stood there and does not any more, or says something else."""
    lost = []
    for table, rows in before.items():
        assert len(rows) == _ROWS, table
        kept = after.get(table, [])
        if table in _MADE_ANEW:
            continue
        if len(kept) != len(rows):
            lost.append(f"{table}: {len(rows)} rows, then {len(kept)}")
            continue
        for row, same in zip(rows, kept, strict=True):
            for name, value in row.items():
                if (table, name) not in _TOLD_ANEW and same.get(name) != value:
                    lost.append(f"{table}.{name}: {value!r}, then {same.get(name)!r}")
    return lost

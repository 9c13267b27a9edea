"""Two versions stand beside each other while machines are replaced: a migration only adds.

A release runs on for a while after ours has migrated the database. So what it reads and writes
stays as it is: a migration takes something away only where the release before did not use it any
more, and says so by `unused_since`, the newest revision of that release.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest
from sqlalchemy import Connection, text

from app.platform import migrate
from app.platform.db import Database
from app.platform.paths import MIGRATIONS
from tests.platform.test_upgrades import CATALOGUE, RELEASED
from tests.postgres import Server

_SINCE = "0034"  # of 0.7.0, the first release that a rolling upgrade is tried from

_UNIQUE = text("""
    -- One row per column that something unique binds: the index, the table, the column.
    SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, a.attname
      FROM pg_index i
      JOIN pg_class c
        ON c.oid = i.indrelid
       AND c.relnamespace = 'public'::regnamespace
      JOIN pg_attribute a
        ON a.attrelid = i.indexrelid
     WHERE i.indisunique
     ORDER BY 1, 3
""")


@dataclass(frozen=True)
class Told:
    """A schema: each of its parts in words, and the columns of whatever is unique."""

    parts: dict[tuple[str, str], str]
    unique: dict[tuple[str, str], set[str]]  # by index and table

    def columns(self) -> set[str]:
        return {name for kind, name in self.parts if kind == "column"}

    def tables(self) -> set[str]:
        return {name.partition(".")[0] for name in self.columns()}


def told(connection: Connection) -> Told:
    unique: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    parts = {(kind, name): said for kind, name, said in connection.execute(CATALOGUE)}
    for index, table, column in connection.execute(_UNIQUE):
        unique[index, table].add(f"{table}.{column}")
    return Told(parts, dict(unique))


def breaks(before: Told, after: Told) -> list[str]:
    """What a version that knows the schema before could not do any more."""
    gone = [
        f"{kind} {name}"
        for (kind, name), said in before.parts.items()
        if kind in {"column", "sequence"} and after.parts.get((kind, name)) != said
    ]
    new = after.columns() - before.columns()
    wanting = [
        f"{name} wants a value"
        for name in new
        if name.partition(".")[0] in before.tables() and _wants(after.parts["column", name])
    ]
    binding = [
        f"{index} binds what there was"
        for (index, table), columns in after.unique.items()
        if (index, table) not in before.unique and table in before.tables() and not columns & new
    ]
    binding += [
        f"{name} binds what there was"
        for (kind, name), said in after.parts.items()
        if kind == "constraint"
        if (kind, name) not in before.parts and _binds(name.partition(".")[0], said, before)
    ]
    return sorted(gone + wanting + binding)


def _binds(table: str, said: str, before: Told) -> bool:
    """Whether a condition or a reference is asked of a column that a table had."""
    if not said.startswith(("CHECK", "FOREIGN KEY")):
        return False
    named = re.findall(r"\w+", said.partition("REFERENCES")[0])
    return any(f"{table}.{name}" in before.columns() for name in named)


def _wants(said: str) -> bool:
    """Whether a column must have a value, and gets none by itself."""
    found = re.fullmatch(r".+ (true|false) (.*)", said)
    assert found, said
    return found[1] == "true" and not found[2].strip()


def modules() -> dict[str, ModuleType]:
    """Every migration since, by its revision."""
    found = {}
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        if path.name[:4] > _SINCE:
            spec = spec_from_file_location(path.stem, path)
            assert spec
            assert spec.loader
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            found[path.name[:4]] = module
    return found


def _since(server: Server) -> Database:
    """A database of a release before the first that is looked at."""
    database = Database(server.empty().replace("postgresql://", "postgresql+psycopg://"))
    migrate.to(database, _SINCE)
    return database


class Steps:
    """A database on its way up: what it was at each revision is remembered."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._at = _SINCE
        self._told: dict[str, Told] = {}
        self._remember()

    def at(self, revision: str) -> Told:
        while self._at < revision:
            self._at = f"{int(self._at) + 1:04}"
            migrate.to(self.database, self._at)
            self._remember()
        return self._told[revision]

    def _remember(self) -> None:
        with self.database.engine.connect() as connection:
            self._told[self._at] = told(connection)


@pytest.fixture(scope="module")
def steps(postgres_server: Server) -> Iterator[Steps]:
    steps = Steps(_since(postgres_server))
    yield steps
    steps.database.close()


@pytest.fixture(scope="module")
def since(postgres_server: Server) -> Iterator[Database]:
    database = _since(postgres_server)
    yield database
    database.close()


@pytest.fixture
def old(since: Database) -> Iterator[Connection]:
    """A release before, for a while: what is done to it is taken back."""
    with since.engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("revision", sorted(modules()))
def test_a_migration_takes_nothing_from_the_release_before(revision: str, steps: Steps):
    before, after = steps.at(f"{int(revision) - 1:04}"), steps.at(revision)

    taken = breaks(before, after)
    since = getattr(modules()[revision], "unused_since", None)
    assert taken == [] or since in RELEASED, (taken, "say `unused_since`: see this file's words")


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("ALTER TABLE hit DROP COLUMN verdict", "column hit.verdict"),
        ("ALTER TABLE hit RENAME COLUMN verdict TO judged", "column hit.verdict"),
        ("DROP TABLE push", "column push.id"),
        ("ALTER TABLE hit ADD COLUMN wanted integer NOT NULL", "hit.wanted wants a value"),
        ("ALTER TABLE hit ALTER COLUMN link TYPE bigint", "column hit.link"),
        ("ALTER TABLE team ADD CONSTRAINT once UNIQUE (name)", "once binds what there was"),
        ("CREATE UNIQUE INDEX once ON hit (at)", "once binds what there was"),
        ("CREATE UNIQUE INDEX once ON team (lower(name))", "once binds what there was"),
        ("ALTER TABLE hit ADD CONSTRAINT few CHECK (link < 9)", "few binds what there was"),
    ],
    ids=[
        "drops",
        "renames",
        "drops a table",
        "wants",
        "retypes",
        "binds",
        "binds by an index",
        "binds by an expression",
        "asks a condition",
    ],
)
def test_what_an_old_version_could_not_live_with_is_found(done: str, said: str, old: Connection):
    before = told(old)
    old.exec_driver_sql("DELETE FROM team")
    old.exec_driver_sql(done)

    assert any(said in one for one in breaks(before, told(old)))


def test_what_only_adds_is_let_by(old: Connection):
    before = told(old)
    old.exec_driver_sql("ALTER TABLE hit ADD COLUMN more integer")
    old.exec_driver_sql("ALTER TABLE hit ADD COLUMN most integer NOT NULL DEFAULT 0")
    old.exec_driver_sql("CREATE TABLE other (id integer NOT NULL UNIQUE)")
    old.exec_driver_sql("CREATE INDEX more_of_it ON hit (more, at)")
    old.exec_driver_sql("CREATE UNIQUE INDEX once ON hit (more)")
    old.exec_driver_sql("ALTER TABLE hit ADD CONSTRAINT few CHECK (more < 9)")

    assert breaks(before, told(old)) == []

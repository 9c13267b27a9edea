import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, select

from app.platform import away, clock, db, events
from app.platform.away import AWAY
from app.platform.db import Database
from app.platform.events import Event

_KEPT = ("journal_mode", "synchronous", "foreign_keys")


def test_a_moment_comes_back_as_it_was_with_its_zone(database: Database):
    moment = clock.now()
    with database.write() as session:
        events.record(session, "made", subject="x", now=moment)

    with database.read() as session:
        assert session.exec(select(Event)).one().at == moment


def test_a_write_that_fails_leaves_nothing(database: Database):
    with pytest.raises(RuntimeError):
        write_and_fail(database)

    with database.read() as session:
        assert session.exec(select(Event)).all() == []


def write_and_fail(database: Database) -> None:
    with database.write() as session:
        events.record(session, "made", subject="x", now=clock.now())
        session.flush()
        raise RuntimeError


def test_a_time_without_a_zone_is_refused(session: Session):
    events.record(session, "made", subject="x", now=datetime(2026, 1, 1))  # noqa: DTZ001 - the case

    with pytest.raises(StatementError, match="zone"):
        session.flush()


def test_sqlite_waits_until_what_is_committed_is_on_the_disk(tmp_path: Path):
    raw: Any = sqlite3.connect(tmp_path / "one.db")
    with closing(raw) as connection:
        db._prepare_sqlite(connection, ConnectionPoolEntry())
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _KEPT]

    assert found == ["wal", 2, 1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_committed_outlives_a_crash_of_a_server_that_was_set_to_answer_before(
    database_url: str,
):
    """Else whoever was reserved and mailed in the last moments is mailed again."""
    asked = text("SHOW synchronous_commit")
    with psycopg.connect(database_url, autocommit=True) as own:
        own.execute(f'ALTER DATABASE "{own.info.dbname}" SET synchronous_commit = off')
        database = Database(database_url.replace("postgresql://", "postgresql+psycopg://"))
        with database.read() as session:
            ours = session.execute(asked).scalar_one()
        database.close()
        own.execute(f'ALTER DATABASE "{own.info.dbname}" RESET synchronous_commit')

    assert ours == "on"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_froze_in_the_middle_of_a_transaction_keeps_nobody_waiting(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    with monkeypatch.context() as impatient:
        impatient.setattr(db, "_IDLE_MS", 50)
        frozen = Database(url)
        with frozen.write() as session:
            events.record(session, "made", subject="x", now=clock.now())
    other = Database(url)  # patient, as on a machine that is busy it has to be
    with pytest.raises(AWAY) as raised:
        write_and_freeze(frozen, other)
    with frozen.read() as session:
        found = session.scalars(select(Event.subject)).all()
    frozen.close()
    other.close()

    assert found == ["other"]
    assert away.passes(raised.value)


def write_and_freeze(frozen: Database, other: Database) -> None:
    with frozen.write() as session:
        session.execute(update(Event).values(subject="frozen"))
        with other.write() as also:  # it would wait for five seconds, and fail
            also.execute(update(Event).values(subject="other"))
        session.scalars(select(Event)).all()

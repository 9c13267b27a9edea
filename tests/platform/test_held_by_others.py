"""Another program holds SQLite's write lock: who waits, for how long, and what they are told."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from app.platform import db, events, queueing
from app.platform.db import Database
from app.platform.events import Event
from app.platform.queueing import Rank, TooBusy
from tests.moments import NOW
from tests.serve import wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
_PATIENCE = 0.2  # seconds


@contextmanager
def held(database: Database) -> Iterator[None]:
    """As by a browser of databases in which somebody changed a cell."""
    assert database.file
    with closing(sqlite3.connect(database.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def said(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What SQLite is told; people have little patience, and machines much."""
    monkeypatch.setattr(queueing, "_LONGEST_WAIT", _PATIENCE)
    monkeypatch.setattr(db, "_BUSY_MS", 60_000)
    statements: list[str] = []
    event.listen(
        database.engine, "connect", lambda raw, _record: raw.set_trace_callback(statements.append)
    )
    return statements


def patiences(statements: list[str]) -> list[int]:
    """Milliseconds that it was told to wait for others."""
    told = [one.partition("busy_timeout = ") for one in statements]
    return [int(value) for _, _, value in told if value]


def note(database: Database, rank: Rank, at: datetime = NOW) -> None:
    with database.write(rank) as session:
        events.record(session, "made", subject=rank, now=at)


def subjects(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Event.subject)))


def test_a_person_is_told_once_their_patience_is_over(database: Database, said: list[str]):
    with held(database), pytest.raises(OperationalError, match="locked"):
        note(database, Rank.PERSON)
    least, after = patiences(said)[-2:]

    assert least <= _PATIENCE * 1000
    assert after == db._BUSY_MS
    note(database, Rank.PERSON)
    assert subjects(database) == ["person"]


def test_what_a_person_waited_in_our_queue_is_part_of_their_patience(
    database: Database, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    """No more than the rest of it goes to waiting for another program."""
    monkeypatch.setattr(queueing, "_LONGEST_WAIT", 60.0)
    starts = queueing._Wait.until

    def wait(self: queueing._Wait, succeeds: object) -> None:
        starts(self, succeeds)  # type: ignore[arg-type]  # as it came
        self._deadline -= 59.9

    monkeypatch.setattr(queueing._Wait, "until", wait)
    with held(database), pytest.raises(OperationalError, match="locked"):
        note(database, Rank.PERSON)

    assert patiences(said)[-2] <= 100


def test_a_person_behind_a_machine_that_waits_is_told_as_soon(database: Database, said: list[str]):
    """The machine has the turn, and waits for the other program: it may take longer."""
    machine = threading.Thread(target=note, args=(database, Rank.MACHINE))
    with held(database):
        machine.start()
        wait_until(lambda: "BEGIN IMMEDIATE" in said, what="a machine that waits")
        with pytest.raises(TooBusy, match="another program may have the file open"):
            note(database, Rank.PERSON)
        waits = machine.is_alive()
    machine.join(60)

    assert waits
    assert subjects(database) == ["machine"]

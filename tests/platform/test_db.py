from datetime import datetime

import pytest
from sqlalchemy.exc import StatementError
from sqlmodel import Session, select

from app.platform import clock, events
from app.platform.db import Database
from app.platform.events import Event


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

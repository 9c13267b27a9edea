"""Senders and ingesters of several machines meet at outcomes and counters, never in a circle."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app.platform.db import Database
from app.tally import reached, store
from app.tally.models import Outcome
from tests import outcomes
from tests.anew import count_from_outcomes
from tests.tally.test_store import counters

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
THREADS, TURNS, PEOPLE = 6, 25, 40


@pytest.fixture
def impatient(database: Database) -> Database:
    """A database that looks for circles after 10 ms, so that each is found, not waited out."""

    @event.listens_for(database.engine, "connect")
    def look_soon(connection: Any, _record: object) -> None:
        connection.execute("SET deadlock_timeout = '10ms'")
        connection.commit()

    return database


def person(send_id: int) -> Outcome:
    return Outcome(
        send_id=send_id,
        experiment_id="e",
        arm="insight",
        released_at=MONDAY,
        closes_at=MONDAY + timedelta(hours=72),
    )


def circles(database: Database) -> int:
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        question = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.execute(text(question)).scalar_one())


def release_then_fail(session: Session) -> None:
    """What a sender does: new people are released, somebody of an earlier try fails."""
    outcomes.keep(session, [person(2)])
    store.change(session, {1: {"failed": True}})


def holds_one(session: Session) -> None:
    """What an ingester does first."""
    reached.held(session, [1])


def moves_it(session: Session) -> None:
    """What an ingester does last: the counters of an outcome that it holds move."""
    before = reached.held(session, [1])
    after = {1: before[1].with_firsts({"clicked_at": MONDAY}, clicks=1)}
    reached.change(session, before, after)


@pytest.mark.parametrize("is_together", [False, True])
def test_a_sender_and_an_ingester_that_meet_wait_in_a_circle_unless_counters_are_last(
    impatient: Database, is_together: bool
):
    with impatient.write() as session:
        outcomes.keep(session, [person(1)])
    holds, began = threading.Event(), threading.Event()

    def send() -> None:
        with impatient.write() as session:
            holds.wait(10)
            if is_together:
                with store.together(session):
                    release_then_fail(session)
                    began.set()
                return
            outcomes.keep(session, [person(2)])
            began.set()
            store.change(session, {1: {"failed": True}})

    def ingest() -> None:
        with impatient.write() as session:
            holds_one(session)
            holds.set()
            began.wait(10)
            moves_it(session)

    with ThreadPoolExecutor(2) as threads:
        failed = [done.exception() for done in (threads.submit(send), threads.submit(ingest))]

    in_a_circle = [error for error in failed if isinstance(error, OperationalError)]
    assert len(in_a_circle) == (0 if is_together else 1)
    assert [error for error in failed if error and error not in in_a_circle] == []


def test_any_mixture_of_senders_and_ingesters_meets_without_a_circle(impatient: Database):
    before = circles(impatient)
    with impatient.write() as session:
        outcomes.keep(session, [person(number) for number in range(PEOPLE)])

    def work(thread: int) -> None:
        draw = random.Random(thread)
        for turn in range(TURNS):
            with impatient.write() as session:
                _some_work(session, draw, first=PEOPLE + 1_000 * thread + 10 * turn)

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work, thread) for thread in range(THREADS)]:
            done.result()

    assert circles(impatient) == before
    with impatient.write() as session:
        moved = counters(session)
        count_from_outcomes(session, "e")
        assert counters(session) == moved


def _some_work(session: Session, draw: random.Random, *, first: int) -> None:
    some = draw.sample(range(PEOPLE), 8)
    if draw.random() < 0.5:
        held = reached.held(session, some)
        after = {
            number: one.with_firsts({"opened_at": MONDAY}, clicks=first)
            for number, one in held.items()
        }
        reached.change(session, held, after)
        store.count_links(session, {("e", "insight", number % 3): (1, 0) for number in some})
        return
    with store.together(session):
        for number in some:  # in no order at all
            outcomes.keep(session, [person(first + number % 10)] if number == some[0] else [])
            store.change(session, {number: {"sent": draw.random() < 0.5}})


def test_what_fails_within_writes_nothing_and_leaves_nothing_behind(database: Database):
    with database.write() as session:
        outcomes.keep(session, [person(1)])
    with database.write() as session:
        with pytest.raises(ValueError, match="no colour"):
            _half(session)
        store.change(session, {1: {"clicks": 2}})

    with database.read() as session:
        [row] = session.execute(text("SELECT sent, clicks FROM outcome")).all()
    assert tuple(row) == (False, 2)


def _half(session: Session) -> None:
    with store.together(session):
        store.change(session, {1: {"sent": True}})
        raise ValueError("an outcome has no colour")

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

from app.allocation import opening, store
from app.allocation.models import Respondent
from app.platform.db import Database
from tests.duties import run

OSLO = ZoneInfo("Europe/Oslo")
FRIDAY = datetime(2026, 11, 20, 13, tzinfo=UTC)  # 14:00 in Oslo


def with_ann(database: Database) -> None:
    with database.write() as session:
        session.add(Respondent(number=1, name="Ann", email="ann@example.com"))


def test_two_workers_open_a_week_once(database: Database):
    with_ann(database)
    start = Barrier(2)

    def work(_worker: int) -> int:
        start.wait(10)
        return run(database, opening.duty(database, zone=OSLO), FRIDAY)

    with ThreadPoolExecutor(2) as pool:
        opened = sum(pool.map(work, range(2)))

    assert opened == 1
    with database.read() as session:
        assert len(store.invitations(session, "2026-W47")) == 1


def test_a_week_keeps_the_times_it_was_opened_with(database: Database):
    with_ann(database)

    run(database, opening.duty(database, zone=OSLO), FRIDAY)

    with database.read() as session:
        found = store.opening_of(session, "2026-W47")
    assert found is not None
    assert found.reminds_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert found.closes_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_clock_that_jumps_opens_no_week_twice_and_skips_none(database: Database):
    with_ann(database)
    opened = [
        run(database, opening.duty(database, zone=OSLO), FRIDAY + timedelta(hours=hours))
        for hours in (0, 25, -1, -24, 1, 168, 167, 169)
    ]

    assert opened == [1, 0, 0, 0, 0, 1, 0, 0]


def test_whoever_is_added_on_wednesday_does_not_open_the_week_before(database: Database):
    with_ann(database)
    wednesday = FRIDAY + timedelta(days=5)

    assert run(database, opening.duty(database, zone=OSLO), wednesday) == 0
    assert run(database, opening.duty(database, zone=OSLO), wednesday + timedelta(days=2)) == 1
    with database.read() as session:
        assert store.last_week(session) == "2026-W48"


def test_with_nobody_to_ask_no_week_opens(database: Database):
    assert run(database, opening.duty(database, zone=OSLO), FRIDAY) == 0

"""Machines whose clocks differ share one PostgreSQL, and agree on who is silent and what is in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from app.analysis import known
from app.platform import apart, clock
from app.platform.db import Database
from app.tracking import folders
from app.tracking.folders import Folder, FolderState
from app.tracking.models import DataFolder

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SHIFTS = (-HOUR, timedelta(0), 7 * SECOND, HOUR)
TELLS = Folder("teller", Path("/srv/teller"))

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Machine:
    """An installation whose clock is wrong by so much."""

    database: Database
    wrong: timedelta

    @contextmanager
    def awake(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
        """Its clock, as it goes now."""
        with monkeypatch.context() as patch:
            true, wrong = clock.micros, self.wrong // timedelta(microseconds=1)
            patch.setattr(clock, "micros", lambda: true() + wrong)
            yield datetime.fromtimestamp(clock.micros() / 1_000_000, UTC)


@pytest.fixture
def machines(database: Database) -> Iterator[dict[timedelta, Machine]]:
    found = {shift: Machine(Database(database.url), shift) for shift in SHIFTS}
    yield found
    for one in found.values():
        one.database.engine.dispose()


def tell(machine: Machine, monkeypatch: pytest.MonkeyPatch, *, ago: timedelta) -> None:
    """Its ingester says, so long ago, that everything is read."""
    with machine.awake(monkeypatch) as now, machine.database.write() as session:
        then = now - ago
        folders.report(session, TELLS, until=then, lost=0, drained=False, now=then)


def test_a_machine_knows_how_far_its_clock_is_from_the_databases(
    machines: dict[timedelta, Machine], monkeypatch: pytest.MonkeyPatch
):
    found = {}
    for shift, machine in machines.items():
        with machine.awake(monkeypatch), machine.database.read() as session:
            found[shift] = apart.of(session) + shift
    right = found[timedelta(0)]  # tests stand still at a moment of their own

    assert all(abs(one - right) < 5 * SECOND for one in found.values())


@pytest.mark.parametrize(("teller", "reader"), list(product(SHIFTS, SHIFTS)), ids=str)
def test_a_folder_that_lives_is_not_silent_and_its_clicks_are_in(
    teller: timedelta,
    reader: timedelta,
    machines: dict[timedelta, Machine],
    monkeypatch: pytest.MonkeyPatch,
):
    tell(machines[teller], monkeypatch, ago=timedelta(0))
    with machines[reader].awake(monkeypatch) as now, machines[reader].database.read() as session:
        row = session.get_one(DataFolder, TELLS.id)

        assert folders.state_of(session, row, now=now) is FolderState.READ
        assert known.at(session, now=now).late == ()
        assert abs(known.at(session, now=now).until - now) < 5 * SECOND


@pytest.mark.parametrize(("teller", "reader"), list(product(SHIFTS, SHIFTS)), ids=str)
def test_nothing_is_known_past_the_moment_at_which_a_machine_died(
    teller: timedelta,
    reader: timedelta,
    machines: dict[timedelta, Machine],
    monkeypatch: pytest.MonkeyPatch,
):
    tell(machines[teller], monkeypatch, ago=timedelta(minutes=2))
    with machines[reader].awake(monkeypatch) as now, machines[reader].database.read() as session:
        row, found = session.get_one(DataFolder, TELLS.id), known.at(session, now=now)

        assert folders.state_of(session, row, now=now) is FolderState.SILENT
        assert [one.is_silent for one in found.late] == [True]
        assert not found.covers(now - timedelta(minutes=1))
        assert found.covers(now - timedelta(minutes=3))

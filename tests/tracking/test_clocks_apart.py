"""Machines whose clocks differ share one PostgreSQL, and all go by its clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from app.analysis import known_until
from app.delivery.facts import DeliveryFacts
from app.links.token import TrackedLink
from app.platform import clock
from app.platform.away import AWAY
from app.platform.config import Durability, Privacy
from app.platform.db import Database
from app.platform.duties import Attempts
from app.platform.journal import Journal
from app.platform.put_off import Work
from app.platform.stir import Bell
from app.platform.stopping import Stopping
from app.tracking import folders, hit_line
from app.tracking.callers import Caller
from app.tracking.folders import Folder, FolderState
from app.tracking.hit_line import HitKind
from app.tracking.ingest import ingest_once
from app.tracking.models import DataFolder
from app.tracking.ranges import AddressClass
from app.worker import Loop, whole
from tests.delivery import scenes
from tests.delivery.servers import Mailbox, serving
from tests.faults.gate import Gate
from tests.tracking.test_ingest import BROWSER, outcome, verdicts

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SHIFTS = (-HOUR, -4 * SECOND, timedelta(0), 4 * SECOND, HOUR)
FEW = (-4 * SECOND, timedelta(0), HOUR)
TELLS = Folder("teller", Path("/srv/teller"))

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Machine:
    """An installation whose clock is wrong by so much, and what it knows of the database's."""

    database: Database
    wrong: timedelta
    ahead: timedelta = timedelta(0)
    found: list[tuple[timedelta, timedelta]] = field(default_factory=list)

    @contextmanager
    def awake(
        self, monkeypatch: pytest.MonkeyPatch, *, after: timedelta = timedelta(0)
    ) -> Iterator[None]:
        """Its clock goes; `after`: as if so much time had passed."""
        with monkeypatch.context() as patch:
            true, agree = clock.machine_micros, clock.agree
            off = (self.wrong + after) // timedelta(microseconds=1)
            patch.setattr(clock, "machine_micros", lambda: true() + off)
            patch.setattr(clock, "_ahead", self.ahead // timedelta(microseconds=1))

            def noted(least: timedelta, most: timedelta) -> None:
                self.found.append((least, most))
                agree(least, most)

            patch.setattr(clock, "agree", noted)
            yield
            self.ahead = clock.ahead()

    def start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its first word with the database."""
        with self.awake(monkeypatch), self.database.read():
            pass


@pytest.fixture
def machines(database: Database) -> Iterator[dict[timedelta, Machine]]:
    found = {shift: Machine(Database(database.url), shift) for shift in SHIFTS}
    yield found
    for one in found.values():
        one.database.engine.dispose()


def tell(machine: Machine, monkeypatch: pytest.MonkeyPatch, *, ago: timedelta) -> None:
    """Its ingester says, so long ago, that everything is read."""
    machine.start(monkeypatch)
    with machine.awake(monkeypatch), machine.database.write() as session:
        then = clock.now() - ago
        folders.report(session, TELLS, until=then, lost=0, drained=False, now=then)


@pytest.mark.parametrize("wrong", SHIFTS, ids=str)
def test_a_machine_goes_by_the_databases_clock_as_exactly_as_it_can_ask(
    wrong: timedelta, machines: dict[timedelta, Machine], monkeypatch: pytest.MonkeyPatch
):
    machine = machines[wrong]
    machine.start(monkeypatch)
    ((least, most),) = machine.found

    assert abs(machine.ahead + wrong) <= most - least
    assert (wrong == timedelta(0)) == (machine.ahead == timedelta(0))


def test_a_clock_that_is_set_meanwhile_is_noticed_at_the_next_asking(
    machines: dict[timedelta, Machine], monkeypatch: pytest.MonkeyPatch
):
    machine = machines[4 * SECOND]
    machine.start(monkeypatch)
    machine.start(monkeypatch)
    asked = len(machine.found)
    machine.wrong = -HOUR
    assert machine.database._agreement
    machine.database._agreement._next = 0
    machine.start(monkeypatch)
    least, most = machine.found[-1]

    assert (asked, len(machine.found)) == (1, 2)
    assert abs(machine.ahead - HOUR) <= most - least


@pytest.mark.parametrize(("teller", "reader"), list(product(SHIFTS, SHIFTS)), ids=str)
def test_a_folder_that_lives_is_not_silent_and_its_clicks_are_in(
    teller: timedelta,
    reader: timedelta,
    machines: dict[timedelta, Machine],
    monkeypatch: pytest.MonkeyPatch,
):
    tell(machines[teller], monkeypatch, ago=timedelta(0))
    machines[reader].start(monkeypatch)
    with machines[reader].awake(monkeypatch), machines[reader].database.read() as session:
        now = clock.now()
        row = session.get_one(DataFolder, TELLS.id)

        assert folders.state_of(row, now=now) is FolderState.READ
        assert known_until.known_everywhere(session, now=now).late == ()
        assert known_until.known_everywhere(session, now=now).covers(now - timedelta(seconds=30))


@pytest.mark.parametrize(("teller", "reader"), list(product(SHIFTS, SHIFTS)), ids=str)
def test_nothing_is_known_past_the_moment_at_which_a_machine_died(
    teller: timedelta,
    reader: timedelta,
    machines: dict[timedelta, Machine],
    monkeypatch: pytest.MonkeyPatch,
):
    tell(machines[teller], monkeypatch, ago=timedelta(minutes=2))
    machines[reader].start(monkeypatch)
    with machines[reader].awake(monkeypatch), machines[reader].database.read() as session:
        now = clock.now()
        row, found = (
            session.get_one(DataFolder, TELLS.id),
            known_until.known_everywhere(session, now=now),
        )

        assert folders.state_of(row, now=now) is FolderState.SILENT
        assert [one.is_silent for one in found.late] == [True]
        assert not found.covers(now - timedelta(minutes=1))
        assert found.covers(now - timedelta(minutes=3))


@pytest.mark.parametrize("pair", list(product(FEW, FEW)), ids=str)
def test_a_person_who_clicks_at_once_clicked_after_their_mail_whoever_sent_and_answered(
    pair: tuple[timedelta, timedelta],
    machines: dict[timedelta, Machine],
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    tmp_path: Path,
):
    """Three seconds after the mail: by clocks 4 s apart, a scanner before it was delivered."""
    sends, answers = pair
    scenes.launched(database, people=1)
    machines[sends].start(monkeypatch)
    machines[answers].start(monkeypatch)
    with machines[sends].awake(monkeypatch):
        asyncio.run(_send(machines[sends].database, tmp_path / "sends"))
    send_id = scenes.sends(database)[0].id
    with machines[answers].awake(monkeypatch, after=3 * SECOND):
        _click(tmp_path / "hits", send_id)
    ingest_once(database, tmp_path / "hits", DeliveryFacts(Privacy.STANDARD), now=clock.now())
    (sent,), row = scenes.sends(database), outcome(database, scenes.sends(database)[0].id)

    assert verdicts(database) == [("human", "R15")]
    assert sent.accepted_at
    assert row.clicked_at
    assert sent.released_at == row.released_at
    assert row.released_at <= sent.accepted_at < row.clicked_at < row.closes_at


async def _send(database: Database, folder: Path) -> None:
    async with serving(Mailbox()) as transport:
        await scenes.run(scenes.sender(database, folder, transport), at=clock.now())


def _click(folder: Path, send_id: int) -> None:
    journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**9)
    journal.keep(
        hit_line.write(
            HitKind.CLICK,
            TrackedLink(1, send_id, 0),
            method="GET",
            told=hit_line.told_by({b"user-agent": BROWSER.encode(), b"accept-language": b"en"}),
            caller=Caller(AddressClass.RESIDENTIAL, ""),
            micros=clock.micros(),
        )
    )
    journal.close()


@pytest.mark.parametrize("wrong", SHIFTS, ids=str)
def test_a_loop_decides_nothing_by_a_clock_that_it_has_not_compared(
    wrong: timedelta, machines: dict[timedelta, Machine], monkeypatch: pytest.MonkeyPatch
):
    """The database was away when it started, or the clock was set a moment ago."""
    machine, moments = machines[wrong], list[datetime]()

    def note(now: datetime) -> int:
        moments.append(now)
        return 0

    duty = whole(Work.JUDGE, note)
    for off in (wrong, -wrong, wrong + HOUR):
        machine.wrong = off
        with machine.awake(monkeypatch):
            stopping = Stopping()
            loop = Loop(
                "a loop",
                machine.database,
                Attempts(machine.database),
                Bell(int, stopping),
                stopping,
            )
            loop.attempt(duty)

    assert len(moments) == 3
    assert all(abs(moment - clock.now()) < HOUR / 2 for moment in moments)


def test_without_the_database_no_moment_is_given_that_was_not_compared(
    machines: dict[timedelta, Machine], monkeypatch: pytest.MonkeyPatch
):
    gate = Gate(machines[HOUR].database.url)
    machine = Machine(Database(gate.url), HOUR)
    gate.shut()
    with machine.awake(monkeypatch):
        with pytest.raises(AWAY):
            machine.database.now()
        gate.open()
        found = machine.database.now()
    gate.shut()
    machine.database.close()

    assert abs(found - clock.now()) < HOUR / 2

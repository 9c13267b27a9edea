"""While a limit rises, no day has more mails than it allows, whoever sends; and nothing is lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from app.delivery import due_store, outflow, rate_store
from app.delivery.models import State
from app.delivery.reserving import Reserver
from app.delivery.sending import Sender
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.ports import Transport
from app.experiments import lifecycle
from app.experiments.models import Experiment, Status
from app.ops import mail_findings
from app.ops.installation import House
from app.platform import clock
from app.platform.config import Durability, Settings
from app.platform.db import Database
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, NOW, SETTINGS, Ticks
from tests.delivery.sinks import HANG_UP, Sink, Trouble, listening
from tests.delivery.test_several_relays import relay

WARM = SETTINGS.model_copy(update={"warm_up": f"{NOW.date()} 10 2"})
LIMITS = (10, 20, 40, 80)
DAY = timedelta(days=1)
# Said to whoever comes: no mail was taken, and none was heard of.
UNTOUCHED: Sequence[Trouble] = [
    ("greeting", HANG_UP),
    ("greeting", "554 5.3.2 nobody"),
    ("ehlo", HANG_UP),
    ("mail", "421 4.3.2 going down"),
    ("mail", "550 5.7.1 not from you"),
    ("rcpt", "452 4.7.0 rate limited, slow down"),
    ("data", HANG_UP),
]


def worker(
    database: Database,
    folder: Path,
    *relays: Transport,
    ticks: Ticks,
    settings: Settings = WARM,
) -> Sender:
    journal = Journal.open(folder, durability=Durability.PROCESS, limit=10**8)
    return Sender(database, settings, KEYS, journal, *relays, ticks=ticks)


async def until_rest(senders: Sequence[Sender], ticks: Ticks, at: datetime) -> None:
    ticks.seconds = (at - NOW).total_seconds()
    for sender in senders:
        for _ in range(60):
            if not await sender.step(at):
                break
        await sender.finish(at)


def test_two_workers_keep_to_each_days_limit_and_everybody_is_mailed_once(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=60)

    async def live() -> list[int]:
        ticks, found = Ticks(), []
        async with listening(Sink()) as sink:
            both = [
                worker(database, tmp_path / name, relay(sink.port, "mx"), ticks=ticks)
                for name in "ab"
            ]
            for day in range(4):
                await until_rest(both, ticks, NOW + day * DAY)
                found.append(len(sink.addresses()))
            assert max(Counter(sink.addresses()).values()) == 1
            assert [sender.is_pressed for sender in both] == [False, False]
        return found

    assert asyncio.run(live()) == [10, 30, 60, 60]
    assert set(scenes.states(database)) == {State.SENT}


@pytest.mark.parametrize("relays", [1, 2])
@pytest.mark.parametrize("trouble", UNTOUCHED)
def test_a_relay_that_is_away_uses_up_no_day(
    database: Database, tmp_path: Path, trouble: Trouble, relays: int
):
    made = scenes.launched(database, people=30)

    async def live() -> int:
        ticks = Ticks()
        async with listening(Sink(trouble)) as away, listening(Sink(trouble)) as other:
            both = [relay(away.port, "a"), relay(other.port, "b")][:relays]
            sender = worker(database, tmp_path, *both, ticks=ticks)
            for minute in range(0, 40, 5):
                await until_rest([sender], ticks, NOW + timedelta(minutes=minute))
                resume(database, made, NOW + timedelta(minutes=minute))
            assert away.met > 0
            assert away.addresses() + other.addresses() == []
            away.trouble = other.trouble = None
            for minute in range(60, 120, 2):
                await until_rest([sender], ticks, NOW + timedelta(minutes=minute))
            return len(away.addresses() + other.addresses())

    assert asyncio.run(live()) == LIMITS[0]


def resume(database: Database, made: str, now: datetime) -> None:
    with database.write() as session:
        experiment = session.get_one(Experiment, made)
        if experiment.status == Status.PAUSED:
            lifecycle.resume(session, experiment, now=now)


def test_what_was_drawn_for_a_turn_that_failed_comes_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scenes.launched(database, people=30)
    reserve, errors = Reserver.reserve, [RuntimeError("a connection was cut")] * 3

    def failing(self: Reserver, *, now: datetime, room: int = 50) -> object:
        if errors:
            raise errors.pop()
        return reserve(self, now=now, room=room)

    monkeypatch.setattr(Reserver, "reserve", failing)

    async def live() -> int:
        async with listening(Sink()) as sink:
            sender = worker(database, tmp_path, relay(sink.port, "mx"), ticks=Ticks())
            for _ in range(3):
                with pytest.raises(RuntimeError):
                    await sender.step(NOW)
            await until_rest([sender], Ticks(), NOW)
            return len(sink.addresses())

    assert asyncio.run(live()) == LIMITS[0]


def test_what_was_not_needed_comes_back_and_weeks_ago_are_forgotten(database: Database):
    today, long_after = NOW.date(), NOW + timedelta(days=30)
    with database.write() as session:
        first = rate_store.take_of_day(session, today, 10, 7, now=NOW)
        rate_store.give_back_of_day(session, today, 2, now=NOW)
        second = rate_store.take_of_day(session, today, 10, 7, now=NOW)
        third = rate_store.take_of_day(session, today, 10, 7, now=NOW)
        left = rate_store.left_of_day(session, today, 12)
    with database.write() as session:
        rate_store.take_of_day(session, long_after.date(), 10, 1, now=long_after)
        again = rate_store.left_of_day(session, today, 10)

    assert (first, second, third, left, again) == (7, 5, 0, 2, 10)


def test_once_it_is_over_a_second_sender_may_help_again(database: Database, tmp_path: Path):
    over = SETTINGS.model_copy(update={"warm_up": "2020-01-01 10 2"})
    scenes.launched(database, people=120)

    async def live() -> tuple[bool, bool]:
        async with listening(Sink()) as sink:
            pressed = []
            for name, settings in [("a", WARM), ("b", over)]:
                port, ticks = relay(sink.port, name), Ticks()
                sender = worker(database, tmp_path / name, port, ticks=ticks, settings=settings)
                await sender.step(NOW)
                pressed.append(sender.is_pressed)
            return pressed[0], pressed[1]

    assert asyncio.run(live()) == (False, True)


def test_a_rehearsal_is_held_up_by_no_day_and_takes_none(database: Database, tmp_path: Path):
    rehearsing = WARM.model_copy(update={"demo": False})
    made = scenes.launched(database, people=30)
    with database.write() as session:
        session.get_one(Experiment, made).rehearsal = True

    async def live() -> None:
        sender = worker(database, tmp_path, Outbox(database), ticks=Ticks(), settings=rehearsing)
        await until_rest([sender], Ticks(), NOW)

    asyncio.run(live())

    assert set(scenes.states(database)) == {State.SENT}
    with database.read() as session:
        assert rate_store.gone_on(session, NOW.date()) == 0


def test_who_waits_for_tomorrow_is_not_late(database: Database):
    def late(session: Session, now: datetime) -> datetime | None:
        return due_store.not_late_before(session, WARM, now=now)

    with database.write() as session:
        rate_store.take_of_day(session, NOW.date(), 10, 9, now=NOW)
        some_left = late(session, NOW)
        rate_store.take_of_day(session, NOW.date(), 10, 1, now=NOW)
        none_left, morning = late(session, NOW), late(session, NOW + DAY)
        day_after = late(session, NOW + 2 * DAY)

    midnight = (NOW + DAY).replace(hour=0)
    assert (some_left, none_left, morning, day_after) == (None, NOW, midnight, None)


def test_those_who_wait_already_are_reckoned_with(database: Database):
    first = scenes.launched(database, people=7)
    second = scenes.launched(database, people=5, domain="mill.example")

    with database.write() as session:
        rate_store.take_of_day(session, NOW.date(), 10, 3, now=NOW)
        row = session.exec(select(Experiment).where(col(Experiment.id) == second)).one()
        mine = outflow.Outflow(WARM).of(session, row, now=NOW)
        lifecycle.pause(session, session.get_one(Experiment, first), now=NOW)
        session.flush()
        alone = outflow.Outflow(WARM).of(session, row, now=NOW)

    assert (mine.gone, mine.ahead, mine.today) == (3, 7, NOW.date())
    assert alone.ahead == 0


@pytest.mark.calendar
def test_doctor_tells_todays_limit_and_how_many_left(house: House):
    today = clock.now().date()
    warm = {"warm_up": f"{today} 10 2", "mail": "smtp://127.0.0.1:1?tls=none", "timezone": "UTC"}
    settings = house.settings.model_copy(update=warm)
    with house.database.write() as session:
        rate_store.take_of_day(session, today, 10, 4, now=clock.now())

    told = mail_findings.warms_up(replace(house, settings=settings))

    assert told == "; warm-up: 10 mails at most today, 4 so far (THINSLICE_WARM_UP)"
    over = settings.model_copy(update={"warm_up": "2020-01-01 10 2"})
    assert "over" in mail_findings.warms_up(replace(house, settings=over))

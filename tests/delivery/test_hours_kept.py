"""Mails leave in each person's hours alone: planned, deferred, resumed, held up by a rate."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from app.delivery import not_yet, progress
from app.delivery.models import Send, State
from app.experiments import hours, lifecycle
from app.experiments.models import Enrolment, Experiment
from app.experiments.part_schemas import MailHours
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.scenes import NOW
from tests.delivery.sinks import Sink, listening
from tests.delivery.test_several_relays import relay

HERE = "Pacific/Auckland"  # the installation's; NOW is a Sunday, 22:00 there
SETTINGS = scenes.SETTINGS.model_copy(update={"timezone": HERE})
CELLS = ["Europe/Oslo", "america/new york", "Asia/Tokyo", "", "Mars", "Pacific/Honolulu"]
ZONES = ["Europe/Oslo", "America/New_York", "Asia/Tokyo", HERE, HERE, "Pacific/Honolulu"]
DAILY = {"opens": 8, "closes": 18, "days": "every", "zone_column": "tz"}
Meanwhile = Mapping[int, Callable[[Session, Experiment, datetime], None]]


def given(database: Database, cells: Sequence[str], **changes: Any) -> str:
    """An experiment whose people's cells say this, in the order in which they are mailed."""
    made = scenes.launched(database, people=len(cells), **({"hours": DAILY} | changes))
    with database.write() as session:
        for one, cell in zip(session.exec(_enrolments()).all(), cells, strict=True):
            one.frozen = one.frozen | {"tz": cell}
            session.add(one)
    return made


def _enrolments() -> Any:
    return select(Enrolment).order_by(col(Enrolment.id))


def by_quarter(
    database: Database,
    folder: Path,
    *,
    quarters: Sequence[int],
    sink: Sink | None = None,
    meanwhile: Meanwhile | None = None,
) -> dict[str, datetime]:
    """When each address had its mail, looked at every quarter of an hour from NOW on."""
    found: dict[str, datetime] = {}
    sink = sink or Sink()

    async def live() -> None:
        async with listening(sink):
            sender = scenes.sender(database, folder, relay(sink.port, "mx"), settings=SETTINGS)
            for quarter in quarters:
                at = scenes.later(15 * quarter)
                if meanwhile and quarter in meanwhile:
                    with database.write() as session:
                        experiment = session.exec(select(Experiment)).one()
                        meanwhile[quarter](session, experiment, at)
                await scenes.run(sender, at=at)
                found.update({one: at for one in sink.addresses() if one not in found})

    asyncio.run(live())
    assert max(Counter(sink.addresses()).values(), default=1) == 1
    return dict(sorted(found.items()))


def when(zone: str, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(zone))


def test_each_mail_leaves_in_its_persons_own_hours_and_counts_from_there(
    database: Database, tmp_path: Path
):
    given(database, CELLS)

    found = by_quarter(database, tmp_path, quarters=range(0, 100, 4))

    mail_hours = MailHours.model_validate(DAILY)
    expected = [hours.next_open(NOW, ZoneInfo(zone), mail_hours) for zone in ZONES]
    assert list(found.values()) == expected
    assert {at > NOW for at in expected} == {True, False}
    assert [one.mailed_at for one in scenes.outcomes(database)] == expected
    assert {send.attempts for send in scenes.sends(database)} == {1}


def test_it_is_said_how_many_wait_and_until_when(database: Database, tmp_path: Path):
    given(database, CELLS)

    by_quarter(database, tmp_path, quarters=range(1))

    with database.read() as session:
        told = progress.progress_of(session, session.exec(select(Experiment)).one(), now=NOW)
    assert (told.sent, told.queued, told.later, told.outside_hours) == (1, 5, 5, 5)
    assert told.outside_hours_until == when("Asia/Tokyo", 23, 8)
    waiting = [send for send in scenes.sends(database) if send.state == State.QUEUED]
    assert {send.released_at for send in waiting} == {None}


def test_working_days_keep_everybody_until_monday(database: Database, tmp_path: Path):
    given(database, CELLS[:2], hours=DAILY | {"days": "working", "zone_column": None})

    found = by_quarter(database, tmp_path, quarters=range(0, 60, 4))

    assert set(found.values()) == {when(HERE, 23, 8)}


def test_whoever_a_server_puts_off_waits_for_their_next_morning(database: Database, tmp_path: Path):
    given(database, CELLS[:1])
    sink = Sink(trouble=("rcpt", "450 4.2.0 later"))

    def good(_session: Session, _experiment: Experiment, _at: datetime) -> None:
        sink.trouble = None

    # At 17:45 it is put off, by more than the quarter that is left.
    found = by_quarter(
        database, tmp_path, quarters=[31, 32, 33, 34, 40, 87, 88], sink=sink, meanwhile={32: good}
    )

    assert list(found.values()) == [when("Europe/Oslo", 23, 8)]
    [send] = scenes.sends(database)
    assert (send.attempts, send.deferrals) == (2, 1)


def test_what_is_resumed_at_night_leaves_in_the_morning(database: Database, tmp_path: Path):
    given(database, CELLS[:1])

    found = by_quarter(
        database,
        tmp_path,
        quarters=[0, 28, 52, 53, 84, 88],
        meanwhile={
            0: lambda session, one, at: lifecycle.pause(session, one, now=at),
            52: lambda session, one, at: lifecycle.resume(session, one, now=at),
        },
    )

    assert list(found.values()) == [when("Europe/Oslo", 23, 8)]


def test_those_a_rate_holds_up_until_the_end_go_on_in_the_morning(
    database: Database, tmp_path: Path
):
    given(database, ["Europe/Oslo"] * 6, rate=1)

    found = by_quarter(database, tmp_path, quarters=[*range(30, 34), *range(87, 94)])

    assert sorted(found.values()) == [
        *(when("Europe/Oslo", 22, 17, minute) for minute in (30, 45)),
        *(when("Europe/Oslo", 23, 8, minute) for minute in (0, 15, 30, 45)),
    ]  # fmt: skip


def test_a_holdout_is_released_in_the_same_hours(database: Database, tmp_path: Path):
    given(database, CELLS[:3])
    with database.write() as session:
        for send in session.exec(select(Send)).all():
            send.arm = "holdout"
            session.add(send)

    assert by_quarter(database, tmp_path, quarters=[0, 16, 52, 56]) == {}

    released = [send.released_at for send in scenes.sends(database)]
    assert released == [NOW, when("America/New_York", 22, 8), when("Asia/Tokyo", 23, 8)]


def test_a_crowd_that_sleeps_stands_in_front_of_nobody_for_long(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(not_yet, "_LOOKED_AT", 10)
    given(database, ["Asia/Tokyo"] * 25 + ["Europe/Oslo"])

    async def live() -> list[int]:
        async with listening(Sink()) as sink:
            sender = scenes.sender(database, tmp_path, relay(sink.port, "mx"))
            found = []
            for second in range(4):
                await sender.step(NOW + timedelta(seconds=second))
                found.append(len(sink.taken))
        return found

    assert asyncio.run(live()) == [0, 0, 1, 1]


def test_a_domains_token_is_not_taken_by_whoever_sleeps(database: Database, tmp_path: Path):
    given(database, ["Asia/Tokyo"] * 3 + ["Europe/Oslo"] * 3)
    settings = scenes.SETTINGS.model_copy(update={"mail_rates": "bakery.example=1"})

    async def live() -> list[str]:
        async with listening(Sink()) as sink:
            transport = relay(sink.port, "mx")
            sender = scenes.sender(database, tmp_path, transport, settings=settings)
            await scenes.run(sender)
            return sink.addresses()

    assert asyncio.run(live()) == ["p3@bakery.example"]
    ahead = [send.due_at - NOW for send in scenes.sends(database) if send.state == State.QUEUED]
    assert ahead == [timedelta(hours=14)] * 3 + [timedelta(minutes=1), timedelta(minutes=2)]

"""Clocks are set back and forth: everything goes on, and nothing runs twice."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.delivery import mail_store
from app.delivery.models import Notice, Send, State
from app.delivery.rests import Rests
from app.experiments.models import Experiment
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.scenes import NOW, later
from tests.delivery.servers import Mailbox, nobody, serving
from tests.duties import shorten

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BACK = [HOUR, DAY]


@pytest.mark.parametrize("back", BACK)
def test_whoever_waits_for_the_first_release_goes_at_once(
    database: Database, tmp_path: Path, back: timedelta
):
    scenes.launched(database, people=3)
    shorten(database, Rests(database), NOW - back, ticks=0)
    mailbox = Mailbox()
    asyncio.run(_send(database, tmp_path, mailbox, at=NOW - back))

    assert len(mailbox.taken) == 3


@pytest.mark.parametrize("back", BACK)
@pytest.mark.parametrize(("deferrals", "minutes"), [(0, 5), (1, 5), (2, 15), (7, 240), (9, 240)])
def test_a_put_off_mail_waits_its_rest_from_then_on(
    database: Database, back: timedelta, deferrals: int, minutes: int
):
    scenes.launched(database, people=1)
    _put_off(database, deferrals=deferrals, until=NOW + timedelta(minutes=minutes))
    shorten(database, Rests(database), NOW - back, ticks=0)

    [send] = scenes.sends(database)
    assert send.due_at == NOW - back + timedelta(minutes=minutes)


@pytest.mark.parametrize("ahead", BACK)
def test_a_clock_set_forward_moves_no_due_time(database: Database, ahead: timedelta):
    scenes.launched(database, people=1)
    _put_off(database, deferrals=1, until=later(5))

    assert shorten(database, Rests(database), NOW + ahead, ticks=0) == 0
    assert scenes.sends(database)[0].due_at == later(5)


def test_a_wave_that_is_not_open_keeps_its_hour(database: Database):
    waves = [{"share": 0.5, "after_hours": 0}, {"share": 0.5, "after_hours": 24}]
    scenes.launched(database, people=1, waves=waves)
    with database.write() as session:
        send = session.get_one(Send, scenes.sends(database)[0].id)
        send.wave, send.due_at = 1, NOW + DAY

    assert shorten(database, Rests(database), NOW - DAY, ticks=0) == 0


def test_it_looks_at_once_when_the_clock_goes_back_and_now_and_then_else(database: Database):
    scenes.launched(database, people=1)
    rests = Rests(database)
    for moment, ticks in ((NOW, 0.0), (later(0.1), 6.0)):
        assert shorten(database, rests, moment, ticks=ticks) == 0
    _put_off(database, deferrals=1, until=later(5))

    assert shorten(database, rests, later(0.2), ticks=12) == 0
    assert shorten(database, rests, NOW - HOUR, ticks=13) == 1


@pytest.mark.parametrize("back", BACK)
def test_a_rate_goes_on_and_is_never_exceeded_by_more_than_a_minute(
    database: Database, tmp_path: Path, back: timedelta
):
    scenes.launched(database, people=40, rate=60)
    rests, mailbox = Rests(database), Mailbox()

    async def over_time() -> list[int]:
        taken = []
        async with serving(mailbox) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            for second in range(20):
                moment = NOW + timedelta(seconds=second) - (back if second >= 10 else HOUR * 0)
                shorten(database, rests, moment, ticks=second)
                await sender.step(moment)
                taken.append(len(mailbox.taken))
        return taken

    taken = asyncio.run(over_time())

    assert all(after - before == 1 for before, after in pairwise(taken))


def test_a_server_that_was_away_is_tried_again_after_the_rest_by_no_clock(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=3)
    ticks, mailbox = scenes.Ticks(), Mailbox()

    async def away_then_back() -> None:
        sender = scenes.sender(database, tmp_path, nobody(), ticks=ticks)
        await sender.step(NOW)
        async with serving(mailbox) as transport:
            scenes.carried_by(sender, transport)
            ticks.seconds = 6.0
            rests = Rests(database)
            for moment, seconds in ((NOW - DAY, 6.0), (NOW - DAY + timedelta(minutes=6), 366.0)):
                shorten(database, rests, moment, ticks=seconds)
                await sender.step(moment)

    asyncio.run(away_then_back())

    assert len(mailbox.taken) == 3


@pytest.mark.parametrize("fields", [{}, {"attempts": 1, "due_at": NOW + HOUR * 5}])
def test_a_notice_goes_on_after_a_clock_set_back(database: Database, fields: dict[str, object]):
    _given_notice(database, **fields)

    assert len(_due(database, NOW - DAY)) == 1


def test_a_notice_in_hand_is_left_to_whoever_has_it(database: Database):
    _given_notice(database, state="sending", attempts=1, lease_until=NOW + timedelta(minutes=5))

    assert _due(database, NOW - timedelta(seconds=5)) == []  # another machine's clock is behind
    assert len(_due(database, NOW - DAY)) == 1
    assert len(_due(database, NOW + DAY)) == 1


def _due(database: Database, now: datetime) -> list[Notice]:
    with database.read() as session:
        return mail_store.notices_due(session, now=now, limit=9)


def _given_notice(database: Database, **fields: object) -> None:
    given: dict[str, Any] = {"kind": "test", "recipient": "ann@example.com", "subject": "x"}
    given |= {"text": "x", "html": "x", "due_at": NOW, "created_at": NOW, **fields}
    with database.write() as session:
        session.add(Notice(**given))


def _put_off(database: Database, *, deferrals: int, until: datetime) -> None:
    with database.write() as session:
        send = session.get_one(Send, scenes.sends(database)[0].id)
        send.released_at, send.attempts = NOW, deferrals + 1
        send.deferrals, send.due_at = deferrals, until
        assert send.state == State.QUEUED
        assert session.get_one(Experiment, send.experiment_id).open_wave == 0


async def _send(database: Database, folder: Path, mailbox: Mailbox, *, at: datetime) -> None:
    async with serving(mailbox) as transport:
        await scenes.run(scenes.sender(database, folder, transport), at=at)

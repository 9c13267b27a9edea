"""A second process sends beside the first one, and nobody gets a mail of both."""

import asyncio
import os
from pathlib import Path

import pytest

from app.delivery import recovery
from app.delivery.models import State
from app.delivery.sending import Sender
from app.delivery.transports.outbox import Outbox
from app.ops.installation import House, open_house
from app.ops.second_sender import SecondSender
from app.platform import config
from app.platform.db import Database
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.serve import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
PEOPLE = 300


@pytest.fixture
def house(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    scenes.launched(database, people=PEOPLE)
    settings = config.load(
        data_dir=tmp_path / "data",
        database_url=database_url,
        public_url="https://insights.example.com",
        mail_from="ann@example.com",
        demo=True,
    )
    house = open_house(settings)
    yield house
    house.database.close()


def sender_of(house: House) -> Sender:
    journal = Journal.open(house.sends, durability=house.settings.durability, limit=10**8)
    transport = Outbox(house.database)
    return Sender(house.database, house.settings, house.keyring, journal, transport)


def test_it_sends_what_the_first_one_leaves_and_each_gets_one(house: House, database: Database):
    second = SecondSender(house)
    first = sender_of(house)
    second.call_for(first)  # nothing says yet that there is more than one can send
    untouched = scenes.states(database) == [State.QUEUED] * PEOPLE
    asyncio.run(first.step(scenes.later(1)))
    second.call_for(first)
    wait_until(lambda: sent_by(database) == PEOPLE, what="all mails")
    second.close()
    holders = {row.holder for row in scenes.sends(database)}

    assert untouched
    assert first.is_pressed
    assert len(holders) == 2
    assert {row.attempts for row in scenes.sends(database)} == {1}
    assert len(recovery.Predecessors(house.database, house.sends).dead()) == 1  # it let go


def sent_by(database: Database) -> int:
    return scenes.states(database).count(State.SENT)

"""A second process sends beside the first one, and nobody gets a mail of both."""

import asyncio
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

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
from tests.forked import CONTEXT
from tests.serve import wait_until

PEOPLE = 300


def sender_of(house: House) -> Sender:
    journal = Journal.open(house.sends, durability=house.settings.durability, limit=10**8)
    transport = Outbox(house.database)
    return Sender(house.database, house.settings, house.keyring, journal, transport)


@dataclass
class Told:
    """What was seen of the two."""

    is_first_alone: bool
    is_pressed: bool
    gone: int  # who sent and has let go


def both(settings: dict[str, Any], line: Connection) -> None:
    """As the process of the sender does: a copy of one that has threads may never go on."""
    vars(os)["cpu_count"] = lambda: 2
    house = open_house(config.load(**settings))
    second, first = SecondSender(house), sender_of(house)
    second.call_for(first)  # nothing says yet that there is more than one can send
    is_first_alone = scenes.states(house.database) == [State.QUEUED] * PEOPLE
    asyncio.run(first.step(scenes.later(1)))
    second.call_for(first)
    wait_until(lambda: sent_by(house.database) == PEOPLE, what="all mails")
    second.close()
    gone = recovery.Predecessors(house.database, house.sends).dead()
    line.send(Told(is_first_alone, first.is_pressed, len(gone)))
    house.database.close()


def test_it_sends_what_the_first_one_leaves_and_each_gets_one(
    database: Database, database_url: str, tmp_path: Path
):
    scenes.launched(database, people=PEOPLE)
    settings = {
        "data_dir": tmp_path / "data",
        "database_url": database_url,
        "public_url": "https://insights.example.com",
        "mail_from": "ann@example.com",
        "demo": True,
    }
    line, its = CONTEXT.Pipe()
    process = CONTEXT.Process(target=both, args=(settings, its))
    process.start()
    its.close()
    told = line.recv() if line.poll(150) else None
    process.join(30)

    assert told == Told(is_first_alone=True, is_pressed=True, gone=1)
    assert process.exitcode == 0
    assert len({row.holder for row in scenes.sends(database)}) == 2
    assert {row.attempts for row in scenes.sends(database)} == {1}


def sent_by(database: Database) -> int:
    return scenes.states(database).count(State.SENT)

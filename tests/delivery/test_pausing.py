"""Too much comes back: an experiment pauses itself and says what to look at."""

import asyncio
from pathlib import Path

from app.delivery.models import State
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.servers import Mailbox, serving


def every(number: int, reply: str):
    """One address in so many is answered like this."""

    def answer(address: str) -> str | None:
        return reply if int(address[1 : address.index("@")]) % number == 0 else None

    return answer


async def _send(database: Database, folder: Path, mailbox: Mailbox) -> None:
    async with serving(mailbox) as transport:
        await scenes.run(scenes.sender(database, folder, transport))


def sent_to(database: Database, folder: Path, mailbox: Mailbox, *, people: int) -> Experiment:
    name = scenes.launched(database, people=people)
    asyncio.run(_send(database, folder, mailbox))
    with database.read() as session:
        return session.get_one(Experiment, name)


def test_one_address_in_ten_that_does_not_exist_pauses_after_a_hundred(
    database: Database, tmp_path: Path
):
    mailbox = Mailbox(at_rcpt=every(10, "550 5.1.1 no such user"))
    experiment = sent_to(database, tmp_path, mailbox, people=300)
    states = scenes.states(database)

    assert experiment.status == Status.PAUSED
    assert "addresses do not exist" in str(experiment.paused_reason)
    assert 100 <= len(states) - states.count(State.QUEUED) <= 200


def test_one_in_fifty_that_does_not_exist_is_ordinary(database: Database, tmp_path: Path):
    mailbox = Mailbox(at_rcpt=every(50, "550 5.1.1 no such user"))
    experiment = sent_to(database, tmp_path, mailbox, people=200)

    assert experiment.status == Status.RUNNING
    assert scenes.states(database).count(State.SENT) == 196


def test_words_that_servers_refuse_pause_it_before_everybody_was_tried(
    database: Database, tmp_path: Path
):
    mailbox = Mailbox(at_data=every(5, "554 5.6.0 looks like spam"))
    experiment = sent_to(database, tmp_path, mailbox, people=300)

    assert experiment.status == Status.PAUSED
    assert "looks like spam" in str(experiment.paused_reason)
    assert State.QUEUED in scenes.states(database)

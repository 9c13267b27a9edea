"""No rehearsal goes to people, and nothing that was meant for people stays in an outbox."""

import asyncio
from itertools import product
from pathlib import Path

import pytest

from app.delivery.models import State
from app.delivery.sending import Sender
from app.delivery.transports.outbox import Outbox
from app.delivery.transports.ports import Transport
from app.demo.seed import Accepting
from app.experiments import lifecycle
from app.experiments.models import Experiment, Status
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.delivery.scenes import KEYS, NOW

REHEARSING = Settings(
    public_url="https://insights.example.com", postal_address="Halvern, Main Street 1, Oslo"
)


SAID = {
    (False, True): "no mail server is set any more",
    (True, False): "mails go to real people now",
}


@pytest.mark.parametrize(("rehearsal", "is_outbox"), list(product((False, True), repeat=2)))
def test_mails_leave_the_way_that_the_launch_said(
    database: Database, tmp_path: Path, rehearsal: bool, is_outbox: bool
):
    """Launched for either, sent by either, resumed or not: only what belongs together leaves."""
    name = scenes.launched(database, people=3)
    with database.write() as session:
        session.get_one(Experiment, name).rehearsal = rehearsal
    transport: Transport = Outbox(database) if is_outbox else Accepting()
    sender = sender_of(database, tmp_path / "sends", transport)
    reasons = []
    for _ in range(2):  # whoever resumes it learns the same again
        asyncio.run(scenes.run(sender))
        reasons.append(resumed(database, name))
    said = SAID.get((rehearsal, is_outbox))

    assert scenes.states(database) == [State.QUEUED if said else State.SENT] * 3
    assert all(said in str(reason) if said else reason is None for reason in reasons)


def sender_of(database: Database, folder: Path, transport: Transport) -> Sender:
    folder.mkdir()
    journal = Journal.open(folder, durability=REHEARSING.durability, limit=10**8)
    return Sender(database, REHEARSING, KEYS, journal, transport, ticks=scenes.Ticks())


def resumed(database: Database, name: str) -> str | None:
    with database.write() as session:
        row = session.get_one(Experiment, name)
        reason = row.paused_reason
        if row.status == Status.PAUSED:
            lifecycle.resume(session, row, now=NOW)
        return reason

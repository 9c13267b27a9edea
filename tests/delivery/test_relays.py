"""What a relay's replies mean for one and for all, with a server that behaves so."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from app.audience.models import Suppression
from app.delivery import pace_store
from app.delivery.models import ServerPace, State
from app.delivery.transports.learnt import Learnt
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.scenes import NOW, Ticks, later
from tests.delivery.servers import Mailbox, serving

REFUSED = "550 5.7.1 not wanted here"


@dataclass
class Relay(Mailbox):
    """A mailbox whose connections have moods: `says(stage, mails so far on this connection)`."""

    says: Callable[[str, int], str | None] = lambda _stage, _mails: None
    connections: set[int] = field(default_factory=set)
    heard: int = 0

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.connections.add(id(session))
        self.heard += 1
        reply = self.says("mail", getattr(session, "mails", 0))
        if reply is None:
            envelope.mail_from, envelope.mail_options = address, options
        return reply or "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.says("rcpt", getattr(session, "mails", 0))
        return reply or await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        session.mails = getattr(session, "mails", 0) + 1  # type: ignore[attr-defined]  # ours
        return await super().handle_DATA(server, session, envelope)


def send(
    database: Database, folder: Path, mailbox: Mailbox, *, minutes: float = 0, ticks: Ticks
) -> None:
    """Let the sender step for so many minutes of its time; 0: until it rests.

    It steps every two seconds; where everybody has their mail, every minute.
    """
    everybody = len(scenes.sends(database))

    async def steps() -> None:
        async with serving(mailbox, ticks=ticks) as transport:
            transport.name = "mx.example:25"  # the port is another one each time
            sender = scenes.sender(database, folder, transport, ticks=ticks)
            began = ticks.seconds
            while True:
                busy = await sender.step(later(ticks.seconds / 60))
                if not busy and ticks.seconds - began >= minutes * 60:
                    break
                ticks.seconds += pause() if minutes else 0 if busy else 0.5

    def pause() -> float:
        return 2 if len(mailbox.taken) < everybody else 60

    asyncio.run(steps())


def count(database: Database, state: State) -> int:
    return scenes.states(database).count(state)


def status_of(database: Database, experiment_id: str) -> tuple[Status, str]:
    with database.read() as session:
        row = session.get_one(Experiment, experiment_id)
        return Status(row.status), row.paused_reason or ""


@pytest.mark.parametrize("stage", ["rcpt", "data"])
@pytest.mark.parametrize(
    "case",
    [
        (60, 1, False), (60, 8, False), (60, 18, False), (60, 60, True), (12, 12, True),
        (3, 3, True), (3, 2, False), (2, 2, False),
    ],
)  # fmt: skip
def test_whose_fault_a_refusal_is_is_told_by_how_many_it_meets(
    database: Database, tmp_path: Path, stage: str, case: tuple[int, int, bool]
):
    people, refused, is_ours = case
    experiment_id = scenes.launched(database, people=people)
    every = max(1, people // refused)
    bad = {f"p{number}@bakery.example" for number in range(0, people, every)}
    bad = set(sorted(bad)[:refused])

    def says(address: str) -> str | None:
        return REFUSED if address in bad else None

    mailbox = Mailbox(at_rcpt=says) if stage == "rcpt" else Mailbox(at_data=says)
    send(database, tmp_path, mailbox, ticks=Ticks())
    status, reason = status_of(database, experiment_id)
    with database.read() as session:
        suppressed = session.exec(select(Suppression)).all()

    assert suppressed == []
    if is_ours:
        assert (status, count(database, State.QUEUED)) == (Status.PAUSED, people)
        assert "5.7.1" in reason
        assert "THINSLICE_MAIL" in reason
    else:
        assert (status, reason) == (Status.RUNNING, "")
        assert count(database, State.FAILED) == refused
        assert count(database, State.SENT) == people - refused


@pytest.mark.parametrize("stage", ["mail"])
def test_at_mail_it_is_ours_at_once(database: Database, tmp_path: Path, stage: str):
    experiment_id = scenes.launched(database, people=40)
    relay = Relay(says=lambda at, _mails: REFUSED if at == stage else None)
    send(database, tmp_path, relay, ticks=Ticks())

    assert status_of(database, experiment_id)[0] == Status.PAUSED
    assert count(database, State.QUEUED) == 40
    assert relay.heard <= 12  # six lanes, and a breath


def test_too_many_recipients_in_a_connection_is_met_by_another_one_at_once(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=60)
    relay = Relay(
        says=lambda stage, mails: (
            "452 4.5.3 too many recipients" if stage == "rcpt" and mails >= 5 else None
        )
    )
    ticks = Ticks()
    send(database, tmp_path, relay, ticks=ticks)

    assert count(database, State.SENT) == 60
    assert ticks.seconds == 0
    assert len(relay.connections) >= 12
    assert max(send.deferrals for send in scenes.sends(database)) == 0


def test_a_connection_that_says_later_at_mail_is_replaced(database: Database, tmp_path: Path):
    scenes.launched(database, people=60)
    relay = Relay(
        says=lambda stage, mails: "451 4.3.0 try later" if stage == "mail" and mails >= 3 else None
    )
    send(database, tmp_path, relay, ticks=Ticks())

    assert count(database, State.SENT) == 60


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
@pytest.mark.parametrize("words", ["450 4.7.0 rate limit: 10 a minute", "450 4.7.1 later"])
def test_a_limit_is_learnt_and_a_large_list_outlives_it(
    database: Database, tmp_path: Path, stage: str, words: str
):
    scenes.launched(database, people=60)
    ticks, relay = Ticks(), Relay()

    def limited(at: str, _mails: int) -> str | None:
        minute = int(ticks.seconds // 60)
        taken = sum(int(second // 60) == minute for second in taken_at)
        if at == "rcpt" and (stage == "mail" or taken < 10):
            taken_at.append(ticks.seconds)
        return words if at == stage and taken >= 10 else None

    taken_at: list[float] = []
    relay.says = limited
    send(database, tmp_path, relay, minutes=60, ticks=ticks)
    with database.read() as session:
        known = pace_store.pace_of(session, "mx.example:25", now=later(ticks.seconds / 60))

    assert (count(database, State.SENT), count(database, State.FAILED)) == (60, 0)
    assert relay.heard < 60 * 3
    assert known is None or 2 <= known <= 40


@dataclass
class Narrow(Relay):
    """Takes so many conversations at a time; to one more it says no at once."""

    room: int = 1
    is_open: int = 0
    most_open: int = 0

    def conversation(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        return Conversation(self, hostname="mx.example", loop=loop)


class Conversation(SMTP):
    """Counted from its beginning to its end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        relay = self.event_handler
        relay.is_open += 1
        if relay.is_open > relay.room:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(b"421 4.7.0 too many connections\r\n")
        else:
            relay.most_open = max(relay.most_open, relay.is_open)
        super().connection_made(transport)
        if relay.is_open > relay.room:
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.is_open -= 1
        super().connection_lost(error)


def test_lanes_that_fell_rise_again_without_a_restart(database: Database, tmp_path: Path):
    scenes.launched(database, people=400)
    relay, ticks, lanes = Narrow(room=1), Ticks(), []

    async def all_sent() -> None:
        async with serving(relay, ticks=ticks) as transport:
            sender = scenes.sender(database, tmp_path, transport, ticks=ticks)
            while count(database, State.SENT) < 400:
                await sender.step(later(ticks.seconds / 60))
                lanes.append(transport.lanes)
                ticks.seconds += 200
                if len(relay.taken) >= 50:
                    relay.room = 6
            ticks.seconds += 3_600
            lanes.append(transport.lanes)

    asyncio.run(all_sent())

    assert (min(lanes), lanes[-1]) == (1, 6), lanes
    assert relay.most_open > 1, lanes
    assert len(relay.taken) == 400


def test_a_conversation_takes_more_mails_again_after_a_while():
    learnt = Learnt(500, ticks=(ticks := Ticks()))
    learnt.fall(5)
    found = []
    for _ in range(4):
        found.append(learnt.now)
        ticks.seconds += 300
    learnt.fall(0)
    ticks.seconds += 299

    assert found == [5, 10, 20, 40]
    assert learnt.now == 1
    ticks.seconds += 1_000_000
    assert learnt.now == 500


def test_what_was_learnt_outlives_a_start_for_a_day(database: Database):
    with database.write() as session:
        session.add(ServerPace(server="mx:25", per_minute=10, learnt_at=NOW))
    with database.read() as session:
        known = [
            pace_store.pace_of(session, name, now=later(minutes))
            for name, minutes in (("mx:25", 60), ("mx:25", 60 * 25), ("other:25", 0))
        ]

    assert known == [10, None, None]

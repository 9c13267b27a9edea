"""Reserve, attempt, settle: against a real SMTP server, on both databases."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.audience import suppression_store
from app.delivery.models import Send, State
from app.delivery.transports.terms import ANY
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.scenes import NOW, later
from tests.delivery.servers import Mailbox, nobody, serving
from tests.duties import pass_over


def test_everybody_gets_one_mail_and_counts_from_the_first_reservation(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=60)
    mailbox = Mailbox()

    asyncio.run(_send(database, tmp_path, mailbox))

    assert sorted(mailbox.addresses()) == sorted(f"p{n}@bakery.example" for n in range(60))
    assert scenes.states(database) == [State.SENT] * 60
    assert [row.sent for row in scenes.outcomes(database)] == [True] * 60
    assert {row.closes_at for row in scenes.outcomes(database)} == {NOW + timedelta(hours=72)}


def test_an_address_that_does_not_exist_bounces_and_is_suppressed(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=3)
    mailbox = Mailbox(at_rcpt=_only("p1@", "550 5.1.1 no such user"))

    asyncio.run(_send(database, tmp_path, mailbox))

    bounced = scenes.sends(database)[1]
    assert scenes.states(database) == [State.SENT, State.BOUNCED, State.SENT]
    assert bounced.last_reply == "550 5.1.1 no such user"
    assert [row.bounced for row in scenes.outcomes(database)] == [False, True, False]
    assert _suppressed(database, "p1@bakery.example")


def test_greylisting_waits_five_then_fifteen_minutes_and_delivers(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=2)
    tries: list[str] = []

    def greylist(address: str) -> str | None:
        tries.append(address)
        return "451 4.7.1 greylisted" if address.startswith("p0@") and len(tries) < 5 else None

    async def over_time() -> None:
        async with serving(Mailbox(at_rcpt=greylist)) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            for minutes in (0, 4.9, 5.1, 19.9, 20.2, 50.4):
                await scenes.run(sender, at=later(minutes))

    asyncio.run(over_time())

    assert tries == ["p0@bakery.example", "p1@bakery.example"] + ["p0@bakery.example"] * 3
    assert scenes.states(database) == [State.SENT, State.SENT]


@pytest.mark.parametrize(("before", "suppressed"), [(1, False), (2, True)])
def test_a_mailbox_that_was_full_for_three_experiments_is_suppressed(
    database: Database, tmp_path: Path, before: int, suppressed: bool
):
    scenes.launched(database, people=1)
    with database.write() as session:
        send = session.get_one(Send, scenes.sends(database)[0].id)
        send.released_at, send.attempts, send.deferrals = NOW - timedelta(hours=73), 31, 30
        session.add_all(_gave_up(send.person_id, number) for number in range(1, before + 1))

    asyncio.run(_send(database, tmp_path, Mailbox(at_rcpt=lambda _: "452 4.2.2 over quota")))

    assert set(scenes.states(database)) == {State.FAILED}
    assert _suppressed(database, "p0@bakery.example") is suppressed


def test_a_server_that_refuses_us_pauses_the_experiment_and_loses_nobody(
    database: Database, tmp_path: Path
):
    experiment_id = scenes.launched(database, people=8)
    mailbox = Mailbox(at_rcpt=lambda _: "550 5.7.1 relay not permitted")

    asyncio.run(_send(database, tmp_path, mailbox))

    with database.read() as session:
        experiment = session.get_one(Experiment, experiment_id)
        assert experiment.status == Status.PAUSED
        assert "550 5.7.1 relay not permitted" in (experiment.paused_reason or "")
    assert set(scenes.states(database)) == {State.QUEUED}
    assert not _suppressed(database, "p0@bakery.example")


def test_a_line_that_goes_dead_after_the_dot_leaves_only_those_uncertain(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=50)
    mailbox = Mailbox(hang_up_after=10)

    asyncio.run(_send(database, tmp_path, mailbox, steps=1))

    uncertain = [send for send in scenes.sends(database) if send.state == State.UNCERTAIN]
    heard = {f"p{n}@bakery.example" for n in range(50)} & set(mailbox.addresses())
    assert len(uncertain) == 40
    assert len(heard) == 50
    assert sum(row.uncertain for row in scenes.outcomes(database)) == 40


def test_uncertain_mail_is_never_sent_again_by_itself(database: Database, tmp_path: Path):
    scenes.launched(database, people=4)

    asyncio.run(_send(database, tmp_path, Mailbox(hang_up_after=0)))
    again = Mailbox()
    asyncio.run(_send(database, tmp_path, again, at=later(600)))

    assert again.taken == []
    assert scenes.states(database) == [State.UNCERTAIN] * 4


def test_a_server_that_is_down_costs_nobody_and_says_why(database: Database, tmp_path: Path):
    scenes.launched(database, people=5)

    async def down_then_up() -> list[str]:
        sender = scenes.sender(database, tmp_path, nobody())
        await scenes.run(sender)
        waiting = scenes.sends(database)
        mailbox = Mailbox()
        async with serving(mailbox) as transport:
            scenes.carried_by(sender, transport)
            await scenes.run(sender, at=later(0.05))
            assert mailbox.taken == []
            await scenes.run(sender, at=later(0.2))
        assert len(mailbox.taken) == 5
        return [send.last_reply or "" for send in waiting]

    words = asyncio.run(down_then_up())

    assert all("connect" in reply.lower() for reply in words)
    assert scenes.states(database) == [State.SENT] * 5


def test_content_that_is_refused_fails_that_mail_alone(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    mailbox = Mailbox(at_data=_only("p2@", "554 5.6.0 looks like spam"))

    asyncio.run(_send(database, tmp_path, mailbox))

    assert scenes.states(database) == [State.SENT, State.SENT, State.FAILED]
    assert scenes.outcomes(database)[2].failed


def test_suppressed_people_are_passed_over_and_count_nowhere(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    with database.write() as session:
        suppression_store.suppress(
            session, "p1@bakery.example", "unsubscribed", by="recipient", now=NOW
        )

    asyncio.run(_send(database, tmp_path, Mailbox()))

    assert scenes.states(database) == [State.SENT, State.SKIPPED, State.SENT]
    assert len(scenes.outcomes(database)) == 2


def test_a_pause_stops_a_batch_that_is_under_way(database: Database, tmp_path: Path):
    experiment_id = scenes.launched(database, people=50)
    slow = Mailbox()

    def at_data(address: str) -> None:
        if len(slow.taken) == 12:
            _set_status(database, experiment_id, Status.PAUSED)

    async def slowly() -> None:
        async with serving(slow) as transport:
            transport._lanes.fall(1)  # so that the order is known
            sender = scenes.sender(database, tmp_path, _Slowed(transport))
            await sender.step(NOW)

    slow.at_data = at_data
    asyncio.run(slowly())

    assert 12 <= len(slow.taken) <= 25
    assert scenes.states(database).count(State.SENT) == len(slow.taken)
    assert set(scenes.states(database)) == {State.SENT, State.QUEUED}


def test_a_rate_is_kept_and_spread_over_the_minute(database: Database, tmp_path: Path):
    scenes.launched(database, people=30, rate=60)
    mailbox = Mailbox()

    async def three_seconds() -> list[int]:
        taken = []
        async with serving(mailbox) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            for tenths in range(31):
                await sender.step(NOW + timedelta(seconds=tenths / 10))
                taken.append(len(mailbox.taken))
        return taken

    taken = asyncio.run(three_seconds())

    assert taken[0] == 1
    assert taken[9] == 1
    assert taken[30] in {3, 4}


def test_after_a_cancel_who_was_not_released_is_skipped(database: Database, tmp_path: Path):
    experiment_id = scenes.launched(database, people=60)

    async def cancelled_between() -> None:
        async with serving(Mailbox()) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            await sender.step(NOW)
            _set_status(database, experiment_id, Status.CANCELLED)
            pass_over(database, NOW)
            await scenes.run(sender)

    asyncio.run(cancelled_between())

    assert scenes.states(database).count(State.SENT) == 50
    assert scenes.states(database).count(State.SKIPPED) == 10


def test_two_senders_at_once_send_nobody_two(database: Database, tmp_path: Path):
    scenes.launched(database, people=120)
    mailbox = Mailbox()

    async def both() -> None:
        async with serving(mailbox) as one, serving(mailbox) as other:
            senders = [
                scenes.sender(database, tmp_path / name, transport)
                for name, transport in (("one", one), ("other", other))
            ]
            await asyncio.gather(*(scenes.run(sender) for sender in senders))

    asyncio.run(both())

    assert len(mailbox.taken) == 120
    assert len(set(mailbox.addresses())) == 120


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PAUSED, Status.DECIDED])
def test_only_a_running_experiment_sends(database: Database, tmp_path: Path, status: Status):
    _set_status(database, scenes.launched(database, people=2), status)
    mailbox = Mailbox()

    asyncio.run(_send(database, tmp_path, mailbox))

    assert mailbox.taken == []


def _gave_up(person_id: str, number: int) -> Send:
    return Send(
        id=number,
        experiment_id=f"earlier {number}",
        arm="insight",
        person_id=person_id,
        state=State.FAILED,
        due_at=NOW,
        settled_at=NOW - timedelta(days=number),
        last_reply="452 4.2.2 over quota",
    )


class _Slowed:
    """A relay that takes its time."""

    name = "mx.example"
    terms = ANY
    lanes = 1

    def __init__(self, transport):
        self.send_on = transport
        self.close = transport.close

    async def send(self, mail, attempting):
        await asyncio.sleep(0.05)
        return await self.send_on.send(mail, attempting)


async def _send(database, folder, mailbox, *, at=NOW, steps=50) -> None:
    async with serving(mailbox) as transport:
        await scenes.run(scenes.sender(database, folder, transport), at=at, steps=steps)


def _only(start: str, reply: str):
    return lambda address: reply if address.startswith(start) else None


def _set_status(database: Database, experiment_id: str, status: Status) -> None:
    with database.write() as session:
        session.get_one(Experiment, experiment_id).status = status


def _suppressed(database: Database, email: str) -> bool:
    with database.read() as session:
        return bool(suppression_store.suppressed(session, [email]))


def test_others_are_told_once_a_second_and_at_the_end(database: Database, tmp_path: Path):
    """Each word wakes every loop of the machine: while mail after mail leaves, seldom."""
    scenes.launched(database, people=120)
    told: list[float] = []
    ticks = scenes.Ticks()

    async def send() -> None:
        async with serving(Mailbox()) as transport:
            sender = scenes.sender(database, tmp_path, transport, ticks=ticks)
            database.on_write(lambda: told.append(ticks.seconds))
            for seconds in (0.0, 0.4, 0.8, 0.9):
                ticks.seconds = seconds
                await sender.step(NOW)

    asyncio.run(send())

    assert scenes.states(database) == [State.SENT] * 120
    assert told == [0.0, 0.8]  # the first batch of 50, and when nothing was left

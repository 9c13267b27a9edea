"""A sender that died: its journal says who was attempted, and nobody gets two."""

import asyncio
from pathlib import Path

import pytest

from app.delivery import settling, store
from app.delivery.attempts import attempt_line, reply_line
from app.delivery.models import Send, State
from app.delivery.recovery import Predecessors, reserved_by
from app.delivery.releasing import release
from app.delivery.replies import Meaning, Reply, Stage
from app.delivery.settling import Reserved, Result
from app.delivery.silence import Silence
from app.delivery.transports.terms import ANY
from app.delivery.watching import LEASE
from app.experiments.models import Experiment
from app.platform import journal, writers
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.delivery.scenes import NOW, later
from tests.delivery.servers import Mailbox, serving
from tests.duties import give_up, recover


class _KilledError(BaseException):
    """As sudden as a signal that nobody can catch."""


class _Dying:
    """A transport whose process is killed in the middle."""

    name = "mx.example"
    terms = ANY
    lanes = 1

    def __init__(self, *, after: int, before_data: bool):
        self.sent = 0
        self.after = after
        self.before_data = before_data

    async def close(self) -> None:
        """It never comes to that."""

    async def send(self, _mail, attempting):
        if self.sent == self.after and self.before_data:
            raise _KilledError
        await attempting()
        if self.sent == self.after:
            raise _KilledError
        self.sent += 1
        return Reply(250, "2.0.0 taken", Stage.MESSAGE)


@pytest.mark.parametrize(("before_data", "uncertain", "queued"), [(True, 0, 40), (False, 1, 39)])
def test_who_was_not_attempted_is_queued_and_who_was_heard_is_sent(
    database: Database, tmp_path: Path, before_data: bool, uncertain: int, queued: int
):
    scenes.launched(database, people=50)
    _die(database, tmp_path, _Dying(after=10, before_data=before_data))
    before = scenes.states(database)

    recover(Predecessors(database, tmp_path), later(1), ticks=0)

    states = scenes.states(database)
    assert before == [State.SENDING] * 50
    assert states.count(State.SENT) == 10
    assert states.count(State.UNCERTAIN) == uncertain
    assert states.count(State.QUEUED) == queued
    tried = [send.relay for send in scenes.sends(database) if send.state != State.QUEUED]
    assert set(tried) == {"mx.example"}


def test_a_dead_journal_is_kept_for_commits_that_come_late_and_then_goes(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=5)
    folder = tmp_path / "sends"
    _die(database, folder, _Dying(after=2, before_data=True))
    dead = Predecessors(database, folder)

    recover(dead, later(0), ticks=0)
    recover(dead, later(60 * 24), ticks=59)  # a clock that jumps makes nothing older
    kept = list(folder.glob("*.journal"))
    recover(dead, later(-60 * 24), ticks=61)

    assert len(kept) == 1
    assert list(folder.iterdir()) == []


def test_after_the_restart_everybody_certain_gets_one(database: Database, tmp_path: Path):
    scenes.launched(database, people=50)
    _die(database, tmp_path, _Dying(after=10, before_data=False))
    recover(Predecessors(database, tmp_path), later(1), ticks=0)
    mailbox = Mailbox()

    asyncio.run(_send_rest(database, tmp_path, mailbox))

    assert len(mailbox.taken) == 39
    assert scenes.states(database).count(State.SENT) == 49
    assert sum(row.sent for row in scenes.outcomes(database)) == 49
    assert sum(row.uncertain for row in scenes.outcomes(database)) == 1


def test_a_living_sender_is_left_alone(database: Database, tmp_path: Path):
    scenes.launched(database, people=5)
    journal = _opened(tmp_path)
    _hold(database, holder=journal.writer)

    recover(Predecessors(database, tmp_path), NOW, ticks=0)

    assert scenes.states(database) == [State.SENDING] * 5
    journal.close()


def test_a_machine_that_went_silent_leaves_uncertain_sends(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    _hold(database, holder="elsewhere")
    silence = Silence(database, tmp_path)

    settled = [give_up(database, silence, later(minutes), ticks=ticks) for minutes, ticks in _JUMPS]

    assert settled == [0, 0, 0, 3]
    assert scenes.states(database) == [State.UNCERTAIN] * 3


_JUMPS = [(0, 0), (60 * 24, 1), (-60 * 24, 30), (0, 31)]  # clocks jump; only seconds count


def test_a_holder_that_moves_its_leases_is_never_silent(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    _hold(database, holder="elsewhere")
    silence = Silence(database, tmp_path)

    for ticks in range(0, 600, 20):
        with database.write() as session:  # its clock may go backwards
            store.renew(session, holder="elsewhere", until=later(-ticks))
        give_up(database, silence, later(60), ticks=ticks)

    assert scenes.states(database) == [State.SENDING] * 3


def test_a_stopped_process_of_our_own_folder_only_waits(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    journal = _opened(tmp_path)
    _hold(database, holder=journal.writer)
    silence = Silence(database, tmp_path)

    settled = [give_up(database, silence, NOW, ticks=ticks) for ticks in (0, 3600)]

    assert settled == [0, 0]
    journal.close()


def test_segments_that_turned_say_nothing_of_a_living_sender(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(journal, "_SEGMENT_BYTES", 1)  # every line turns it
    scenes.launched(database, people=50)
    mailbox = Mailbox()
    dead = Predecessors(database, tmp_path)

    def settle_what_was_killed(_address: str) -> None:
        recover(dead, NOW, ticks=0)

    mailbox.at_data = settle_what_was_killed
    asyncio.run(_send_rest(database, tmp_path, mailbox))

    assert sorted(mailbox.addresses()) == sorted(f"p{n}@bakery.example" for n in range(50))
    assert scenes.states(database) == [State.SENT] * 50
    assert len(journal.segments(tmp_path)) == 1


def test_a_reply_to_an_earlier_try_is_no_reply_to_a_later_one(database: Database, tmp_path: Path):
    scenes.launched(database, people=1)
    folder = tmp_path / "sends"
    writer = _opened(folder)
    _hold(database, holder=writer.writer)
    [send] = scenes.sends(database)
    writer.keep(attempt_line((send.id, 1), "mx"))
    writer.keep(reply_line((send.id, 1), Reply(450, "later", Stage.RECIPIENT), at=NOW, relay="mx"))
    with database.write() as session:
        session.get_one(Send, send.id).attempts = 2  # reserved again, and not attempted yet
    writer.close()

    recover(Predecessors(database, folder), later(6), ticks=0)

    [send] = scenes.sends(database)
    assert (send.state, send.deferrals, send.last_reply) == (State.QUEUED, 0, None)


def test_a_machine_that_was_cut_off_may_have_sent_what_it_did_not_write_down(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scenes.launched(database, people=50)
    _die(database, tmp_path, _Dying(after=10, before_data=True))
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setattr(writers, "_BOOT", tmp_path / "boot")

    recover(Predecessors(database, tmp_path), later(1), ticks=0)

    states = scenes.states(database)
    assert (states.count(State.SENT), states.count(State.UNCERTAIN)) == (10, 40)


def test_what_was_settled_is_not_settled_again(database: Database, tmp_path: Path):
    scenes.launched(database, people=2)
    _hold(database, holder="ours")
    first, second = [reserved_by(send) for send in scenes.sends(database)]
    lost = [Result(first, Meaning.UNCERTAIN, "lost", NOW)]
    taken = [Result(one, Meaning.ACCEPTED, "250", NOW) for one in (first, second)]
    with database.write() as session:
        moved = [settling.settle(session, taken, holder="ours", now=NOW)]
        moved += [settling.settle(session, lost, holder="ours", now=NOW)]
        moved += [settling.settle(session, taken, holder="theirs", now=NOW)]

    assert moved == [2, 0, 0]
    assert scenes.states(database) == [State.SENT] * 2
    assert not any(row.uncertain for row in scenes.outcomes(database))


def test_a_lane_that_breaks_leaves_nothing_reserved(database: Database, tmp_path: Path):
    scenes.launched(database, people=50)

    async def broken() -> None:
        ticks = scenes.Ticks()
        sender = scenes.sender(database, tmp_path, _Breaking(), ticks=ticks)
        for seconds in (0, 1, 6, 7):  # it rests after each, longer each time
            ticks.seconds = seconds
            await sender.step(later(seconds / 60))

    asyncio.run(broken())

    states = scenes.states(database)
    assert states.count(State.UNCERTAIN) == 2
    assert states.count(State.QUEUED) == 48


class _Breaking:
    """A transport with a defect, met after the server heard the mail."""

    name = "mx.example"
    terms = ANY
    lanes = 1

    async def close(self) -> None:
        """It never comes to that."""

    async def send(self, _mail, attempting):
        await attempting()
        raise ValueError


def test_its_journal_may_tell_later_that_they_arrived(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    journal = _opened(tmp_path / "elsewhere")
    _hold(database, holder=journal.writer)
    heard, silent, _ = [(send.id, 1) for send in scenes.sends(database)]
    for line in (
        attempt_line(heard, "mx"),
        reply_line(heard, Reply(250, "2.0.0 taken", Stage.MESSAGE), at=NOW, relay="mx"),
        attempt_line(silent, "mx"),
    ):
        journal.keep(line)
    journal.close()
    silence = Silence(database, tmp_path)
    for ticks in (0, 31):
        give_up(database, silence, later(5), ticks=ticks)

    recover(Predecessors(database, tmp_path / "elsewhere"), later(6), ticks=0)

    assert scenes.states(database) == [State.SENT, State.UNCERTAIN, State.UNCERTAIN]
    assert [row.uncertain for row in scenes.outcomes(database)] == [False, True, True]


def test_a_database_that_goes_away_is_told_first_thing_when_it_is_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scenes.launched(database, people=4)
    mailbox = Mailbox()

    async def lost_and_found() -> None:
        async with serving(mailbox) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            with monkeypatch.context() as away:
                away.setattr(settling, "settle", _fail)
                with pytest.raises(ConnectionError):
                    await sender.step(NOW)
            await scenes.run(sender)

    asyncio.run(lost_and_found())

    assert len(mailbox.taken) == 4
    assert scenes.states(database) == [State.SENT] * 4


def _fail(*_args: object, **_named: object) -> int:
    raise ConnectionError


def _die(database: Database, folder: Path, transport: _Dying) -> None:
    async def until_killed() -> None:
        sender = scenes.sender(database, folder, transport)
        with pytest.raises(BaseExceptionGroup):
            await sender.step(NOW)
        sender._journal.close()

    asyncio.run(until_killed())


async def _send_rest(database: Database, folder: Path, mailbox: Mailbox) -> None:
    async with serving(mailbox) as transport:
        await scenes.run(scenes.sender(database, folder, transport), at=later(2))


def _opened(folder: Path) -> Journal:
    return Journal.open(folder, durability=Durability.PROCESS, limit=10**8)


def _hold(database: Database, *, holder: str) -> None:
    """Reserve everybody, as a sender does."""
    experiment_id = scenes.sends(database)[0].experiment_id
    with database.write() as session:
        rows = store.reserve(
            session, experiment_id, room=50, holder=holder, lease_until=NOW + LEASE, now=NOW
        )
        people = [
            Reserved(row.id, 1, experiment_id, row.arm, row.person_id, 0, row.released_at)
            for row in rows
        ]
        release(session, session.get_one(Experiment, experiment_id), people)

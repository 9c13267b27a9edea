"""A sender that died: its journal says who was attempted, and nobody gets two."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.delivery import recovery, store
from app.delivery.attempts import attempt_line, holder_line, reply_line
from app.delivery.models import State
from app.delivery.releasing import release
from app.delivery.replies import Reply, Stage
from app.delivery.settling import Reserved
from app.delivery.watching import LEASE
from app.experiments.models import Experiment
from app.platform import clock
from app.platform.config import Durability
from app.platform.db import Database
from app.platform.journal import Journal
from tests.delivery import scenes
from tests.delivery.scenes import NOW, later
from tests.delivery.servers import Mailbox, serving


class _KilledError(BaseException):
    """As sudden as a signal that nobody can catch."""


class _Dying:
    """A transport whose process is killed in the middle."""

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

    recovery.settle_previous(database, tmp_path, now=later(1))

    states = scenes.states(database)
    assert before == [State.SENDING] * 50
    assert states.count(State.SENT) == 10
    assert states.count(State.UNCERTAIN) == uncertain
    assert states.count(State.QUEUED) == queued


def test_a_dead_journal_is_kept_for_commits_that_come_late_and_then_goes(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=5)
    _die(database, tmp_path, _Dying(after=2, before_data=True))
    died = clock.now()

    recovery.settle_previous(database, tmp_path, now=died + timedelta(seconds=1))
    kept = list(tmp_path.glob("*.journal"))
    recovery.settle_previous(database, tmp_path, now=died + timedelta(seconds=61))

    assert len(kept) == 1
    assert list(tmp_path.glob("*.journal")) == []


def test_after_the_restart_everybody_certain_gets_one(database: Database, tmp_path: Path):
    scenes.launched(database, people=50)
    _die(database, tmp_path, _Dying(after=10, before_data=False))
    recovery.settle_previous(database, tmp_path, now=later(1))
    mailbox = Mailbox()

    asyncio.run(_send_rest(database, tmp_path, mailbox))

    assert len(mailbox.taken) == 39
    assert scenes.states(database).count(State.SENT) == 49
    assert sum(row.sent for row in scenes.outcomes(database)) == 49
    assert sum(row.uncertain for row in scenes.outcomes(database)) == 1


def test_a_living_sender_is_left_alone(database: Database, tmp_path: Path):
    scenes.launched(database, people=5)
    journal = Journal.open(tmp_path, durability=Durability.PROCESS, limit=10**8)
    journal.keep(holder_line("alive"))
    _hold(database, holder="alive")

    recovery.settle_previous(database, tmp_path, now=NOW)

    assert scenes.states(database) == [State.SENDING] * 5
    journal.close()


def test_a_machine_that_went_silent_leaves_uncertain_sends(database: Database):
    scenes.launched(database, people=3)
    _hold(database, holder="elsewhere")

    early = recovery.settle_lapsed(database, now=later(0.4))
    late = recovery.settle_lapsed(database, now=later(0.6))

    assert (early, late) == (0, 3)
    assert scenes.states(database) == [State.UNCERTAIN] * 3


def test_its_journal_may_tell_later_that_they_arrived(database: Database, tmp_path: Path):
    scenes.launched(database, people=3)
    _hold(database, holder="elsewhere")
    heard, silent, _ = [send.id for send in scenes.sends(database)]
    journal = Journal.open(tmp_path, durability=Durability.PROCESS, limit=10**8)
    for line in (
        holder_line("elsewhere"),
        attempt_line("elsewhere", heard),
        reply_line("elsewhere", heard, Reply(250, "2.0.0 taken", Stage.MESSAGE), at=NOW),
        attempt_line("elsewhere", silent),
    ):
        journal.keep(line)
    journal.close()
    recovery.settle_lapsed(database, now=later(5))

    recovery.settle_previous(database, tmp_path, now=later(6))

    assert scenes.states(database) == [State.SENT, State.UNCERTAIN, State.UNCERTAIN]
    assert [row.uncertain for row in scenes.outcomes(database)] == [False, True, True]


def test_a_database_that_goes_away_is_told_first_thing_when_it_is_back(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=4)
    mailbox = Mailbox()

    async def lost_and_found() -> None:
        async with serving(mailbox) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            settle, sender._settle = sender._settle, _fail_with_results(sender)  # type: ignore[method-assign]
            with pytest.raises(ConnectionError):
                await sender.step(NOW)
            sender._settle = settle  # type: ignore[method-assign]
            await scenes.run(sender)

    asyncio.run(lost_and_found())

    assert len(mailbox.taken) == 4
    assert scenes.states(database) == [State.SENT] * 4


def _fail_with_results(sender):
    def settle(results, *, now):
        sender._unsettled += results
        if results:
            raise ConnectionError

    return settle


def _die(database: Database, folder: Path, transport: _Dying) -> None:
    async def until_killed() -> None:
        sender = scenes.sender(database, folder, transport)
        with pytest.raises(_KilledError):
            await sender.step(NOW)
        sender._journal.close()

    asyncio.run(until_killed())


async def _send_rest(database: Database, folder: Path, mailbox: Mailbox) -> None:
    async with serving(mailbox) as transport:
        await scenes.run(scenes.sender(database, folder, transport), at=later(2))


def _hold(database: Database, *, holder: str) -> None:
    """Reserve everybody, as a sender does."""
    experiment_id = scenes.sends(database)[0].experiment_id
    with database.write() as session:
        rows = store.reserve(
            session, experiment_id, room=50, holder=holder, lease_until=NOW + LEASE, now=NOW
        )
        people = [
            Reserved(row.id, experiment_id, row.arm, row.person_id, 0, row.released_at)
            for row in rows
        ]
        release(session, session.get_one(Experiment, experiment_id), people)

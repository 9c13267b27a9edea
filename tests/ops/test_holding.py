"""A restored copy serves and listens, says that it is held, and sends nothing until released."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import select

from app.delivery import settling, store
from app.delivery.models import Notice, Send
from app.delivery.releasing import release
from app.delivery.replies import Meaning
from app.delivery.settling import Reserved, Result
from app.experiments.models import Experiment, Status
from app.identity.audit import Seals
from app.identity.models import AuditRow
from app.ops import doctor, holding
from app.ops.holding import Gate, Hold
from app.ops.installation import House, open_house, prepare
from app.outreach.models import Connector, Push
from app.platform import config, install
from app.platform.db import Database
from app.platform.events import Event
from app.platform.stopping import Stopping
from app.tally.models import Outcome
from tests.commanded import said
from tests.delivery import scenes
from tests.delivery.scenes import NOW, later
from tests.serve import Installation

PEOPLE = 10


@pytest.fixture
def held(house: House) -> House:
    """Two mails were being sent at the backup, one was put off, seven wait; much else is owed."""
    prepare(house)
    experiment_id = scenes.launched(house.database, people=PEOPLE)
    with house.database.write() as session:
        experiment = session.get_one(Experiment, experiment_id)
        rows = store.reserve(
            session, experiment_id, room=3, holder="old:1", lease_until=later(1), now=NOW
        )
        taken = [
            Reserved(
                row.id, row.attempts, experiment_id, row.arm, row.person_id, 0, row.released_at
            )
            for row in rows
        ]
        release(session, experiment, taken)
        put_off = Result(taken[0], Meaning.LATER, "451 not now", NOW)
        settling.settle(session, [put_off], holder="old:1", now=NOW)
        _owe_others(session)
        install.begin_anew(session)
    return house


def _owe_others(session):
    late = Experiment(
        name="Late", design=scenes.design(), status=Status.SCHEDULED, launched_at=NOW,
        scheduled_at=NOW, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    notice = Notice(
        kind="test", recipient="a@b.example", subject="s", text="t", html="h", due_at=NOW,
        created_at=NOW,
    )  # fmt: skip
    connector = Connector(kind="webhook", name="w", secrets="", created_at=NOW, created_by="Ann")
    push = Push(
        event_id="e", connector_id=connector.id, lane="l", kind="k", subject="s", happened_at=NOW,
        due_at=NOW, created_at=NOW,
    )  # fmt: skip
    event = Event(at=NOW, kind="experiment.paused", subject="s")
    session.add_all([late, notice, connector, push, event])


def command(house: House, *arguments: str, given: str = ""):
    url = house.settings.database_url
    return said(Installation(house.settings.data_dir, url), *arguments, given=given)


def states(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.exec(select(Send.state)))


def uncertain_outcomes(database: Database) -> int:
    with database.read() as session:
        return sum(outcome.uncertain for outcome in session.exec(select(Outcome)))


def statuses(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.name: row.status for row in session.exec(select(Experiment))}


def test_moved_means_that_all_goes_on_but_what_was_under_way(held: House):
    done = command(held, "release", "--moved", "--yes")

    assert done.returncode == 0, done.stderr
    assert "2 mails were being sent at the backup" in done.stdout
    assert "8 mails wait in “Waste in euros”" in done.stdout
    assert "“Late” would start now" in done.stdout
    assert states(held.database) == {"uncertain": 2, "queued": 8}
    assert uncertain_outcomes(held.database) == 2
    assert statuses(held.database) == {"Waste in euros": "running", "Late": "scheduled"}
    assert not holding.is_held(held.database)


def test_lost_means_that_nothing_goes_by_itself(held: House):
    done = command(held, "release", "--lost", "--yes")
    with held.database.read() as session:
        push = session.exec(select(Push)).one()
        notice = session.exec(select(Notice)).one()
        untold = [event for event in session.exec(select(Event)) if event.told_at is None]
        noted = [row for row in session.exec(select(AuditRow)) if row.action == "release"]
        reasons = list(session.exec(select(Experiment.paused_reason)))

    assert done.returncode == 0, done.stderr
    assert states(held.database) == {"uncertain": 3, "queued": 7}
    assert uncertain_outcomes(held.database) == 3
    assert statuses(held.database) == {"Waste in euros": "paused", "Late": "cancelled"}
    assert all("Restored from a backup" in (reason or "") for reason in reasons)
    assert (push.state, notice.state) == ("stopped", "failed")
    assert {event.kind for event in untold} == {"experiment.paused", "experiment.cancelled"}
    assert [(row.subject, row.details["uncertain"]) for row in noted] == [("lost", 3)]
    assert not holding.is_held(held.database)


@pytest.mark.parametrize("words", [(), ("--moved", "--lost", "--yes"), ("--yes",)])
def test_without_a_word_about_the_other_one_nothing_changes(held: House, words: tuple[str, ...]):
    done = command(held, "release", *words)

    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert holding.is_held(held.database)


def test_whoever_does_not_confirm_changes_nothing(held: House):
    done = command(held, "release", "--moved", given="n\n")

    assert done.returncode == 1
    assert holding.is_held(held.database)
    assert states(held.database) == {"sending": 2, "queued": 8}


def test_the_audit_of_a_restored_copy_is_whole(house: House, tmp_path: Path):
    prepare(house)
    taken = [command(house, "backup", str(tmp_path / f"{number}.tar")) for number in range(2)]
    assert [done.returncode for done in taken] == [0, 0]
    copy = Installation(tmp_path / "copy", "")
    restored = said(copy, "restore", str(tmp_path / "1.tar"))
    other = open_house(config.load(data_dir=copy.data))
    with closing(other.database), other.database.read() as session:
        found = Seals(other.keyring.seals).verified(session)

    assert restored.returncode == 0, restored.stderr
    assert (found.faults, found.unsealed) == ([], 0)
    assert found.rows >= 2


def test_what_is_not_held_cannot_be_released(house: House):
    prepare(house)
    done = command(house, "release", "--moved", "--yes")

    assert done.returncode == 1
    assert "is not held" in done.stderr


def test_a_held_sender_takes_nothing_and_waits_at_its_gate(held: House):
    stopping = Stopping()
    stopping.set()  # it waits for nothing
    gate = Gate(held.database)
    gate.look()
    shut = gate.is_shut(stopping)
    with held.database.write() as session:
        taken = store.reserve(
            session, scenes.sends(held.database)[0].experiment_id, room=9, holder="new:1",
            lease_until=later(1), now=later(60),
        )  # fmt: skip
        install.let_go(session)
    gate.look()

    assert shut
    assert taken == []
    assert not gate.is_shut(stopping)


def test_a_process_that_knows_of_the_release_asks_no_more(held: House):
    hold = Hold(held.database)
    before = hold.said()
    with held.database.write() as session:
        install.let_go(session)
    after = hold.said()
    with held.database.write() as session:
        install.begin_anew(session)

    assert (before, after, hold.said()) == (holding.SENTENCE, None, None)


def test_doctor_says_that_it_is_held_and_since_when_there_is_no_backup(
    held: House, monkeypatch: pytest.MonkeyPatch
):
    found = {finding.subject: finding for finding in doctor.look(held.settings)}
    path = held.settings.data_dir.parent / "one.tar"
    taken = command(held, "backup", str(path))
    fresh = {finding.subject: finding for finding in doctor.look(held.settings)}

    assert not found["restored"].fine
    assert "thinslice release" in found["restored"].sentence
    assert found["backup"].sentence == "none was made yet"
    assert taken.returncode == 0
    assert fresh["backup"].sentence.startswith("the last was made 2026-11-25 09:00")

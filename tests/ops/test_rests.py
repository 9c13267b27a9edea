"""How long a loop rests without a sign: long only where nothing at all may fall due by itself."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from app.delivery import mail_store
from app.delivery.models import Notice
from app.experiments import lifecycle
from app.experiments.design_schemas import LaunchDraft
from app.experiments.models import Experiment, Status
from app.main import Tracking
from app.ops.installation import House, open_house
from app.platform import config, put_off
from app.platform.afar import Afar
from app.platform.db import Database
from app.platform.duties import LONG_SECONDS, REST_SECONDS, SOON_SECONDS, Attempts, Duty
from app.platform.put_off import Work
from app.worker import ingester_duties, scheduler_duties
from tests.delivery import scenes as delivery
from tests.delivery.servers import Mailbox, serving
from tests.experiments import scenes as experiments
from tests.moments import NOW


@pytest.fixture
def other(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Another data folder on the same database."""
    house = open_house(config.load(data_dir=tmp_path / "other", database_url=database_url))
    yield house
    house.database.close()


def a_duty(*items: str, rest_seconds: float = REST_SECONDS, waits: bool = False) -> Duty:
    return Duty(
        work=Work.PLAN,
        items=lambda _session, _now: items,
        is_due=lambda *_: False,
        do=lambda *_: 0,
        rest_seconds=rest_seconds,
        waits=lambda _: waits,
    )


def rest_after(database: Database, duty: Duty) -> float:
    attempts = Attempts(database)
    attempts.round(duty, NOW)
    return attempts.rest_of(duty)


def test_the_rest_is_long_where_nothing_may_fall_due(database: Database):
    assert rest_after(database, a_duty()) == LONG_SECONDS
    assert rest_after(database, a_duty(rest_seconds=600)) == 600
    assert rest_after(database, a_duty("one")) == REST_SECONDS
    assert rest_after(database, a_duty(waits=True)) == REST_SECONDS


def test_the_rest_is_short_while_something_is_put_off(database: Database):
    with database.write() as session:
        put_off.owe(session, Work.PLAN, "one", now=NOW)

    assert rest_after(database, a_duty("one")) == REST_SECONDS


def test_the_rest_is_short_where_a_look_fails(database: Database):
    def fail(_session: Session) -> bool:
        raise ZeroDivisionError

    duty = a_duty()
    attempts = Attempts(database)
    attempts.round(duty, NOW)
    failing = Duty(work=duty.work, items=duty.items, do=duty.do, waits=fail)
    attempts.round(failing, NOW)

    assert attempts.rest_of(failing) == REST_SECONDS


@pytest.mark.parametrize("undo_seconds", [0, 30])
def test_a_launch_is_looked_at_often_until_it_has_started(house: House, undo_seconds: int):
    duties = {duty.work: duty for duty in scheduler_duties(house)}
    waits = duties[Work.UNDO if undo_seconds else Work.START]
    before = rest_after(house.database, waits)
    with house.database.write() as session:
        draft = experiments.given_draft(session, people=20)
        start = LaunchDraft(undo_seconds=undo_seconds, at=experiments.NOW + timedelta(days=3))
        lifecycle.launch(session, draft, start, by="Ann", now=experiments.NOW)
    scheduled = rest_after(house.database, waits)
    with house.database.write() as session:
        session.get_one(Experiment, draft.id).status = Status.RUNNING

    assert (before, scheduled) == (LONG_SECONDS, SOON_SECONDS)
    assert rest_after(house.database, waits) == LONG_SECONDS


def test_mails_that_wait_are_looked_at_often(database: Database, tmp_path: Path):
    async def before_and_after() -> list[bool]:
        async with serving(Mailbox()) as transport:
            sender = delivery.sender(database, tmp_path, transport)
            found = [sender.is_waited_for()]
            delivery.launched(database, people=1)
            found.append(sender.is_waited_for())
            await delivery.run(sender)
            return [*found, sender.is_waited_for()]

    assert asyncio.run(before_and_after()) == [False, True, False]


def test_a_notice_that_waits_is_looked_at_often(database: Database):
    given: dict[str, Any] = {"kind": "test", "recipient": "ann@example.com", "subject": "x"}
    with database.write() as session:
        session.add(Notice(**given, text="x", html="x", due_at=NOW, created_at=NOW))
    with database.read() as session:
        assert mail_store.is_any_queued(session)


def test_a_folder_hears_what_another_one_wrote(house: House, other: House):
    signs = house.signs(afar_seconds=0)
    before = signs()
    with other.database.read():
        pass
    with other.database.write_unheard():
        pass
    unheard = signs()
    with other.database.write():
        pass

    assert before == unheard != signs()


def test_every_change_is_a_sign_of_its_own(house: House, other: House):
    signs, found = house.signs(afar_seconds=0), list[object]()
    for database in (other.database, house.database, other.database):
        with database.write():
            pass
        found.append(signs())

    assert len({repr(one) for one in found}) == 3


def test_a_database_that_cannot_tell_others_keeps_what_was_written(tmp_path: Path):
    """A sequence that is not there yet, or a connection that broke after the commit."""
    database = Database(f"sqlite:///{tmp_path / 'none'}")
    afar = Afar(database.engine)
    afar.note()

    assert afar.seen() is None
    database.close()


def test_an_edge_asks_for_edits_after_a_sign_and_not_before(
    house: House, other: House, monkeypatch: pytest.MonkeyPatch
):
    answers = count(1)
    state = "app.main.destination_store.destinations_state"
    monkeypatch.setattr(state, lambda _: (next(answers), 0))
    asked = Tracking(house)._destinations._state
    found = [asked()[0], asked()[0]]
    with other.database.write():
        pass

    assert [*found, asked()[0], asked()[0]] == [1, 1, 2, 2]


def test_what_only_a_sign_changes_is_looked_at_seldom_without_one(house: House):
    duties = {duty.work: duty for duty in ingester_duties(house)}

    assert rest_after(house.database, duties[Work.SNAPSHOT]) == LONG_SECONDS

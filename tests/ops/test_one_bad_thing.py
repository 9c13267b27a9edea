"""Each kind of work is poisoned in turn: what fails is put off with a reason, the others go on."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from app.delivery.models import Send, State
from app.experiments.models import Experiment, Status
from app.okr.models import ValueSource
from app.ops.installation import House, open_house
from app.ops.periodic_steps import duties_of
from app.outreach import digests, failing, fanout, troubles
from app.outreach.schemas import DigestDraft
from app.platform import config, install, put_off
from app.platform.db import Database
from app.platform.duties import Attempts, Duty
from app.platform.errors import Invalid
from app.platform.events import Event
from app.platform.put_off import PAUSES, PutOff, Work
from app.tally.models import Counter
from app.worker import ingester_duties, scheduler_duties
from tests.analysis import scenes as analysis
from tests.delivery import scenes as delivery
from tests.delivery.servers import Mailbox, serving
from tests.experiments import scenes as experiments
from tests.okr.scenes import given_key_result, given_objective

NOW = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
OF_THE_SENDER = {Work.SEND}  # it is no loop of its own: reserving goes by experiment, see below


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    house = open_house(config.load(data_dir=tmp_path / "data", database_url=database_url))
    with house.database.write() as session:
        install.ensure(session, now=NOW)
    yield house
    house.database.close()


def registry(house: House) -> dict[Work, Duty]:
    every = [*scheduler_duties(house), *duties_of(house), *ingester_duties(house)]
    return {duty.work: duty for duty in every}


def rows(database: Database) -> list[PutOff]:
    with database.read() as session:
        return list(session.exec(select(PutOff).order_by(PutOff.item)))


def test_every_kind_of_work_is_in_the_registry_and_has_a_name(house: House):
    assert set(registry(house)) | OF_THE_SENDER == set(Work)
    assert set(troubles.WORDS) == set(Work)


@pytest.mark.parametrize("work", sorted(set(Work) - OF_THE_SENDER))
@pytest.mark.parametrize("where", ["looking", "doing"])
def test_of_three_items_the_one_that_fails_is_put_off(house: House, work: Work, where: str):
    done: list[str] = []

    def do(item: str, _now: datetime) -> int:
        if (item, where) == ("bad", "doing"):
            raise ZeroDivisionError
        done.append(item)
        return 1

    def is_due(_session: Session, item: str, _now: datetime) -> bool:
        if (item, where) == ("bad", "looking"):
            raise Invalid("The column is gone.")
        return True

    def together(_items: Any, _now: datetime) -> int:
        raise ZeroDivisionError  # as a transaction in which one fails

    duty = registry(house)[work]
    poisoned = replace(
        duty,
        items=lambda _session, _now: [one for one in ("one", "bad", "two") if one not in done],
        do=do,
        is_due=is_due,
        together=together if duty.together else None,
    )
    attempts = Attempts(house.database)
    for _ in range(3 if duty.at_once else 1):  # where others wait for the loop, one at a time
        attempts.round(poisoned, NOW)
    (row,) = rows(house.database)

    assert done == ["one", "two"]
    assert (row.work, row.item, row.attempts, row.next_at) == (work, "bad", 1, NOW + PAUSES[0])
    assert row.reason.startswith("The column" if where == "looking" else "Something unexpected")


def test_it_is_tried_later_each_time_and_leaves_when_it_is_done(database: Database):
    tried: list[datetime] = []

    def do(_item: str, now: datetime) -> int:
        tried.append(now)
        if len(tried) < 8:
            raise ZeroDivisionError
        return 1

    duty = Duty(work=Work.PLAN, items=lambda _session, _now: ["x"], do=do)
    attempts, now = Attempts(database), NOW
    while len(tried) < 8:
        attempts.round(duty, now)
        now += timedelta(seconds=5)
    waits = [after - before for before, after in pairwise(tried)]

    assert waits == [*PAUSES, PAUSES[-1]]
    assert rows(database) == []


def test_workers_that_fail_at_the_same_moment_make_it_wait_as_one_does(database: Database):
    second, reached = Attempts(database), list[str]()

    def fail(item: str, now: datetime) -> int:
        reached.append(item)
        if len(reached) % 2:  # while the first is at it, the second begins with it, too
            second.round(duty, now)
        raise ZeroDivisionError

    duty = Duty(work=Work.PLAN, items=lambda _session, _now: ["x"], do=fail)
    now, waits = NOW, list[timedelta]()
    for _ in PAUSES:
        Attempts(database).round(duty, now)
        (row,) = rows(database)
        waits.append(row.next_at - now)
        now = row.next_at

    assert len(reached) == 2 * len(PAUSES)
    assert (waits, row.attempts) == ([*PAUSES], len(PAUSES))


@pytest.mark.parametrize("work", [Work.SEND, Work.START, Work.PUSH])
def test_what_the_databases_trouble_kept_from_being_done_waits_for_no_longer_than_that(
    database: Database, work: Work
):
    def fail(_item: str, _now: datetime) -> int:
        raise OperationalError("", {}, Exception("terminating connection"))

    duty = Duty(work=work, items=lambda _session, _now: ["x"], do=fail)
    now, waits = NOW, list[timedelta]()
    for _ in PAUSES:
        Attempts(database).round(duty, now)
        (row,) = rows(database)
        waits.append(row.next_at - now)
        now = row.next_at

    assert max(waits) == PAUSES[1]
    assert row.reason.startswith("The database is out of reach")


def test_a_clock_that_was_set_back_keeps_nothing_waiting(database: Database):
    tried: list[datetime] = []
    duty = Duty(work=Work.PLAN, items=lambda _session, _now: ["x"], do=_failing(tried))
    Attempts(database).round(duty, NOW)
    Attempts(database).round(duty, NOW - timedelta(days=1))

    assert len(tried) == 2


def test_what_is_due_no_longer_leaves_the_list(database: Database):
    due = ["x"]
    duty = Duty(work=Work.PLAN, items=lambda _session, _now: due, do=_failing([]))
    attempts = Attempts(database)
    attempts.round(duty, NOW)
    due.clear()
    attempts.round(duty, NOW)

    assert rows(database) == []


def test_a_question_that_fails_for_all_is_put_off_as_a_whole_and_not_for_long(database: Database):
    asked: list[datetime] = []

    def items(_session: Session, now: datetime) -> list[str]:
        asked.append(now)
        if len(asked) < 10:
            raise ZeroDivisionError
        return []

    duty = Duty(work=Work.PLAN, items=items, do=_failing([]), is_shared=False)
    for minute in range(9):
        for second in (0, 1):  # the second time it rests
            Attempts(database).round(duty, NOW + timedelta(minutes=minute, seconds=second))
    (row,) = rows(database)
    Attempts(database).round(duty, NOW + timedelta(minutes=9))

    assert (row.item, row.next_at - NOW) == ("", timedelta(minutes=8, seconds=15))
    assert len(asked) == 10
    assert rows(database) == []


def test_a_batch_that_fails_is_taken_apart(database: Database):
    done: list[str] = []

    def do(item: str, _now: datetime) -> int:
        if item == "bad":
            raise ZeroDivisionError
        done.append(item)
        return 1

    def together(items: Any, _now: datetime) -> int:
        raise ZeroDivisionError

    names = ["a", "bad", "b"]
    duty = Duty(work=Work.TELL, items=lambda *_: names, do=do, together=together)

    assert Attempts(database).round(duty, NOW) == 2
    assert done == ["a", "b"]


def test_a_person_tries_it_now_or_no_more(database: Database):
    tried: list[datetime] = []
    duty = Duty(work=Work.PLAN, items=lambda _session, _now: ["x"], do=_failing(tried))
    attempts = Attempts(database)
    attempts.round(duty, NOW)
    (row,) = rows(database)
    for change, more in (("cancel", 0), ("retry", 1)):
        with database.write() as session:
            if change == "cancel":
                troubles.cancel(session, row.id, by="Ann", now=NOW)
            else:
                troubles.retry(session, row.id, now=NOW)
        before = len(tried)
        attempts.round(duty, NOW + timedelta(hours=2 * more))

        assert len(tried) - before == more


def _failing(tried: list[datetime]) -> Callable[[str, datetime], int]:
    def do(_item: str, now: datetime) -> int:
        tried.append(now)
        raise ZeroDivisionError

    return do


GARBAGE: dict[str, Any] = {
    "rule": {"kind": "threshold", "method": "sequential"},
    "waves": [{"people": "many"}, {}],
    "stop_at": "soon",
    "arms": 7,
    "key_results": [],
}


def poisoned(session: Session, status: Status, **fields: Any) -> str:
    """An experiment of which nothing can be made."""
    row = Experiment(
        name="Poison", design=GARBAGE, status=status, created_at=NOW, updated_at=NOW,
        audience_id="none", launched_at=NOW, scheduled_at=NOW, plan={}, **fields,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def queued(session: Session, experiment_id: str) -> None:
    (number,) = install.take_send_ids(session, 1)
    session.add(
        Send(
            id=number, experiment_id=experiment_id, arm="x", person_id="nobody", due_at=NOW,
            state=State.QUEUED,
        )
    )  # fmt: skip


def counted(session: Session, experiment_id: str) -> None:
    session.add(Counter(experiment_id=experiment_id, arm="x", hour=NOW, stratum=""))


@dataclass
class Case:
    """The item that is poisoned, and whether its healthy neighbour was done."""

    bad: str
    is_done: Callable[[Session], bool]


def a_start(session: Session) -> Case:
    bad = poisoned(session, Status.SCHEDULED)
    draft = experiments.given_draft(session, people=20)
    experiments.launch(session, draft)
    return Case(bad, lambda s: s.get_one(Experiment, draft.id).status == Status.RUNNING)


def a_plan(session: Session) -> Case:
    bad = poisoned(session, Status.RUNNING, started_at=NOW)
    well = delivery.enrolled(session, people=3)
    return Case(bad, lambda s: len(_sends(s, well.id)) == 3)


def an_end(session: Session) -> Case:
    bad = poisoned(session, Status.RUNNING, started_at=NOW)
    queued(session, bad)
    well = delivery.enrolled(session, people=0, stop_at=NOW.isoformat())
    queued(session, well.id)
    return Case(bad, lambda s: {one.state for one in _sends(s, well.id)} == {State.SKIPPED})


def a_result(session: Session) -> Case:
    bad = poisoned(session, Status.MEASURING, started_at=NOW)
    counted(session, bad)
    well = analysis.given_experiment(session)
    analysis.mail(session, well, 600)
    return Case(bad, lambda s: bool(s.exec(select(Event).where(Event.subject == well.id)).all()))


def a_telling(session: Session) -> Case:
    bad = Event(at=NOW, kind=fanout.VALUED, subject="gone", facts={})
    well = Event(at=NOW, kind="week.frozen", subject="2026-W47", facts={})
    session.add_all([bad, well])
    session.flush()
    return Case("gone", lambda s: s.get_one(Event, well.id).told_at is not None)


def a_digest(session: Session) -> Case:
    draft = DigestDraft(recipients=["ann@shop.example"], sends_at="Tuesday 09:00")
    digests.put(session, draft, now=NOW - timedelta(days=7))
    put_off.owe(session, Work.DIGEST, "never ann@shop.example", now=NOW)
    week = "2026-W47 ann@shop.example"
    return Case("never ann@shop.example", lambda s: week in put_off.of_work(s, Work.DIGEST))


POISONS: dict[Work, Callable[[Session], Case]] = {
    Work.START: a_start,
    Work.PLAN: a_plan,
    Work.SKIP: an_end,
    Work.FREEZE: a_result,
    Work.TELL: a_telling,
    Work.DIGEST: a_digest,
}


@pytest.mark.parametrize("work", POISONS)
def test_a_poisoned_row_stops_no_other(house: House, work: Work):
    with house.database.write() as session:
        case = POISONS[work](session)
    at = analysis.CLOSED if work is Work.FREEZE else NOW
    Attempts(house.database).round(registry(house)[work], at)

    with house.database.read() as session:
        assert case.is_done(session)
        failed = [row for row in rows(house.database) if row.attempts]
        assert [(row.work, row.item) for row in failed] == [(work, case.bad)]
        (said,) = failing.failing(session)
        assert said.reason
        assert "@" not in said.what + said.href


def test_a_poisoned_experiment_stops_the_sending_of_no_other(database: Database, tmp_path: Path):
    well = delivery.launched(database, people=3)
    with database.write() as session:
        bad = poisoned(session, Status.RUNNING, started_at=NOW)
        queued(session, bad)
    mailbox = Mailbox()

    async def send() -> None:
        async with serving(mailbox) as transport:
            await delivery.run(delivery.sender(database, tmp_path, transport), at=NOW)

    asyncio.run(send())

    assert len(mailbox.taken) == 3
    assert [(row.work, row.item) for row in rows(database)] == [(Work.SEND, bad)]
    with database.read() as session:
        assert {one.state for one in _sends(session, well)} == {State.SENT}


def test_a_source_that_cannot_be_read_says_so_itself(house: House):
    with house.database.write() as session:
        objective = given_objective(session)
        sql = {"connection": "GONE", "query": "SELECT 1"}
        row = given_key_result(session, objective, source="sql", sql=sql)
    Attempts(house.database).round(registry(house)[Work.READ], NOW)

    with house.database.read() as session:
        assert session.get_one(ValueSource, row.id).error
        assert [one.href for one in failing.failing(session)] == [f"/key-results/{row.id}"]


def _sends(session: Session, experiment_id: str) -> list[Send]:
    return list(session.exec(select(Send).where(Send.experiment_id == experiment_id)))

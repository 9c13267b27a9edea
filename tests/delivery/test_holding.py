"""The holdout passes the queue like everybody and gets nothing; a wave waits for its turn."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select, update

from app.delivery import planning, progress
from app.delivery.models import Send, State
from app.experiments.models import Enrolment, Experiment
from app.platform.db import Database
from app.tally.models import Outcome
from tests.delivery import scenes
from tests.delivery.scenes import NOW
from tests.delivery.servers import Mailbox, serving


def given(database: Database, *, people: int, **changes: Any) -> str:
    """Everybody enrolled, nobody planned yet."""
    with database.write() as session:
        return scenes.enrolled(session, people=people, **changes).id


def change(database: Database, name: str, count: int, **fields: object) -> None:
    """Put the first so many into another arm or wave."""
    with database.write() as session:
        ids = session.exec(
            select(Enrolment.id)
            .where(Enrolment.experiment_id == name)
            .order_by(col(Enrolment.id))
            .limit(count)
        ).all()
        session.execute(update(Enrolment).where(col(Enrolment.id).in_(ids)).values(**fields))


async def _send(database: Database, folder: Path, mailbox: Mailbox, **at: object) -> None:
    async with serving(mailbox) as transport:
        await scenes.run(scenes.sender(database, folder, transport), **at)  # type: ignore[arg-type]


def test_the_holdout_is_released_counted_and_gets_no_mail(database: Database, tmp_path: Path):
    name = given(database, people=40)
    change(database, name, 15, arm="holdout")
    planning.plan(database, name, now=NOW)
    mailbox = Mailbox()
    asyncio.run(_send(database, tmp_path, mailbox))
    with database.read() as session:
        seen = progress.progress_of(session, session.get_one(Experiment, name))
    outcomes = scenes.outcomes(database)

    assert len(mailbox.taken) == seen.sent == 25
    assert (seen.held, seen.enrolled) == (15, 40)
    assert sum(one.arm == "holdout" and not one.sent for one in outcomes) == 15
    assert {one.closes_at - one.released_at for one in outcomes} == {timedelta(hours=72)}


def test_the_holdout_uses_up_nothing_of_the_mails_a_minute(database: Database, tmp_path: Path):
    name = given(database, people=60, rate=60)
    change(database, name, 40, arm="holdout")  # those whose turn comes first
    planning.plan(database, name, now=NOW)
    mailbox = Mailbox()

    async def two_seconds() -> list[int]:
        taken = []
        async with serving(mailbox) as transport:
            sender = scenes.sender(database, tmp_path, transport)
            for tenths in range(21):
                await sender.step(NOW + timedelta(seconds=tenths / 10))
                taken.append(len(mailbox.taken))
        return taken

    taken = asyncio.run(two_seconds())

    assert (taken[0], taken[9], taken[20]) == (1, 1, 3)
    assert scenes.states(database).count(State.HELD) == 40


def test_a_later_wave_waits_for_its_hour_and_for_being_opened(database: Database, tmp_path: Path):
    waves = [{"share": 0.5, "after_hours": 0}, {"share": 0.5, "after_hours": 24}]
    name = given(database, people=20, waves=waves)
    change(database, name, 8, wave=1)
    planning.plan(database, name, now=NOW)
    tomorrow = NOW + timedelta(hours=25)
    first, closed, opened = Mailbox(), Mailbox(), Mailbox()
    asyncio.run(_send(database, tmp_path, first))
    asyncio.run(_send(database, tmp_path, closed, at=tomorrow))
    with database.write() as session:
        session.get_one(Experiment, name).open_wave = 1
    asyncio.run(_send(database, tmp_path, opened, at=tomorrow))

    assert [len(box.taken) for box in (first, closed, opened)] == [12, 0, 8]


def test_whoever_had_another_mail_meanwhile_is_passed_over_in_every_arm(
    database: Database, tmp_path: Path
):
    waves = [{"share": 0.5, "after_hours": 0}, {"share": 0.5, "after_hours": 24}]
    name = given(database, people=20, waves=waves, exclude={"cooling_off_days": 7})
    change(database, name, 12, wave=1)
    change(database, name, 6, arm="holdout")
    planning.plan(database, name, now=NOW)
    other = mailed_too(database, name, people=9, at=NOW + timedelta(hours=3))
    first, second = Mailbox(), Mailbox()
    asyncio.run(_send(database, tmp_path, first))
    with database.write() as session:
        session.get_one(Experiment, name).open_wave = 1
    asyncio.run(_send(database, tmp_path, second, at=NOW + timedelta(hours=25)))
    passed = [send for send in scenes.sends(database) if send.state == State.SKIPPED]

    assert (len(first.taken), len(second.taken)) == (8, 3)
    assert [send.arm for send in passed].count("holdout") == 6
    assert {send.person_id for send in passed} == other
    assert {send.last_reply for send in passed} == {
        "This person had a mail of another experiment within the cooling-off days."
    }


def mailed_too(database: Database, name: str, *, people: int, at: datetime) -> set[str]:
    """Another experiment, that asks nobody to cool off, mails the first so many people."""
    with database.write() as session:
        query = select(Enrolment).where(Enrolment.experiment_id == name)
        rows = session.exec(query.order_by(col(Enrolment.id)).limit(people)).all()
        for number, row in enumerate(rows, start=1):
            same: dict[str, Any] = {"experiment_id": "another", "arm": "a"}
            session.add(Enrolment(id=number, person_id=row.person_id, **same))
            session.add(
                Outcome(
                    send_id=number, released_at=at, closes_at=at, mailed_at=at, sent=True, **same
                )
            )
        return {row.person_id for row in rows}


def test_traits_are_kept_with_the_outcome(database: Database, tmp_path: Path):
    metric = {"kind": "value_per_person", "event": "paid", "window_hours": 72}
    name = given(database, people=3, segments=["name"], metric=metric | {"covariate": "euros"})
    planning.plan(database, name, now=NOW)
    asyncio.run(_send(database, tmp_path, Mailbox()))

    assert [(one.stratum, one.covariate) for one in scenes.outcomes(database)] == [
        (f'["Baker {n}"]', 40.0 + n) for n in range(3)
    ]


def test_nobody_of_the_holdout_is_sent_to_after_a_restart(database: Database, tmp_path: Path):
    name = given(database, people=5)
    change(database, name, 5, arm="holdout")
    planning.plan(database, name, now=NOW)
    for _ in range(2):
        mailbox = Mailbox()
        asyncio.run(_send(database, tmp_path, mailbox))

    assert mailbox.taken == []
    with database.read() as session:
        states = set(session.exec(select(Send.state)).all())
    assert states == {State.HELD}

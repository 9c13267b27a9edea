"""Cooling off counts mails, whatever wave or arm; who got nothing is free, and nobody gets two."""

import threading
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.experiments import lifecycle
from app.experiments import store as experiments
from app.experiments.models import Enrolment, Experiment, Feature, Slice, Status
from app.platform.db import Database
from app.tally.models import Outcome
from tests.experiments.scenes import (
    NOW,
    enrolled,
    given_audience,
    given_draft,
    launch,
    left_out,
    scheduled,
    settle,
)

_PEOPLE = 60
_COOLS = {"cooling_off_days": 7}
# What became of a released person, and whether a mail arrived, or may have.
ENDS: dict[str, tuple[dict[str, Any], bool]] = {
    "taken": ({"sent": True}, True),
    "taken, then returned": ({"sent": True, "bounced": True}, False),
    "uncertain": ({"uncertain": True}, True),
    "refused": ({"failed": True}, False),
    "no such address": ({"bounced": True}, False),
}


def released(session: Session, experiment_id: str, *, at: Any = NOW, **fields: Any) -> None:
    """Everybody enrolled was released, all with the same end."""
    rows = session.exec(select(Enrolment).where(Enrolment.experiment_id == experiment_id)).all()
    outcome = {"arm": "insight", "released_at": at, "closes_at": NOW, "mailed_at": at} | fields
    session.add_all(Outcome(send_id=row.id, experiment_id=experiment_id, **outcome) for row in rows)


def followed_by(database: Database, first: str, **exclude: Any) -> Experiment:
    with database.read() as session:
        audience_id = session.get_one(Experiment, first).audience_id
    return settle(database, scheduled(database, audience_id=audience_id, exclude=exclude))


def ended(database: Database, name: str, status: Status) -> None:
    with database.write() as session:
        session.get_one(Experiment, name).status = status


@pytest.mark.parametrize(
    ("end", "days", "arm"), list(product(ENDS, (6, 8), ("insight", "holdout")))
)
def test_only_a_mail_that_may_have_arrived_lately_holds_somebody_off(
    database: Database, end: str, days: int, arm: str
):
    first = settle(database, scheduled(database, people=_PEOPLE)).id
    fields, arrived = ENDS[end]
    with database.write() as session:
        released(session, first, at=NOW - timedelta(days=days), arm=arm, **fields)
    ended(database, first, Status.MEASURING)

    second = followed_by(database, first, **_COOLS)

    is_held_off = arrived and days < 7 and arm != "holdout"
    assert len(enrolled(database, second.id)) == (0 if is_held_off else _PEOPLE)


def test_a_mail_that_a_server_put_off_for_days_counts_from_its_arrival(database: Database):
    first = settle(database, scheduled(database, people=_PEOPLE)).id
    with database.write() as session:
        late = {"mailed_at": NOW - timedelta(days=6), "sent": True}
        released(session, first, at=NOW - timedelta(days=8), **late)
    ended(database, first, Status.MEASURING)

    assert enrolled(database, followed_by(database, first, **_COOLS).id) == []


def test_a_mail_on_its_way_holds_off_however_long_ago_it_was_released(database: Database):
    first = settle(database, scheduled(database, people=_PEOPLE)).id
    with database.write() as session:
        released(session, first, at=NOW - timedelta(days=8), mailed_at=None)
    ended(database, first, Status.MEASURING)

    assert enrolled(database, followed_by(database, first, **_COOLS).id) == []


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.RUNNING, Status.PAUSED])
@pytest.mark.parametrize("exclude", ["cooling_off", "excluded"])
def test_who_is_about_to_be_released_is_spoken_for_in_every_arm(
    database: Database, status: Status, exclude: str
):
    first = settle(database, scheduled(database, people=_PEOPLE)).id
    ended(database, first, status)
    with database.write() as session:
        half = [one.id for one in enrolled(database, first)[::2]]
        session.execute(update(Enrolment).where(col(Enrolment.id).in_(half)).values(arm="holdout"))
    design = _COOLS if exclude == "cooling_off" else {"experiment_ids": [first]}
    second = followed_by(database, first, **design)

    assert {one.arm for one in enrolled(database, first)} == {"insight", "holdout"}
    assert enrolled(database, second.id) == []
    assert set(left_out(database, second.id).values()) == {exclude}


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.DECIDED])
@pytest.mark.parametrize("named", [False, True])
def test_a_run_that_ended_frees_whom_it_passed_over(
    database: Database, status: Status, named: bool
):
    first = settle(database, scheduled(database, people=_PEOPLE)).id
    ended(database, first, status)
    second = followed_by(database, first, **({"experiment_ids": [first]} if named else _COOLS))

    assert len(enrolled(database, second.id)) == _PEOPLE


def test_two_that_start_at_the_same_moment_share_nobody(database: Database):
    with database.write() as session:
        audience_id = given_audience(session, 300)
    names = [scheduled(database, audience_id=audience_id, exclude=_COOLS) for _ in range(2)]
    starts = [threading.Thread(target=settle, args=(database, name)) for name in names]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    first, second = ({one.person_id for one in enrolled(database, name)} for name in names)

    assert first | second
    assert first & second == set()
    assert len(first | second) == 300


@pytest.mark.parametrize(
    ("others", "left"),
    [([], "idea"), (["decided"], "decided"), (["decided", "measuring"], "testing")],
)
def test_a_cancelled_run_frees_its_slice(session: Session, others: list[str], left: str):
    feature = Feature(title="Lists", created_at=NOW)
    session.add(feature)
    session.flush()
    one = Slice(feature_id=feature.id, title="A list", created_at=NOW)
    session.add(one)
    session.flush()
    for number, status in enumerate([*others, "draft"]):
        audience_id = given_audience(session, 1, name=f"Bakers{number}")
        experiment = given_draft(session, audience_id=audience_id, slice_id=one.id)
        experiment.status = status
    session.flush()
    launch(session, experiment)
    session.flush()
    before = slice_status(session, one.id)
    lifecycle.cancel(session, experiments.locked(session, experiment.id), now=NOW)

    assert (before, slice_status(session, one.id)) == ("testing", left)


def slice_status(session: Session, slice_id: str) -> str:
    return session.exec(select(col(Slice.status)).where(col(Slice.id) == slice_id)).one()

"""Who is queued, who counts, who is passed over; and what others may ask about it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from app.audience import suppression_store
from app.audience.models import Person
from app.delivery import destination_store, feedback, person_store, planning, progress, queue_store
from app.delivery import store as delivery_store
from app.delivery.facts import DeliveryFacts
from app.delivery.models import Send, State
from app.delivery.transports.outbox import Outbox
from app.experiments.models import Experiment, Status
from app.experiments.vocabulary import MailKind
from app.platform.config import Privacy
from app.platform.db import Database
from tests.delivery import scenes
from tests.delivery.scenes import ARM, NOW
from tests.duties import pass_over


def test_planning_twice_queues_everybody_once(database: Database):
    experiment_id = scenes.launched(database, people=5)

    again = planning.plan(database, experiment_id, now=NOW)

    assert again == 0
    assert scenes.states(database) == [State.QUEUED] * 5


def test_an_experiment_is_unplanned_until_all_its_sends_are_there(database: Database):
    with database.write() as session:
        experiment_id = scenes.enrolled(session, people=2).id
        before = (
            queue_store.experiments_unplanned(session),
            queue_store.all_released(session),
        )

    planning.plan(database, experiment_id, now=NOW)

    assert before == ([experiment_id], [])
    with database.read() as session:
        assert queue_store.experiments_unplanned(session) == []
        assert queue_store.all_released(session) == []


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.DECIDED])
def test_whoever_was_not_planned_when_it_ended_is_passed_over(database: Database, status: Status):
    with database.write() as session:
        experiment = scenes.enrolled(session, people=4)
        experiment.status = status
        unplanned = queue_store.experiments_unplanned(session)
        seen = progress.progress_of(session, experiment)

    planned = planning.plan(database, experiment.id, now=NOW)

    assert (unplanned, planned) == ([experiment.id], 4)
    assert (seen.enrolled, seen.queued, seen.skipped) == (4, 0, 4)
    assert scenes.states(database) == [State.SKIPPED] * 4
    with database.read() as session:
        assert queue_store.experiments_unplanned(session) == []


def test_a_cancel_between_two_chunks_of_planning_queues_nobody_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    with database.write() as session:
        experiment = scenes.enrolled(session, people=5)
    monkeypatch.setattr(planning, "_CHUNK", 2)
    real = queue_store.plan

    def cancelled_after_the_first(session: Session, *args: Any, **named: Any) -> Sequence[int]:
        ids = real(session, *args, **named)
        session.get_one(Experiment, experiment.id).status = Status.CANCELLED
        return ids

    monkeypatch.setattr(queue_store, "plan", cancelled_after_the_first)
    planning.plan(database, experiment.id, now=NOW)
    before = scenes.states(database)
    while pass_over(database, NOW):
        pass

    assert before == [State.QUEUED] * 2 + [State.SKIPPED] * 3
    assert scenes.states(database) == [State.SKIPPED] * 5


def test_nothing_is_left_once_everybody_was_released(database: Database, tmp_path: Path):
    experiment_id = scenes.launched(database, people=3)

    _send(database, tmp_path)

    with database.read() as session:
        assert queue_store.all_released(session) == [experiment_id]


def test_the_links_of_an_arm_are_kept_in_their_order(session: Session):
    body = '[one](https://a.example "first") [{{ name }}](https://b.example/{{ id }}) [x](answer:)'
    experiment = scenes.enrolled(session, people=1, arms=[ARM | {"body": body}], honeypot=True)

    found = planning.links_in(experiment, "insight")
    links = planning.add_set(session, experiment.id, "insight", found, purpose="send", now=NOW)

    rows = destination_store.destinations_of(session, links.id)
    assert [(row.link, row.kind, row.label, row.address) for row in rows] == [
        (1, "fixed", "first", "https://a.example"),
        (2, "personal", "{{ name }}", "https://b.example/{0}"),
        (3, "answer", "x", "answer:"),
        (4, "fixed", "honeypot", "/"),
    ]
    assert links.links == 3


def test_the_window_closes_at_the_stop_date_at_the_latest(database: Database, tmp_path: Path):
    stop = NOW + timedelta(hours=5)
    scenes.launched(database, people=1, stop_at=stop.isoformat())

    _send(database, tmp_path)

    assert scenes.outcomes(database)[0].closes_at == stop


def test_whoever_is_not_released_by_the_stop_date_is_skipped(database: Database):
    scenes.launched(database, people=3, stop_at=NOW.isoformat())

    pass_over(database, NOW)

    assert scenes.states(database) == [State.SKIPPED] * 3


def test_progress_adds_up_before_and_after_planning(database: Database, tmp_path: Path):
    with database.write() as session:
        experiment = scenes.enrolled(session, people=4)
        before = progress.progress_of(session, experiment)
    planning.plan(database, experiment.id, now=NOW)
    _suppress(database, 1)
    _send(database, tmp_path)

    with database.read() as session:
        after = progress.progress_of(session, session.get_one(Experiment, experiment.id))

    assert (before.enrolled, before.queued) == (4, 4)
    assert (after.enrolled, after.sent, after.skipped, after.queued) == (4, 3, 1, 0)


def test_unsubscribing_is_in_force_for_what_is_queued_and_counts_once(
    database: Database, tmp_path: Path
):
    scenes.launched(database, people=60)
    asyncio.run(scenes.sender(database, tmp_path, Outbox(database)).step(NOW))
    first, *_, last = (send.id for send in scenes.sends(database))

    for send_id in (first, first, last, 0, 12345):
        with database.write() as session:
            feedback.unsubscribe(session, send_id, now=NOW)
    _send(database, tmp_path)

    told = [row.send_id for row in scenes.outcomes(database) if row.unsubscribed_at]
    assert told == [first]
    assert scenes.sends(database)[-1].state == State.SKIPPED


@pytest.mark.parametrize("design", [{}, {"mail_kind": "offers"}])
@pytest.mark.parametrize("off", ["offers", "other"])
def test_a_kind_that_is_turned_off_is_in_force_for_what_is_queued_and_reserved(
    database: Database, tmp_path: Path, design: dict[str, str], off: str
):
    scenes.launched(database, people=4, **design)
    ids = [send.id for send in scenes.sends(database)]
    is_meant = off == design.get("mail_kind", "other")
    with database.write() as session:
        feedback.turn_off(session, ids[3], [MailKind(off)], now=NOW)
    for n in (0, 1):  # reserved, and turned off meanwhile
        with database.write() as session:
            send = session.get_one(Send, ids[n])
            send.state, send.holder = State.SENDING, "me"
            session.flush()
            if n:
                feedback.turn_off(session, send.id, [MailKind(off)], now=NOW)
    with database.read() as session:
        wanted = delivery_store.still_wanted(session, ids, holder="me")
    _send(database, tmp_path)
    last = scenes.sends(database)[3]

    assert wanted == ({ids[0]} if is_meant else {ids[0], ids[1]})
    assert last.state == (State.SKIPPED if is_meant else State.SENT)
    assert ("turned off this kind" in (last.last_reply or "")) is is_meant


def test_facts_tell_what_a_verdict_needs(database: Database, tmp_path: Path):
    experiment_id = scenes.launched(database, people=2)
    _send(database, tmp_path)
    send = scenes.sends(database)[0]

    with database.read() as session:
        known = DeliveryFacts(Privacy.STANDARD).facts_of(session, [send.id, 999])
        links = destination_store.set_of(session, experiment_id, "insight")
        assert links is not None
        assert set(known) == {send.id}
        assert known[send.id].set_id == links.id
        assert known[send.id].accepted_at == send.accepted_at
        assert (known[send.id].settled, known[send.id].links_total) == (True, 1)


@pytest.mark.parametrize(
    ("privacy", "consent", "allowed"),
    [
        (Privacy.STANDARD, "unknown", True),
        (Privacy.STANDARD, "no", False),
        (Privacy.CONSENT, "unknown", False),
        (Privacy.CONSENT, "yes", True),
        (Privacy.AGGREGATE, "yes", False),
    ],
)
def test_consent_is_what_the_person_says_now(
    database: Database, privacy: Privacy, consent: str, allowed: bool
):
    scenes.launched(database, people=1)
    send = scenes.sends(database)[0]

    with database.write() as session:
        session.get_one(Person, send.person_id).consent_click = consent
        session.flush()
        known = DeliveryFacts(privacy).facts_of(session, [send.id])[send.id]

    assert known.clicks_allowed is allowed


def test_whoever_was_put_off_when_it_ended_is_failed(database: Database, tmp_path: Path):
    experiment_id = scenes.launched(database, people=1)
    with database.write() as session:
        experiment = session.get_one(Experiment, experiment_id)
        send = person_store.sends_page(session, experiment_id, limit=1)[0][0]
        send.released_at = NOW
        experiment.status = Status.CANCELLED

    pass_over(database, NOW)

    assert scenes.states(database) == [State.FAILED]


def _send(database: Database, folder: Path) -> None:
    asyncio.run(scenes.run(scenes.sender(database, folder, Outbox(database))))


def _suppress(database: Database, number: int) -> None:
    with database.write() as session:
        suppression_store.suppress(
            session, f"p{number}@bakery.example", "manual", by="Ann", now=NOW
        )

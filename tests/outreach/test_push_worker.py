import json
from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.outreach import connecting, push_worker, pushes
from app.outreach.models import Connector, Push, State
from app.platform.errors import Conflict
from app.platform.outbound import Answer
from tests.outreach.conftest import NOW, World


def only(world: World) -> Push:
    with world.database.read() as session:
        return session.exec(select(Push)).one()


def values(world: World) -> list[float]:
    return [json.loads(one["content"])["data"]["value"] for one in world.receiver.asked]


def test_a_push_is_sent_once_and_is_done(world: World):
    world.webhook()
    world.put(5)
    world.tell()

    tried = [world.push(), world.push()]

    assert tried == [1, 0]
    assert only(world).state == State.DONE


def test_a_receiver_that_is_down_for_three_days_gets_everything_in_order(world: World):
    world.webhook()
    up_at = NOW + timedelta(days=3)
    world.receiver.says = lambda _asked: Answer(200, {}, b"") if world.now >= up_at else None
    for value in (1.0, 2.0, 3.0):
        world.put(value)
        world.run(timedelta(hours=1), timedelta(minutes=10))

    world.run(timedelta(days=4), timedelta(minutes=30))

    taken = values(world)[-3:]
    assert taken == [1.0, 2.0, 3.0]
    assert set(values(world)[:-3]) == {1.0}
    assert len({one["headers"]["webhook-id"] for one in world.receiver.asked}) == 3


def test_tries_come_at_the_published_times(world: World):
    world.webhook()
    world.receiver.says = lambda _asked: None
    world.put(5)
    world.tell()
    waits = []
    while only(world).state != State.STOPPED:
        world.push()
        push = only(world)
        waits.append((push.due_at - world.now).total_seconds())
        world.now = max(world.now, push.due_at)

    assert waits[:-1] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert only(world).attempts == 10


def test_retry_after_puts_a_try_off(world: World):
    world.webhook()
    world.receiver.says = lambda _asked: Answer(429, {"retry-after": "3600"}, b"")
    world.put(5)
    world.tell()

    world.push()

    assert only(world).due_at == NOW + timedelta(hours=1)


def test_a_claimed_push_is_nobody_elses_until_the_lease_lapses(world: World):
    world.webhook()
    world.put(5)
    world.tell()
    with world.database.write() as session:
        pushes.claim(session, "hook", room=8, now=NOW, lease_until=NOW + push_worker.LEASE)

    early = world.push()
    world.now += push_worker.LEASE
    late = world.push()

    assert (early, late) == (0, 1)
    assert only(world).state == State.DONE


def test_two_workers_do_not_wait_for_or_repeat_each_other(world: World):
    world.webhook()
    world.put(5)
    world.tell()
    if world.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time: the test above says it")
    with world.database.write() as first, world.database.write() as second:
        mine = pushes.claim(first, "hook", room=8, now=NOW, lease_until=NOW + push_worker.LEASE)
        yours = pushes.claim(second, "hook", room=8, now=NOW, lease_until=NOW + push_worker.LEASE)

    assert (len(mine), len(yours)) == (1, 0)


def test_a_worker_whose_lease_lapsed_changes_nothing(world: World):
    world.webhook()
    world.put(5)
    world.tell()

    def slow(_asked: object) -> Answer:
        with world.database.write() as session:
            later = NOW + push_worker.LEASE
            pushes.claim(session, "hook", room=8, now=later, lease_until=later + push_worker.LEASE)
        return Answer(200, {}, b"")

    world.receiver.says = slow
    world.push()

    assert (only(world).state, only(world).attempts) == (State.SENDING, 2)


def test_a_value_that_is_refused_stops_and_the_next_one_goes(world: World):
    world.connector("clickup", {"key_result_id": "7"})
    answers = iter([Answer(400, {}, b"no such step"), Answer(200, {}, b"")])
    world.receiver.says = lambda _asked: next(answers)
    for value in (1, 2):
        world.put(value)
        world.tell()
        world.push()

    with world.database.read() as session:
        rows = session.exec(select(Push).order_by(col(Push.id))).all()
    assert [row.state for row in rows] == [State.STOPPED, State.DONE]
    assert "no such step" in (rows[0].last_error or "")


def test_410_disables_and_what_is_owed_stops(world: World):
    world.webhook()
    world.receiver.says = lambda _asked: Answer(410, {}, b"")
    for value in (1, 2):
        world.put(value)
    world.tell()

    world.push()

    with world.database.read() as session:
        states = session.exec(select(Push.state)).all()
        assert session.get_one(Connector, "hook").disabled_at == NOW
    assert set(states) == {State.STOPPED}


def test_a_replay_begins_anew_with_the_same_id(world: World):
    world.webhook()
    world.put(5)
    world.tell()
    world.push()
    with world.database.write() as session:
        connecting.replay(session, pushes.push_of(session, only(world).id or 0), now=NOW)

    world.push()

    assert len({one["headers"]["webhook-id"] for one in world.receiver.asked}) == 1
    assert len(world.receiver.asked) == 2


def test_a_replay_never_puts_an_old_value_over_a_newer_one(world: World):
    world.connector("clickup", {"key_result_id": "7"})
    answers = iter([Answer(400, {}, b""), Answer(200, {}, b"")])
    world.receiver.says = lambda _asked: next(answers)
    for value in (1, 2):
        world.put(value)
        world.tell()
        world.push()

    with world.database.write() as session, pytest.raises(Conflict, match="later value"):
        connecting.replay(session, pushes.pushes(session)[-1], now=NOW)

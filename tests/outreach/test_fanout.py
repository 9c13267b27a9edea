from datetime import date, timedelta

from sqlmodel import Session, col, select

from app.outreach.models import Push
from app.platform import events
from tests.outreach.conftest import NOW, World


def pushes(world: World) -> list[Push]:
    with world.database.read() as session:
        return list(session.exec(select(Push).order_by(col(Push.id))).all())


def test_an_event_is_one_push_for_each_who_wants_it_and_never_a_second(world: World):
    world.webhook()
    world.connector("clickup", {"key_result_id": "7"})
    world.put(5)

    told = [world.tell(), world.tell()]

    assert told == [1, 0]
    assert [push.connector_id for push in pushes(world)] == ["hook", "clickup"]


def test_a_webhook_gets_the_kinds_it_asked_for(world: World):
    world.webhook(events=["decision.made"])
    world.put(5)

    world.tell()

    assert pushes(world) == []


def test_an_event_that_was_committed_late_is_told_late_and_not_skipped(world: World):
    world.webhook()
    if world.database.is_sqlite:  # one writer at a time: an older id cannot be committed later
        early = events.Event(at=NOW, kind="week.frozen", subject="w")
        world.put(5)
        world.tell()
        world.add(early)
    else:
        with Session(world.database.engine) as slow:
            events.record(slow, "week.frozen", subject="w", now=NOW)
            slow.flush()
            world.put(5)
            world.tell()
            slow.commit()

    assert [push.kind for push in pushes(world)] == ["key_result.valued"]
    assert world.tell() == 1
    assert [push.kind for push in pushes(world)] == ["key_result.valued", "week.frozen"]


def test_what_was_said_with_a_value_goes_along(world: World):
    world.webhook()
    world.put(5, comment="two fairs")

    world.tell()

    facts = pushes(world)[0].facts
    assert (facts["value"], facts["comment"], facts["unit"]) == (5, "two fairs", "number")


def test_an_earlier_days_value_goes_only_where_values_carry_their_day(world: World):
    world.connector("clickup", {"key_result_id": "7"})
    world.connector("okr_tracker", {"key_result_id": "7"}, base="https://o.example", client_id="c")
    world.put(9)
    world.tell()

    world.put(4, day=date(2026, 11, 20))
    world.tell()

    assert [push.connector_id for push in pushes(world)] == [
        "clickup",
        "okr_tracker",
        "okr_tracker",
    ]


def test_a_disabled_connector_is_owed_nothing(world: World):
    row = world.connector("clickup", {"key_result_id": "7"})
    row.disabled_at = NOW - timedelta(days=1)
    world.add(row)
    world.put(5)

    world.tell()

    assert pushes(world) == []

"""Counters are the sum of the outcomes, whatever order they moved in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, delete, select

from app.platform.db import Database
from app.tally import store
from app.tally.models import Counter, DayCounter, DidCounter, LinkCounter, Outcome
from tests import outcomes
from tests.anew import count_from_outcomes

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def person(send_id: int, *, arm: str = "insight", released_at: datetime = MONDAY) -> Outcome:
    return Outcome(
        send_id=send_id,
        experiment_id="e",
        arm=arm,
        released_at=released_at,
        closes_at=released_at + 72 * HOUR,
    )


def counter(session: Session) -> Counter:
    return session.exec(select(Counter)).one()


def counters(session: Session) -> list[object]:
    session.expire_all()
    hours = session.exec(select(Counter)).all()
    days = session.exec(select(DayCounter)).all()
    did = session.exec(select(DidCounter)).all()
    moved = [row.model_dump() for row in (*hours, *days, *did)]
    return sorted(
        (sorted(row.items(), key=str) for row in moved if row.get("released") or row.get("people")),
        key=str,
    )


def test_a_released_person_is_counted_in_the_hour_of_release(session):
    outcomes.keep(session, [person(1), person(2)])

    assert counter(session).released == 2
    assert counter(session).hour == MONDAY.replace(minute=0)


def test_an_edit_moves_the_counter_by_the_difference_and_only_once(session):
    outcomes.keep(session, [person(1), person(2)])
    for _ in range(2):
        store.change(session, {1: {"clicked_at": MONDAY + HOUR, "clicks": 3, "sent": True}})

    moved = counter(session)
    assert (moved.human_clickers, moved.clicks, moved.sent) == (1, 3, 1)


def test_an_edit_can_be_taken_back(session):
    outcomes.keep(session, [person(1)])
    store.change(session, {1: {"clicked_at": MONDAY + HOUR, "did_at": MONDAY + HOUR}})
    store.change(session, {1: {"clicked_at": None, "did_at": None, "machine_clicked_at": MONDAY}})

    assert (counter(session).human_clickers, counter(session).machine_clickers) == (0, 1)
    assert session.exec(select(DayCounter)).one().people == 0


@pytest.mark.parametrize(
    ("fields", "classes"),
    [
        (
            {"clicked_at": MONDAY, "maybe_clicked_at": MONDAY, "machine_clicked_at": MONDAY},
            (1, 0, 0),
        ),
        ({"maybe_clicked_at": MONDAY, "machine_clicked_at": MONDAY}, (0, 1, 0)),
        ({"machine_clicked_at": MONDAY}, (0, 0, 1)),
    ],
)
def test_a_person_is_in_one_class_of_clickers(session, fields, classes):
    outcomes.keep(session, [person(1)])
    store.change(session, {1: fields})

    moved = counter(session)
    assert (moved.human_clickers, moved.unknown_clickers, moved.machine_clickers) == classes


def test_a_click_before_the_release_has_no_negative_age(session):
    outcomes.keep(session, [person(1)])
    store.change(session, {1: {"did_at": MONDAY - 26 * HOUR}})

    assert session.exec(select(DayCounter)).one().day == 0


def test_a_send_that_is_not_released_is_passed_over(session):
    store.change(session, {7: {"clicks": 1}})

    assert session.exec(select(Counter)).all() == []


def test_a_field_that_an_outcome_does_not_have_is_refused(session):
    outcomes.keep(session, [person(1)])

    with pytest.raises(ValueError, match="no clickd_at"):
        store.change(session, {1: {"clickd_at": MONDAY}})


def test_links_are_counted_by_difference(session):
    store.count_links(session, {("e", "a", 0): (3, 1), ("e", "a", 1): (1, 1)})
    store.count_links(session, {("e", "a", 0): (1, 0), ("e", "a", 1): (0, -1)})

    rows = session.exec(select(LinkCounter).order_by(col(LinkCounter.link))).all()
    assert [(row.hits, row.clickers) for row in rows] == [(4, 1), (1, 0)]


MOMENTS = st.none() | st.integers(0, 100).map(lambda hours: MONDAY + hours * HOUR)
EDITS = st.fixed_dictionaries(
    {},
    optional={
        "did_at": MOMENTS,
        "maybe_did_at": MOMENTS,
        "clicked_at": MOMENTS,
        "maybe_clicked_at": MOMENTS,
        "machine_clicked_at": MOMENTS,
        "opened_at": MOMENTS,
        "machine_opened_at": MOMENTS,
        "unsubscribed_at": MOMENTS,
        "sent": st.booleans(),
        "bounced": st.booleans(),
        "failed": st.booleans(),
        "clicks": st.integers(0, 50),
        "converted": st.integers(0, 3),
        "value": st.integers(0, 1000).map(float),  # whole numbers: sums are exact
    },
)
STEPS = st.lists(st.dictionaries(st.integers(1, 6), EDITS, min_size=1), max_size=6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_counters_equal_those_counted_again_from_the_outcomes(database: Database, steps):
    with database.write() as session:
        for table in (Outcome, Counter, DayCounter, DidCounter):
            session.execute(delete(table))
        people = [
            person(n, arm="ab"[n % 2], released_at=MONDAY + n * HOUR / 2) for n in range(1, 6)
        ]
        outcomes.keep(session, people)
        for step in steps:
            store.change(session, step)
        moved = counters(session)

        count_from_outcomes(session, "e")

        assert counters(session) == moved

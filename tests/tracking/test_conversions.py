"""Conversions count once, for everybody whose window holds them, in whatever order they come."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, delete

from app.audience.models import Person
from app.audience.people_lookup import KnownPeople
from app.delivery.facts import DeliveryEnrolments
from app.delivery.models import Send, State
from app.experiments.models import Experiment, Status
from app.platform.db import Database
from app.platform.errors import Conflict, Invalid
from app.platform.listing import Asked
from app.tally.models import Counter, Outcome
from app.tracking import conversion_rows, conversions
from app.tracking.conversions import Recorded
from app.tracking.models import Conversion
from app.tracking.schemas import ConversionDraft
from tests import outcomes
from tests.cast import MARKS

TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOSES = TUESDAY + 168 * HOUR
LATER = CLOSES + 99 * HOUR


def given_enrolled(
    session: Session, number: int, *, arm: str = "insight", cap: float | None = None, **fields: Any
) -> Experiment:
    """Ann (or whoever) is released on Tuesday in an experiment that counts “planned”."""
    experiment = Experiment(
        name=f"Planner {number}",
        design={
            "metric": {"kind": "conversion_rate", "event": "planned", "cap": cap}
            | fields.pop("metric", {})
        },
        status=Status.MEASURING,
        created_at=TUESDAY,
        updated_at=TUESDAY,
        started_at=TUESDAY,
    )
    session.add(experiment)
    session.flush()
    session.add(
        Send(
            id=number,
            experiment_id=experiment.id,
            arm=arm,
            person_id=fields.pop("person", "ann"),
            state=State.SENT,
            due_at=TUESDAY,
        )
    )
    outcomes.keep(
        session,
        [
            Outcome(
                send_id=number,
                experiment_id=experiment.id,
                arm=arm,
                released_at=TUESDAY,
                closes_at=CLOSES,
            )
        ],
    )
    return experiment


def given_ann(session: Session, name: str = "ann") -> None:
    email = f"{name}@bakery.example"
    session.add(
        Person(
            id=name,
            email=email,
            email_key=email,
            external_id=f"crm-{name}",
            created_at=TUESDAY,
            updated_at=TUESDAY,
        )
    )
    session.flush()


def done(name: str, **fields: Any) -> ConversionDraft:
    return ConversionDraft.model_validate(
        {"id": name, "event": "planned", "occurred_at": (TUESDAY + HOUR).isoformat()}
        | ({} if "external_id" in fields else {"email": "Ann@Bakery.example"})
        | fields
    )


def record(session: Session, *drafts: ConversionDraft, now: datetime = LATER) -> list[Recorded]:
    return conversions.record(
        session, drafts, people=KnownPeople(MARKS), enrolments=DeliveryEnrolments(), now=now
    )


def outcome(session: Session, number: int = 1) -> tuple[int, float, float]:
    row = session.get_one(Outcome, number)
    session.refresh(row)
    return row.converted, row.value, row.capped


@pytest.fixture
def ann(session: Session) -> Session:
    given_ann(session)
    return session


def test_it_counts_where_the_window_holds_it_and_says_where(ann: Session):
    experiment = given_enrolled(ann, 1)
    (found,) = record(ann, done("a", value=61.5))

    assert found == Recorded("a", matched=True, duplicate=False, experiment_ids=(experiment.id,))
    assert outcome(ann) == (1, 61.5, 61.5)


@pytest.mark.parametrize(
    ("occurred_at", "counts"),
    [
        (TUESDAY - timedelta(microseconds=1), False),
        (TUESDAY, True),
        (CLOSES - timedelta(microseconds=1), True),
        (CLOSES, False),
    ],
)
def test_the_window_begins_with_the_release_and_ends_before_its_close(
    ann: Session, occurred_at: datetime, counts: bool
):
    given_enrolled(ann, 1)
    record(ann, done("a", occurred_at=occurred_at.isoformat()))

    assert outcome(ann)[0] == int(counts)


def test_another_event_or_person_counts_nowhere(ann: Session):
    given_ann(ann, "bo")
    given_enrolled(ann, 1)
    record(ann, done("a", event="paid"), done("b", email="bo@bakery.example"))

    assert outcome(ann) == (0, 0.0, 0.0)


def test_every_experiment_whose_window_holds_it_counts_it_the_holdout_too(ann: Session):
    given_enrolled(ann, 1)
    given_enrolled(ann, 2, arm="holdout")
    (found,) = record(ann, done("a"))

    assert len(found.experiment_ids) == 2
    assert outcome(ann, 1) == outcome(ann, 2) == (1, 0.0, 0.0)


def test_a_person_may_be_named_by_another_systems_id(ann: Session):
    given_enrolled(ann, 1)
    record(ann, done("a", external_id="crm-ann"))

    assert outcome(ann)[0] == 1


def test_values_add_up_and_no_more_than_the_cap_counts(ann: Session):
    given_enrolled(ann, 1, cap=100)
    record(ann, done("a", value=80), done("b", value=70), done("c", value=-10))

    assert outcome(ann) == (3, 140.0, 100.0)


def test_the_same_id_a_thousand_times_counts_once(ann: Session):
    given_enrolled(ann, 1)
    for _ in range(10):
        found = record(ann, *[done("a", value=5)] * 100)

    assert {one.duplicate for one in found} == {True}
    assert outcome(ann) == (1, 5.0, 5.0)


def test_the_same_id_with_another_body_is_refused_and_nothing_is_kept(database: Database):
    with database.write() as session:
        given_ann(session)
        given_enrolled(session, 1)
        record(session, done("a", value=5))
    with pytest.raises(Conflict) as refused, database.write() as session:
        record(session, done("b"), done("a", value=6))
    with database.read() as session:
        kept = conversion_rows.page(session, Asked(), limit=9, event=None, matched=None)

    assert [row.id for row in kept] == ["a"]
    assert refused.value.errors[0].field == "conversions.1.id"


def test_what_lies_in_the_future_is_refused(ann: Session):
    with pytest.raises(Invalid, match="future"):
        record(ann, done("a"), now=TUESDAY)


def test_somebody_unknown_is_kept_and_counted_once_an_import_brings_them(session: Session):
    (found,) = record(session, done("a"), now=LATER)
    given_ann(session)
    given_enrolled(session, 1)
    for minutes in (1, 11):
        settle(session, LATER + timedelta(minutes=minutes))

    assert (found.matched, found.experiment_ids) == (False, ())
    assert outcome(session)[0] == 1
    assert not conversions.due(session, now=LATER + timedelta(minutes=12))


def test_what_came_while_the_person_was_being_released_is_counted_a_minute_later(ann: Session):
    record(ann, done("a"), now=TUESDAY + HOUR)
    given_enrolled(ann, 1)
    before = outcome(ann)[0]
    settle(ann, TUESDAY + HOUR + timedelta(minutes=2))

    assert (before, outcome(ann)[0]) == (0, 1)


def settle(session: Session, now: datetime) -> None:
    conversions.settle(
        session,
        conversions.due(session, now=now),
        people=KnownPeople(MARKS),
        enrolments=DeliveryEnrolments(),
        now=now,
    )


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-3, 200), st.integers(-50, 90)),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one[0],
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=ARRIVALS, data=st.data())
def test_no_order_and_no_repeat_changes_what_counts(
    ann: Session, arrivals: list[tuple[int, int, int]], data: st.DataObject
):
    drafts = [
        done(f"c{number}", value=value, occurred_at=(TUESDAY + hours * HOUR).isoformat())
        for number, hours, value in arrivals
    ]
    shuffled = data.draw(st.permutations(drafts + drafts))
    found = []
    for order in (drafts, shuffled):
        for table in (Conversion, Outcome, Counter, Send, Experiment):
            ann.execute(delete(table))
        experiment = given_enrolled(ann, 1, cap=60)
        for draft in order:
            record(ann, draft)
        counter = ann.get_one(
            Counter,
            {
                "experiment_id": experiment.id,
                "arm": "insight",
                "hour": TUESDAY,
                "stratum": "",
            },
        )
        found.append((outcome(ann), counter.converted, round(counter.y, 9), round(counter.yy, 6)))

    assert found[0] == found[1]


def test_two_requests_at_once_lose_nothing_and_count_nothing_twice(database: Database):
    with database.write() as session:
        given_ann(session)
        given_enrolled(session, 1)
    errors: list[Exception] = []

    def post(names: list[str]) -> None:
        try:
            for name in names:
                with database.write() as session:
                    record(session, done(name, value=1))
        except Exception as error:  # noqa: BLE001 - the test shows it
            errors.append(error)

    names = [f"c{number}" for number in range(12)]
    threads = [threading.Thread(target=post, args=(order,)) for order in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as session:
        converted, value, _ = outcome(session)

    assert errors == []
    assert (converted, value) == (12, 12.0)

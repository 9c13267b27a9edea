"""The first page: are we closer, what runs, what waits for somebody."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session

from app.analysis.readout_types import State
from app.analysis.sentences import moment
from app.experiments.models import Status
from app.okr.models import CheckIn, Cycle, KeyResult, Objective
from app.review import weeks
from app.review.weeks import Week
from tests.analysis.scenes import CLOSED, TUESDAY, given_experiment, mail
from tests.review.scenes import decided, measured

OSLO = ZoneInfo("Europe/Oslo")


def seen(session: Session, *, now: datetime = CLOSED) -> Week:
    session.flush()
    return weeks.this_week(session, zone=OSLO, now=now)


def given_key_result(session: Session, *values: float) -> None:
    """Weekly values, the last one from the Tuesday of this week."""
    cycle = Cycle(name=f"{values}", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
    session.add(cycle)
    session.flush()
    objective = Objective(title="Bakers plan with us", cycle_id=cycle.id, created_at=TUESDAY)
    session.add(objective)
    session.flush()
    row = KeyResult(
        objective_id=objective.id,
        title="Weekly active bakeries",
        kind="increase",
        unit="number",
        start=1240,
        target=1800,
        created_at=TUESDAY,
    )
    session.add(row)
    session.flush()
    for age, value in enumerate(reversed(values)):
        day = (TUESDAY - age * timedelta(days=7)).date()
        session.add(CheckIn(key_result_id=row.id, date=day, value=value, recorded_at=TUESDAY))


def test_the_sentence_says_whether_we_are_closer(session: Session):
    given_key_result(session, 1240, 1300, 1360, 1425, 1480, 1541, 1600, 1662)
    given_key_result(session, 1500, 1450, 1440, 1490, 1470, 1505, 1480, 1460)
    week = seen(session)

    assert week.sentence == "Closer on 1 of 2, no change we can tell on 1."
    assert sorted(one.change or 0 for one in week.key_results) == [-20, 62]


def test_a_first_value_is_too_early_and_not_no_value(session: Session):
    given_key_result(session, 1400)

    assert seen(session).sentence == "Too early to tell for the only one."


def test_milestones_alone_have_no_statement(session: Session):
    given_key_result(session, 0)
    session.execute(update(KeyResult).values(kind="milestone", start=0, target=1))

    assert seen(session).sentence.startswith("Milestones only")


def test_an_empty_house_says_so(session: Session):
    week = seen(session)

    assert week.sentence == "No key results are set for these weeks."
    assert (week.running, week.awaiting, week.decided) == ((), (), ())


def test_a_decision_of_this_week_is_counted(session: Session):
    decided(session, measured(session))
    week = seen(session)

    assert week.sentence.endswith(". 1 slice decided.")
    assert [row.decision for row in week.decided] == ["build"]
    assert seen(session, now=CLOSED + timedelta(days=7)).decided == ()


def test_a_result_waits_for_a_decision_once_there_is_one(session: Session):
    measured(session)
    still = given_experiment(session)
    mail(session, still, 600, first=1001, at=CLOSED)
    week = seen(session)

    assert [one.call for one in week.awaiting] == [State.VALIDATED]
    assert [one.id for one in week.running] == [still.id]


def test_what_is_validated_while_it_is_sent_can_be_decided_at_once(session: Session):
    measured(session, status=Status.RUNNING)
    (one,) = seen(session, now=TUESDAY + timedelta(hours=3)).awaiting

    assert (one.call, one.provisional) == (State.VALIDATED, True)


def test_a_scheduled_experiment_says_what_it_waits_for(session: Session):
    experiment = given_experiment(session, status=Status.SCHEDULED)
    at = experiment.scheduled_at = CLOSED + timedelta(days=1)
    session.add(experiment)
    (one,) = seen(session, now=CLOSED).running
    (late,) = seen(session, now=at).running

    assert one.sentence == f"Launched; it starts on {moment(at, OSLO)}."
    assert late.sentence == "Launched, and its time has come: it starts as soon as it can."


def test_drafts_and_cancelled_ones_are_not_this_weeks_work(session: Session):
    given_experiment(session, status=Status.DRAFT)
    given_experiment(session, status=Status.CANCELLED)
    week = seen(session)

    assert (week.running, week.awaiting) == ((), ())


def test_the_week_begins_on_monday_where_the_organisation_is():
    sunday_evening = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert weeks.week_of(sunday_evening, OSLO) == "2026-W48"
    assert weeks.week_of(sunday_evening, ZoneInfo("UTC")) == "2026-W47"
    assert weeks.monday_of(sunday_evening, OSLO).astimezone(UTC) == datetime(
        2026, 11, 22, 23, 0, tzinfo=UTC
    )

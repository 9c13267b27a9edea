"""A week in the order in which it is talked about, and frozen as it was told."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from app.experiments.models import Status
from app.okr.models import CheckIn, Cycle, KeyResult, Objective
from app.okr.statements import State
from app.platform.db import Database
from app.platform.errors import Conflict, Invalid
from app.platform.events import Event
from app.review import agenda, items
from app.review.models import Kept
from app.review.schemas import CommitmentDraft, NoteDraft
from app.review.shapes import Review
from tests.analysis.scenes import CLOSED, TUESDAY, given_experiment
from tests.duties import run
from tests.review.scenes import decided, given_slice, measured

OSLO = ZoneInfo("Europe/Oslo")
WEEK = "2026-W48"  # 23 to 29 November: TUESDAY and CLOSED lie in it
NEXT = datetime(2026, 12, 2, 12, tzinfo=UTC)


def told(session: Session, week: str = WEEK, *, now: datetime = CLOSED) -> Review:
    session.flush()
    return agenda.review_of(session, week, zone=OSLO, now=now)


def frozen(session: Session, *, now: datetime = CLOSED) -> Review:
    return agenda.freeze(session, WEEK, by="Ann", zone=OSLO, now=now)


def given_key_result(session: Session, **values: float) -> KeyResult:
    """Values by the day from 1 November on: `d10=1400`."""
    cycle = Cycle(name="Q4", starts=date(2026, 10, 1), ends=date(2026, 12, 31))
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
        owner="Cem",
        created_at=TUESDAY,
    )
    session.add(row)
    session.flush()
    for day, value in values.items():
        put(session, row, int(day[1:]), value)
    return row


def put(session: Session, row: KeyResult, day: int, value: float) -> None:
    session.add(
        CheckIn(
            key_result_id=row.id,
            date=date(2026, 11, 1) + timedelta(day - 1),
            value=value,
            recorded_at=CLOSED,
        )
    )
    session.flush()


def test_a_week_tells_its_own_values_and_not_what_came_after(session: Session):
    given_key_result(session, d17=1400, d24=1515, d31=1600)
    (line,) = told(session, now=NEXT).key_results

    assert (line.current, line.change) == (1515, 115)
    assert line.statement is not None
    assert (line.statement.state, line.closer) == (State.TOO_EARLY, None)
    assert line.owner == "Cem"


def test_decided_slices_stand_with_their_verdict(session: Session):
    piece = given_slice(session)
    decided(session, measured(session, slice_id=piece.id), "stop")
    review = told(session)

    assert [(row.slice, row.call, row.decision) for row in review.decided] == [
        ("Waste in euros", "validated", "stop")
    ]
    assert review.weeks_avoided == 8
    assert "1 slice decided" in review.sentence
    assert told(session, "2026-W49", now=NEXT).decided == ()


def test_what_begins_in_this_week_or_the_next_is_starting(session: Session):
    soon = given_experiment(session, status=Status.SCHEDULED)
    soon.scheduled_at, soon.started_at = NEXT, None
    late = given_experiment(session, status=Status.SCHEDULED)
    late.scheduled_at, late.started_at = NEXT + timedelta(weeks=1), None
    gone = given_experiment(session, status=Status.CANCELLED)
    gone.started_at = CLOSED
    session.flush()

    assert [one.experiment_id for one in told(session).starting] == [soon.id]


def test_results_without_a_decision_and_old_values_are_overdue(session: Session):
    waits = measured(session)
    given_key_result(session, d10=1400)
    overdue = told(session).overdue

    assert [(one.kind, one.owner) for one in overdue] == [("decision", ""), ("value", "Cem")]
    assert overdue[0].id == waits.id
    assert overdue[1].sentence == "Its last value is from 2026-11-10."


def test_an_old_week_does_not_wait_for_what_waits_today(session: Session):
    measured(session)

    assert told(session, now=CLOSED + timedelta(weeks=3)).overdue == ()


def test_last_weeks_commitments_come_back_with_what_became_of_them(session: Session):
    one = items.commit(session, WEEK, CommitmentDraft(text="Ask"), by="Ann", now=CLOSED)
    other = items.commit(session, WEEK, CommitmentDraft(text="Build"), by="Ann", now=CLOSED)
    items.settle(session, one.id, Kept.DONE, now=NEXT)
    after = told(session, "2026-W49", now=NEXT + timedelta(days=7))

    assert [(line.text, line.kept) for line in after.last_commitments] == [
        ("Ask", "done"),
        ("Build", None),
    ]
    assert [(line.kind, line.id) for line in after.overdue] == [("commitment", other.id)]


def test_nothing_that_is_edited_later_changes_a_frozen_week(session: Session):
    row = given_key_result(session, d17=1400, d24=1515)
    promise = items.commit(session, WEEK, CommitmentDraft(text="Ask"), by="Ann", now=CLOSED)
    before = frozen(session)
    session.exec(select(CheckIn).where(CheckIn.date == date(2026, 11, 24))).one().value = 1
    row.title = "Another name"
    items.settle(session, promise.id, Kept.NOT_DONE, now=NEXT)

    assert told(session, now=NEXT) == before
    assert before.key_results[0].current == 1515
    assert (before.frozen_by, before.frozen_at) == ("Ann", CLOSED)


def test_freezing_is_an_event_and_happens_once(session: Session):
    frozen(session)
    event = session.exec(select(Event).where(Event.kind == "week.frozen")).one()

    assert event.subject == WEEK
    with pytest.raises(Conflict, match="frozen already"):
        frozen(session)


def test_a_week_that_has_not_begun_cannot_be_frozen(session: Session):
    with pytest.raises(Invalid, match="2026-W49 has not begun"):
        agenda.freeze(session, "2026-W49", by="Ann", zone=OSLO, now=CLOSED)


@pytest.mark.parametrize("week", ["2026-W54", "2026-47", "last", "0000-W00"])
def test_what_is_no_week_says_how_one_is_written(session: Session, week: str):
    with pytest.raises(Invalid, match="write it like 2026-W47"):
        told(session, week)


def test_a_frozen_week_takes_no_more_lines(session: Session):
    line = items.note(session, WEEK, NoteDraft(kind="blocker", text="SMTP"), by="Ann", now=CLOSED)
    frozen(session)

    for change in (
        lambda: items.commit(session, WEEK, CommitmentDraft(text="Ask"), by="Ann", now=NEXT),
        lambda: items.drop(session, WEEK, line.id),
    ):
        with pytest.raises(Conflict, match="Use 2026-W49"):
            change()


def test_a_flood_of_lines_is_stopped(session: Session):
    draft = NoteDraft(kind="decision", text="Again")
    for _ in range(20):
        items.note(session, WEEK, draft, by="Ann", now=CLOSED)

    with pytest.raises(Invalid, match="Take one away first"):
        items.note(session, WEEK, draft, by="Ann", now=CLOSED)


@pytest.mark.parametrize(("day", "week"), [(26, "2026-W47"), (27, WEEK), (29, WEEK), (30, WEEK)])
def test_from_friday_on_it_is_this_week_that_is_reviewed(day: int, week: str):
    now = datetime(2026, 11, day, 12, tzinfo=UTC)

    assert agenda.latest_week(zone=OSLO, now=now) == week


def test_one_walks_over_the_turn_of_a_year():
    now = datetime(2027, 1, 12, tzinfo=UTC)

    assert agenda.neighbours("2026-W53", zone=OSLO, now=now) == ("2026-W52", "2027-W01")
    assert agenda.neighbours("2027-W02", zone=OSLO, now=now) == ("2027-W01", None)


def test_what_nobody_froze_is_frozen_a_week_after_its_end(database: Database):
    with database.write() as session:
        given_key_result(session, d24=1515)
    monday = datetime(2026, 12, 7, 0, 30, tzinfo=OSLO)
    moments = [monday - timedelta(hours=1), monday, monday + timedelta(hours=1)]

    assert [run(database, agenda.duty(database, zone=OSLO), now) for now in moments] == [1, 1, 0]
    with database.read() as session:
        assert told(session, now=monday).frozen_by == "the calendar"
        assert told(session, "2026-W49", now=monday).frozen_at is None


def test_an_empty_house_freezes_nothing(database: Database):
    assert run(database, agenda.duty(database, zone=OSLO), NEXT) == 0

"""A key result that is an experiment's metric: one value per run."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from app.okr import links, runs, values
from app.okr.models import CheckIn, KeyResult
from app.okr.runs import Run
from app.okr.schemas import ConfidenceDraft
from app.platform.errors import Conflict
from tests.okr.scenes import NOW, OSLO, TODAY, course, given_key_result, given_objective

LAST_WEEK = TODAY - timedelta(days=7)


@pytest.fixture
def row(session: Session) -> KeyResult:
    return given_key_result(
        session,
        given_objective(session),
        title="Bakeries acting on an insight",
        unit="percent",
        start=0,
        target=15,
        source="experiment",
    )


def write(session: Session, row: KeyResult, name: str, value: float, **more: object) -> CheckIn:
    fields = {"date": TODAY, "low": value - 2, "high": value + 2, "observed": 600} | more
    run = Run(experiment_id=name, value=value, **fields)  # type: ignore[arg-type]  # one of each
    return runs.write(session, row.id, run, now=NOW)


def test_a_run_writes_one_value_with_its_origin(session: Session, row: KeyResult):
    write(session, row, "run 1", 12.5)
    write(session, row, "run 1", 13.5, date=LAST_WEEK)

    (value,) = course(session, row.id)

    assert (value.date, value.value, value.source) == (TODAY, 12.5, "experiment")
    assert (value.experiment_id, value.observed, value.low, value.high) == (
        "run 1",
        600,
        10.5,
        14.5,
    )


def test_undoing_a_run_takes_its_value_and_leaves_the_others_and_what_was_said(
    session: Session, row: KeyResult
):
    write(session, row, "run 1", 10, date=LAST_WEEK)
    write(session, row, "run 2", 12)
    values.confirm(session, row.id, ConfidenceDraft(confidence=4), by="Bo", zone=OSLO, now=NOW)
    links.undo(session, row.id, "run 2", by="Ann", now=NOW)

    assert [(one.date, one.value, one.confidence) for one in course(session, row.id)] == [
        (LAST_WEEK, 10, None),
        (TODAY, 10, 4),
    ]
    with pytest.raises(Conflict, match="taken back"):
        write(session, row, "run 2", 12)


def test_a_confidence_given_later_follows_the_run_that_is_left(session: Session, row: KeyResult):
    write(session, row, "run 1", 10, date=LAST_WEEK - timedelta(days=7))
    write(session, row, "run 2", 12, date=LAST_WEEK)
    values.confirm(session, row.id, ConfidenceDraft(confidence=4), by="Bo", zone=OSLO, now=NOW)
    links.undo(session, row.id, "run 2", by="Ann", now=NOW)

    last = course(session, row.id)[-1]

    assert (last.date, last.value, last.confidence) == (TODAY, 10, 4)


def test_a_number_from_elsewhere_takes_no_run(session: Session):
    row = given_key_result(session, given_objective(session))

    with pytest.raises(Conflict, match="count twice"):
        write(session, row, "run 1", 12)


def test_confidence_needs_a_value(session: Session, row: KeyResult):
    draft = ConfidenceDraft(confidence=4)

    with pytest.raises(Conflict, match="no value yet"):
        values.confirm(session, row.id, draft, by="Bo", zone=OSLO, now=NOW)

"""A launch is undone while nobody was mailed, whatever any clock says."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from app.experiments import lifecycle, store, undoing
from app.experiments.design_schemas import LaunchDraft
from app.experiments.models import Experiment, Feature, Slice, Status
from app.platform.db import Database
from tests.experiments import scenes
from tests.experiments.scenes import NOW

SHIFTS = [timedelta(0), timedelta(hours=1), timedelta(days=-1)]


def launched(database: Database, *, seconds: int = 30) -> str:
    with database.write() as session:
        draft = scenes.given_draft(session, people=20)
        lifecycle.launch(session, draft, LaunchDraft(undo_seconds=seconds), by="Ann", now=NOW)
        return draft.id


def over(database: Database, machine: undoing.Undoing, ticks: float) -> list[str]:
    with database.read() as session:
        return machine.over(session, ticks=ticks)


@pytest.mark.parametrize("shift", SHIFTS)
def test_it_starts_once_the_seconds_are_over_by_no_clock(database: Database, shift: timedelta):
    experiment_id = launched(database)
    machine = undoing.Undoing(database)
    for ticks in (100.0, 129.9):
        assert over(database, machine, ticks) == []
        with database.read() as session:
            assert store.due_to_start(session, now=NOW + shift) == []
    assert over(database, machine, 130.0) == [experiment_id]
    machine.close(experiment_id, NOW + shift)

    with database.read() as session:
        assert store.due_to_start(session, now=NOW + shift) == [experiment_id]


def test_of_two_machines_none_starts_it_before_it_has_waited_itself(database: Database):
    experiment_id = launched(database)
    early, late = undoing.Undoing(database), undoing.Undoing(database)
    over(database, early, 0)
    over(database, late, 1_000)

    assert over(database, late, 1_029) == []
    assert over(database, early, 30) == [experiment_id]


def test_an_undone_launch_is_the_draft_that_it_was(database: Database):
    experiment_id = launched(database)
    with database.write() as session:
        before = store.experiment_of(session, experiment_id).design
        lifecycle.cancel(session, store.locked(session, experiment_id), now=NOW)
    with database.read() as session:
        draft = store.experiment_of(session, experiment_id)

    assert (draft.status, draft.design) == (Status.DRAFT, before)
    assert (draft.launched_at, draft.launched_by, draft.scheduled_at) == (None, None, None)
    assert (draft.columns, draft.rate_per_minute, draft.undo_seconds) == (None, None, 0)


def test_its_slice_is_free_again(session: Session):
    draft = scenes.given_draft(session, people=20)
    piece = Slice(feature_id=_feature(session), title="Euros", created_at=NOW)
    session.add(piece)
    session.flush()
    draft.slice_id = piece.id
    lifecycle.launch(session, draft, LaunchDraft(undo_seconds=30), by="Ann", now=NOW)
    lifecycle.cancel(session, draft, now=NOW)
    session.refresh(piece)

    assert piece.status == "idea"


def test_a_launch_after_an_undo_waits_anew(database: Database):
    experiment_id = launched(database)
    machine = undoing.Undoing(database)
    over(database, machine, 0)
    with database.write() as session:
        row = store.locked(session, experiment_id)
        lifecycle.cancel(session, row, now=NOW)
        again = NOW + timedelta(seconds=29)
        lifecycle.launch(session, row, LaunchDraft(undo_seconds=30), by="Ann", now=again)

    assert over(database, machine, 30) == []
    assert over(database, machine, 60) == [experiment_id]


def test_after_it_a_cancel_is_a_cancel(database: Database):
    experiment_id = launched(database)
    machine = undoing.Undoing(database)
    over(database, machine, 0)
    over(database, machine, 30)
    machine.close(experiment_id, NOW)
    with database.write() as session:
        lifecycle.cancel(session, store.locked(session, experiment_id), now=NOW)
        assert session.get_one(Experiment, experiment_id).status == Status.CANCELLED


def test_by_api_nothing_waits_unless_it_is_asked(database: Database):
    experiment_id = launched(database, seconds=LaunchDraft().undo_seconds)

    with database.read() as session:
        assert store.due_to_start(session, now=NOW) == [experiment_id]


def _feature(session: Session) -> str:
    feature = Feature(title="Lists", created_at=NOW)
    session.add(feature)
    session.flush()
    return feature.id

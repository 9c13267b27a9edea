"""A launch composes everybody's mail before the first one leaves, and says how far it is."""

from datetime import timedelta

import pytest

from app.delivery import progress
from app.delivery.progress import Progress
from app.experiments import enrolment
from app.experiments.models import Experiment
from app.platform.db import Database
from tests.experiments.scenes import NOW, given_audience, given_draft, launch, scheduled, settle
from tests.experiments.test_enrolment import interrupt
from tests.routes import counting


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "CHUNK", 10)


def told(database: Database, experiment_id: str) -> Progress:
    with database.read() as session:
        return progress.progress_of(session, session.get_one(Experiment, experiment_id))


def test_it_says_how_many_mails_were_looked_through_until_it_starts_by_itself(database: Database):
    waiting = scheduled(database, people=45)
    before = told(database, waiting)
    interrupt(database, waiting, after=25)
    during = told(database, waiting)
    settle(database, waiting)
    after = told(database, waiting)

    assert (before.looked_at, before.to_look_at, before.enrolled) == (0, 45, 0)
    assert (during.status, during.looked_at, during.enrolled) == ("scheduled", 20, 0)
    assert during.reason == (
        "Looking through 45 mails before the first one leaves: 20 so far. It starts by itself."
    )
    assert (after.status, after.looked_at, after.reason) == ("running", None, None)


@pytest.mark.parametrize("fields", [{"undo_seconds": 30}, {"at": NOW + timedelta(hours=1)}])
def test_nothing_is_looked_through_before_its_time(database: Database, fields: dict[str, object]):
    with database.write() as session:
        experiment = given_draft(session, people=45)
        launch(session, experiment, **fields)

    found = told(database, experiment.id)
    assert (found.looked_at, found.to_look_at, found.reason) == (None, None, None)


def test_a_later_start_is_told_once_it_looks(database: Database):
    with database.write() as session:
        experiment = given_draft(session, people=45)
        launch(session, experiment, at=NOW + timedelta(hours=1))
    interrupt(database, experiment.id, after=15)

    assert told(database, experiment.id).looked_at == 10


def test_many_are_told_in_as_many_queries_as_one(database: Database):
    with database.write() as session:
        people = given_audience(session, 3)
        waiting = [given_draft(session, audience_id=people) for _ in range(4)]
        for one in waiting:
            launch(session, one, at=NOW)

    def queries(some: list[Experiment]) -> int:
        with database.read() as session:
            known = [session.get_one(Experiment, one.id) for one in some]
            with counting(database.engine) as asked:
                found = progress.progress_of_many(session, known)
        assert [one.to_look_at for one in found.values()] == [3] * len(some)
        return len(asked)

    assert queries(waiting) == queries(waiting[:1])

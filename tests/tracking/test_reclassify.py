"""Judging again writes what is thought of differently, and nothing besides."""

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from app.experiments import rule_rows
from app.experiments.models import Experiment
from app.platform.db import Database
from app.tracking import reclassify
from app.tracking.ingest import ingest_once
from app.tracking.models import Hit
from app.tracking.verdicts import VERSION
from tests.tracking.test_ingest import LATER, Sends, Spool, counter, released, spool
from tests.written import writing

__all__ = ["released", "spool"]  # fixtures
_MACHINE = "curl/8.5.0"
# The hit, its person's outcome and memory, and a counter of hours, days, first times and links.
_OF_ONE = {"hit", "outcome", "reaction", "counter", "day_counter", "did_counter", "link_counter"}


@pytest.fixture
def judged(released: Database, spool: Spool) -> Database:
    """Six people clicked, one of them so often that most of it is only counted."""
    for send_id in range(1, 7):
        spool.hit(send_id=send_id)
    for number in range(150):
        spool.hit(120 + number / 1000, send_id=1)
    ingest_once(released, spool.folder, Sends(), now=LATER)
    reclassify.adopt(released, Sends(), "e", now=LATER)
    return released


@pytest.mark.parametrize("experiment_id", ["e", None])
def test_by_the_same_rules_again_no_row_is_written(judged: Database, experiment_id: str | None):
    with writing(judged) as written:
        reclassify.adopt(judged, Sends(), experiment_id, now=LATER)

    assert written == {}


def test_one_changed_verdict_writes_its_own_rows(judged: Database):
    with judged.write() as session:
        session.execute(update(Hit).where(col(Hit.send_id) == 2).values(user_agent=_MACHINE))
    with writing(judged) as written:
        reclassify.adopt(judged, Sends(), "e", now=LATER)

    assert counter(judged).human_clickers == 5
    assert dict(written) == dict.fromkeys(_OF_ONE, 1)


def test_only_experiments_of_other_rules_are_told_the_newest(judged: Database):
    with judged.write() as session:
        for name, version in (("old", "0"), ("new", VERSION)):
            session.add(
                Experiment(
                    id=name, name=name, rule_version=version, created_at=LATER, updated_at=LATER
                )
            )
    with writing(judged) as written, judged.write() as session:
        rule_rows.adopt(session, None, version=VERSION)

    assert written == {"experiment": 1}
    assert _versions(judged) == {"old": VERSION, "new": VERSION}


def _versions(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return dict(session.execute(select(Experiment.id, Experiment.rule_version)).all())

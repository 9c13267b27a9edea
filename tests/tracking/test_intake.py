"""An ingester says how far it has read, with something to read and without."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.platform.db import Database
from app.tracking import ingest
from app.tracking.folders import Folder
from app.tracking.intake import MARGIN, Intake
from app.tracking.models import DataFolder
from tests.tracking.test_ingest import LATER, RELEASED, SECOND, Sends, Spool

FOLDER = Folder("one", Path("/srv/one"))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "hits")


@pytest.fixture
def intake(database: Database, spool: Spool) -> Intake:
    return Intake(database, FOLDER, spool.folder, Sends())


def told(database: Database) -> DataFolder:
    with database.read() as session:
        return DataFolder(**session.exec(select(DataFolder)).one().model_dump())


def test_what_was_read_is_said_as_of_before_it_was_read(
    database: Database, intake: Intake, spool: Spool
):
    spool.hit()
    taken = intake.take(LATER)

    assert (taken, told(database).ingested_until) == (1, LATER - MARGIN)
    assert told(database).seen_at == LATER


def test_an_idle_ingester_says_so_every_other_second_and_no_more_often(
    database: Database, intake: Intake
):
    said: list[datetime] = []
    for tenths in range(0, 50, 2):
        intake.take(LATER + timedelta(seconds=tenths / 10))
        said.append(told(database).seen_at)

    assert sorted(set(said)) == [LATER, LATER + 2 * SECOND, LATER + 4 * SECOND]


def test_a_clock_set_back_is_said_at_once(database: Database, intake: Intake):
    intake.take(LATER)
    intake.take(LATER - timedelta(hours=1))

    assert told(database).ingested_until == LATER - timedelta(hours=1) - MARGIN


def test_what_takes_several_rounds_is_said_as_far_as_it_is_read(
    database: Database, intake: Intake, spool: Spool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ingest, "_ROUND", 500)
    for number in range(900):
        spool.hit(60 + number / 1000, send_id=1 + number % 9)
    taken = intake.take(LATER)
    first = told(database)
    more = intake.take(LATER + 3 * SECOND)

    assert (taken, more) == (500, 400)
    assert first.ingested_until is not None
    read = RELEASED + timedelta(minutes=60.499)  # the five hundredth
    assert abs(first.ingested_until - (read - MARGIN)) < SECOND
    assert first.seen_at == LATER
    assert told(database).ingested_until == LATER + 3 * SECOND - MARGIN


def test_a_failure_is_no_progress(
    database: Database, intake: Intake, spool: Spool, monkeypatch: pytest.MonkeyPatch
):
    intake.take(LATER)
    spool.hit()

    def broken(*_args: object, **_more: object) -> None:
        raise OSError("the disk cannot be read")

    monkeypatch.setattr(ingest, "_take", broken)
    with pytest.raises(OSError, match="cannot be read"):
        intake.take(LATER + 10 * SECOND)

    assert told(database).ingested_until == LATER - MARGIN


def test_a_folder_is_drained_where_nobody_writes_any_more(
    database: Database, intake: Intake, spool: Spool
):
    spool.hit()
    intake.finish(LATER)
    open_still = told(database).drained
    spool.journal.close()
    left = intake.finish(LATER + SECOND)

    assert (open_still, left, told(database).drained) == (False, 0, True)

"""What the worker does by itself for key results: read what is due, write what has ended."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from app.experiments.models import Experiment
from app.okr.models import KeyResult
from app.ops.installation import House, open_house
from app.ops.periodic_steps import duties_of
from app.platform import config
from app.platform.db import Database
from app.platform.put_off import Work
from tests.analysis.scenes import CLOSED, click, given_experiment, mail
from tests.duties import run
from tests.okr.scenes import NOW, as_reader, course, given_key_result, given_objective


@pytest.fixture
def house(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    monkeypatch.setenv("THINSLICE_SQL_SHOP", as_reader(database, database_url))
    house = open_house(config.load(data_dir=tmp_path / "data", database_url=database_url))
    yield house
    house.database.close()


def step(house: House, work: Work) -> Callable[[datetime], int]:
    duty = next(one for one in duties_of(house) if one.work is work)
    return lambda now: run(house.database, duty, now)


def values(house: House, row: KeyResult) -> list[float]:
    with house.database.read() as session:
        return [one.value for one in course(session, row.id)]


def test_the_worker_reads_what_is_due(house: House):
    sql = {"connection": "SHOP", "query": "SELECT 1302.5"}
    with house.database.write() as session:
        row = given_key_result(session, given_objective(session), source="sql", sql=sql)
    read = step(house, Work.READ)

    assert (read(NOW), read(NOW)) == (1, 0)
    assert values(house, row) == [1302.5]


def test_the_worker_writes_the_run_that_has_ended(house: House):
    with house.database.write() as session:
        row = given_key_result(
            session, given_objective(session), unit="percent", start=0, target=15,
            source="experiment",
        )  # fmt: skip
        a_run(session, row)
    freeze = step(house, Work.FREEZE)

    assert (freeze(CLOSED), freeze(CLOSED)) == (1, 0)
    assert values(house, row) == [pytest.approx(12)]


def a_run(session: Session, row: KeyResult) -> Experiment:
    links = [{"key_result_id": row.id, "mode": "direct"}]
    experiment = given_experiment(session, design={"key_results": links})
    mail(session, experiment, 600)
    click(session, 72)
    return experiment

"""A run changes the audience alone: not who is enrolled, and not what a person wrote meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from app.audience import fetching, imports
from app.audience.fetching import Fetcher
from app.audience.models import Import
from app.audience.schemas import AudienceSource
from app.delivery import planning
from app.platform.db import Database
from tests.audience.fetches import fetcher, filled, given, people, run, troubles
from tests.audience.test_imports import NOW
from tests.cast import MARKS
from tests.experiments import scenes
from tests.okr.scenes import as_reader


def test_a_running_experiment_keeps_whom_it_enrolled(database: Database, warehouse: Path):
    experiment_id = scenes.scheduled(database, people=5)
    running = scenes.settle(database, experiment_id)
    assert running.audience_id
    planned = planning.plan(database, experiment_id, now=scenes.NOW)
    enrolled = scenes.enrolled(database, experiment_id)
    filled(warehouse, [(f"p00{n}@bakers.example", "Eve", "99", "Oslo") for n in (0, 1, 7)])
    query = 'SELECT "E-mail", Name, waste AS euros, city FROM insight'
    source = AudienceSource(connection="WAREHOUSE", query=query)
    with database.write() as session:
        fetching.keep(session, running.audience_id, source, by="Ann", now=scenes.NOW)
    run(fetcher(database, warehouse), scenes.NOW)
    mixed = people(database, running.audience_id)
    after = scenes.settle(database, experiment_id)
    again = planning.plan(database, experiment_id, now=scenes.NOW)

    assert troubles(database) == []
    assert [email for email, _, _ in mixed] == [
        f"p00{n}@bakers.example" for n in (0, 1, 2, 3, 4, 7)
    ]
    assert [data for _, _, data in mixed].count("{'euros': 61}") == 3
    assert (running.status, after.status) == ("running", "running")
    assert (running.enrolled, after.enrolled) == (5, 5)
    assert (planned, again) == (5, 0)
    assert scenes.enrolled(database, experiment_id) == enrolled
    assert {row.frozen["euros"] for row in enrolled} == {61}


def test_what_is_changed_while_it_runs_is_run_next(
    database: Database, warehouse: Path, monkeypatch: pytest.MonkeyPatch
):
    filled(warehouse, [("a@b.example", "Ann", "1", "Oslo"), ("b@b.example", "Bo", "2", "Bergen")])
    audience_id = given(database, "SELECT * FROM insight WHERE city = 'Oslo'")
    worker = fetcher(database, warehouse)
    begin = imports.begin

    def slowly(*args: Any, **more: Any) -> Import:
        monkeypatch.setattr(imports, "begin", begin)
        source = AudienceSource(connection="WAREHOUSE", query="SELECT * FROM insight")
        with database.write() as session:
            fetching.keep(session, audience_id, source, by="Bo", now=NOW)
        return begin(*args, **more)

    monkeypatch.setattr(imports, "begin", slowly)
    run(worker, NOW)
    first = people(database, audience_id)
    run(worker, NOW)

    assert [email for email, _, _ in first] == ["a@b.example"]
    assert [email for email, _, _ in people(database, audience_id)] == [
        "a@b.example", "b@b.example",
    ]  # fmt: skip


def test_a_cell_that_is_nested_without_end_is_refused_in_words(
    database: Database, database_url: str, warehouse: Path
):
    if database.is_sqlite:
        pytest.skip("of PostgreSQL")
    readers = {"warehouse": as_reader(database, database_url)}
    deep = "(repeat('[', 5000) || repeat(']', 5000))::json"
    given(database, f"SELECT 'a@b.example' AS email, {deep} AS cell")
    run(Fetcher(database, warehouse.parent, "folder", readers, marker=MARKS), NOW)

    assert troubles(database) == ["A row of the query cannot be read: it is nested too deep."]

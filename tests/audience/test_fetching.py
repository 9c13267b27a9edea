"""An audience that a query fills: as a file would, by the clock, and with troubles in words."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.audience import fetch_store, fetching, imports, store
from app.audience.fetching import Fetcher
from app.audience.schemas import AudienceSource
from app.platform.db import Database
from app.platform.errors import Conflict
from tests.audience.fetches import COLUMNS, fetcher, filled, given, people, run, troubles
from tests.audience.test_imports import NOW
from tests.cast import MARKS
from tests.okr.scenes import as_reader

HOUR = timedelta(hours=1)


def some(rng: Random) -> list[tuple[str, ...]]:
    cells = ["", "61,3", "Ås; “rye”", 'say "so"', "=1+1", "two\nlines", "NULL", "ann@b.example"]
    return [
        (
            rng.choice(
                [f"p{rng.randint(0, 9)}@b.example", f"P{rng.randint(0, 9)}@B.example", "no"]
            ),
            *(rng.choice(cells) for _ in COLUMNS[1:]),
        )
        for _ in range(rng.randint(1, 30))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_rows_are_taken_as_those_of_the_same_file(database: Database, warehouse: Path, seed: int):
    rows = some(Random(seed))
    filled(warehouse, rows)
    by_query = given(database)
    run(fetcher(database, warehouse), NOW)
    by_file, report = _by_file(database, warehouse.parent / "imports", rows)

    assert people(database, by_query) == people(database, by_file)
    with database.read() as session:
        source = fetch_store.query_of(session, by_query)
        assert source
        assert source.import_id
        mine = store.import_of(session, source.import_id)
        assert (mine.status, mine.rows, mine.refused) == report
        assert [(one.line, one.reason) for one in store.refusals(session, mine.id)] == [
            (one.line, one.reason) for one in store.refusals(session, _last(session, by_file))
        ]
    assert troubles(database) == []


def _by_file(
    database: Database, folder: Path, rows: list[tuple[str, ...]]
) -> tuple[str, tuple[str, int, int]]:
    written = io.StringIO()
    csv.writer(written).writerows([COLUMNS, *rows])
    with database.write() as session:
        audience = store.add_audience(session, "By file", by="Ann", now=NOW)
    begun = imports.begin(
        database, audience_id=audience.id, format="csv", folder_id="folder",
        stream=[written.getvalue().encode()], imports_dir=folder, filename="f.csv", by="Ann",
        now=NOW,
    )  # fmt: skip
    while imports.continue_import(database, begun.id, folder / begun.id, marker=MARKS, now=NOW):
        pass
    with database.read() as session:
        done = store.import_of(session, begun.id)
        return audience.id, (done.status, done.rows, done.refused)


def _last(session: Session, audience_id: str) -> str:
    return store.imports_of(session, audience_id)[0].id


def test_it_runs_by_the_clock_and_by_a_word(database: Database, warehouse: Path):
    filled(warehouse, [("a@b.example", "Ann", "1", "")])
    hourly, daily = given(database, every="hourly"), given(database)
    worker = fetcher(database, warehouse)
    ran: list[tuple[int, int]] = []
    for hour in range(26):
        run(worker, NOW + hour * HOUR)
        ran.append((_runs(database, hourly), _runs(database, daily)))
    with database.write() as session:
        fetching.run_soon(session, daily, now=NOW + 25 * HOUR)
    run(worker, NOW + 25 * HOUR)

    assert ran[0] == (1, 1)
    assert ran[5] == (6, 1)
    assert ran[25] == (26, 2)
    assert _runs(database, daily) == 3


def _runs(database: Database, audience_id: str) -> int:
    with database.read() as session:
        return len(store.imports_of(session, audience_id))


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT * FROM gone", "no such table: gone"),
        ("SELECT * FROM insight WHERE 0", "The query gives no row, so nothing was changed."),
        ("SELECT x'00' AS email FROM insight", "is no text, number, day or yes/no"),
        ("DELETE FROM insight", "The query failed"),
        ("SELECT 1; SELECT 2", "The query failed"),
    ],
)
def test_a_run_that_fails_is_put_off_in_words_and_changes_nobody(
    database: Database, warehouse: Path, query: str, why: str
):
    filled(warehouse, [("a@b.example", "Ann", "1", "secret")])
    bad, good = given(database, query), given(database, every="hourly")
    worker = fetcher(database, warehouse)
    run(worker, NOW)

    (said,) = troubles(database)
    assert why in said
    assert "secret" not in said
    assert people(database, bad) == []
    assert len(people(database, good)) == 1
    assert list(worker.folder.iterdir()) == []
    with database.write() as session:
        source = AudienceSource(connection="WAREHOUSE", query="SELECT * FROM insight")
        fetching.keep(session, bad, source, by="Ann", now=NOW)
    run(worker, NOW)
    assert troubles(database) == []
    assert people(database, bad) == people(database, good)


def test_a_connection_that_nobody_named_says_so(database: Database, warehouse: Path):
    audience_id = given(database)
    worker = fetcher(database, warehouse)
    run(Fetcher(database, worker.folder, "folder", {}, marker=MARKS), NOW)

    assert "The operator has named no connection" in troubles(database)[0]
    assert people(database, audience_id) == []


def test_what_a_killed_worker_left_is_read_to_its_end(database: Database, warehouse: Path):
    filled(warehouse, [("a@b.example", "Ann", "1", "")])
    audience_id = given(database)
    worker = fetcher(database, warehouse)
    left = imports.begin(
        database, audience_id=audience_id, format="csv", folder_id="folder",
        stream=[b"email\nleft@b.example\n"], imports_dir=worker.folder, filename="f.csv", by="Ann",
        now=NOW,
    )  # fmt: skip
    run(worker, NOW)

    assert [email for email, _, _ in people(database, audience_id)] == [
        "a@b.example", "left@b.example",
    ]  # fmt: skip
    with database.read() as session:
        assert store.import_of(session, left.id).status == "done"


def test_postgresql_is_read_by_a_user_who_may_only_read(
    database: Database, database_url: str, warehouse: Path
):
    if database.is_sqlite:
        pytest.skip("of PostgreSQL")
    with database.write() as session:
        session.execute(text("CREATE TABLE insight (email text, waste numeric, at date, ok bool)"))
        session.execute(
            text("INSERT INTO insight VALUES ('a@b.example', 61.30, '2026-11-01', true)")
        )
    as_reader(database, database_url)
    with database.write() as session:
        session.execute(text("GRANT SELECT ON insight TO reader"))
    audience_id = given(database)
    folder = fetcher(database, warehouse).folder
    run(Fetcher(database, folder, "folder", {"warehouse": database_url}, marker=MARKS), NOW)
    refused = troubles(database)
    with database.write() as session:
        fetching.run_soon(session, audience_id, now=NOW)
    readers = {"warehouse": as_reader(database, database_url)}
    run(Fetcher(database, folder, "folder", readers, marker=MARKS), NOW)

    assert "The user of this connection may" in refused[0]
    ((email, _, data),) = people(database, audience_id)
    assert email == "a@b.example"
    for cell in ("61.30", "2026-11-01", "true"):
        assert cell in data


def test_nothing_fills_it_any_more_when_somebody_says_so(database: Database, warehouse: Path):
    filled(warehouse, [("a@b.example", "Ann", "1", "")])
    audience_id = given(database)
    with database.write() as session:
        fetching.drop(session, audience_id)
    run(fetcher(database, warehouse), datetime(2027, 1, 1, tzinfo=UTC))

    assert people(database, audience_id) == []
    with database.write() as session, pytest.raises(Conflict, match="No query fills"):
        fetching.run_soon(session, audience_id, now=NOW)

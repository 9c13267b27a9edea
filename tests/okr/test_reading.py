"""Values that we read ourselves: when they are due, once, and what is said when it fails."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import respx

from app.okr import outcomes, reading, source_store, sources, store
from app.okr.models import CheckIn, KeyResult, ValueSource
from app.okr.reading import Reader
from app.okr.schemas import KeyResultChanges
from app.platform.db import Database
from app.platform.errors import Conflict
from app.platform.outbound import Outbound
from tests.duties import run
from tests.okr.scenes import (
    NOW,
    OSLO,
    TODAY,
    as_reader,
    given_key_result,
    given_objective,
    put,
)

PUBLIC = "93.184.215.14"
URL = "https://numbers.example/active.json"
AT = f"https://{PUBLIC}/active.json"
HTTP = {"source": "http", "http": {"url": URL, "pointer": "/active/week"}}


def a_reader(connections: Mapping[str, str] | None = None) -> Reader:
    return Reader(Outbound(resolve=lambda _host, _port: [PUBLIC]), (), connections or {})


def given(database: Database, **more: Any) -> KeyResult:
    with database.write() as session:
        return given_key_result(session, given_objective(session), **(HTTP | more))


def read(database: Database, reader: Reader | None = None, *, now: datetime = NOW) -> int:
    return run(database, reading.duty(database, reader or a_reader(), zone=OSLO), now)


def kept(database: Database, row: KeyResult) -> tuple[list[CheckIn], ValueSource]:
    with database.read() as session:
        source = source_store.source_of(session, row.id)
        assert source is not None
        return list(store.entries(session, row.id)), source


@respx.mock
def test_a_number_is_read_from_an_address_and_the_next_is_due_tomorrow(database: Database):
    respx.get(AT).respond(200, json={"active": {"week": 1515.5}})
    row = given(database)

    assert (read(database), read(database)) == (1, 0)

    (value,), source = kept(database, row)
    assert (value.date, value.value, value.source) == (TODAY, 1515.5, "http")
    assert value.recorded_by == "numbers.example"
    assert (source.due_at, source.read_at, source.error) == (NOW + timedelta(days=1), NOW, "")


@respx.mock
def test_a_weekly_source_waits_a_week(database: Database):
    respx.get(AT).respond(200, json=7)
    row = given(database, http={"url": URL, "every": "weekly"})
    read(database)

    assert read(database, now=NOW + timedelta(days=6)) == 0
    assert read(database, now=NOW + timedelta(days=7)) == 1
    assert [one.value for one in kept(database, row)[0]] == [7, 7]


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (500, "{}", "status 500"),
        (302, "", "a redirect"),
        (200, "<html>", "not JSON"),
        (200, '{"active": 1}', "no “week”"),
        (200, '{"active": {"week": 1e16}}', "beyond"),
    ],
)
def test_an_error_is_kept_to_be_shown_and_tried_again_in_an_hour(
    database: Database, status: int, body: str, sentence: str
):
    row = given(database)
    with respx.mock:
        respx.get(AT).respond(status, text=body)
        assert read(database) == 1

    values, source = kept(database, row)
    assert values == []
    assert sentence in source.error
    assert (source.failed_at, source.due_at) == (NOW, NOW + timedelta(hours=1))


@respx.mock
def test_a_success_clears_the_error(database: Database):
    route = respx.get(AT)
    route.respond(500)
    row = given(database)
    read(database)
    route.respond(200, json={"active": {"week": 3}})
    read(database, now=NOW + timedelta(hours=1))

    assert kept(database, row)[1].error == ""


def test_an_address_inside_is_refused_unless_the_operator_lists_it(database: Database):
    row = given(database, http={"url": "http://127.0.0.1:9/x", "pointer": ""})
    read(database, Reader())

    assert "THINSLICE_ALLOW_PRIVATE_SOURCES" in kept(database, row)[1].error

    read(database, Reader(allowed_hosts=("127.0.0.1",)), now=NOW + timedelta(hours=1))

    assert "could not be connected" in kept(database, row)[1].error


def test_a_number_is_read_from_a_database_that_the_operator_named(
    database: Database, database_url: str
):
    sql = {"connection": "shop", "query": "SELECT 40 + 2"}
    row = given(database, source="sql", http=None, sql=sql)
    read(database, a_reader({"shop": as_reader(database, database_url)}))

    (value,), source = kept(database, row)
    assert (value.value, value.source, value.recorded_by, source.error) == (42, "sql", "shop", "")


@respx.mock
def test_a_reading_keeps_what_somebody_said_of_the_day(database: Database):
    respx.get(AT).respond(200, json={"active": {"week": 3}})
    row = given(database)
    with database.write() as session:
        put(session, row.id, TODAY, 2, comment="after the fair", confidence=6)
    read(database)

    (value,), _ = kept(database, row)
    assert (value.value, value.comment, value.confidence) == (3, "after the fair", 6)


def test_a_reading_under_way_is_not_begun_twice(database: Database):
    row = given(database)
    with database.write() as session:
        until = NOW + timedelta(minutes=2)
        assert source_store.lease_source(session, row.id, until=until, day=TODAY, now=NOW)
        assert not source_store.lease_source(session, row.id, until=until, day=TODAY, now=NOW)
        assert source_store.due_sources(session, day=TODAY, now=NOW) == []
        assert source_store.due_sources(session, day=TODAY, now=until + timedelta(seconds=1)) == [
            row.id
        ]


def test_a_source_may_be_changed_and_is_then_read_at_once(database: Database):
    row = given(database)
    later = datetime(2026, 11, 25, tzinfo=UTC)
    changes = KeyResultChanges.model_validate({"http": {"url": f"{URL}?v=2"}})
    with database.write() as session:
        held = store.key_result_of(session, row.id)
        outcomes.change_key_result(session, held, changes, now=later)

    source = kept(database, row)[1]
    assert (source.url, source.pointer, source.due_at) == (f"{URL}?v=2", "", later)


def test_a_key_result_that_is_put_by_hand_again_is_read_no_more(database: Database):
    row = given(database)
    with database.write() as session:
        held = store.key_result_of(session, row.id)
        outcomes.change_key_result(session, held, KeyResultChanges(source="manual"), now=NOW)

    with database.read() as session:
        assert source_store.source_of(session, row.id) is None
        assert not sources.read_soon(session, row.id, now=NOW)


@respx.mock
@pytest.mark.parametrize("over", [{"closed_at": NOW}, {"ends": TODAY - timedelta(days=1)}])
def test_nothing_is_read_into_a_cycle_that_is_closed_or_over(
    database: Database, over: dict[str, Any]
):
    address = respx.get(AT).respond(200, json={"active": {"week": 3}})
    row = given(database)
    with database.write() as session:
        cycle = store.cycle_of_key_result(session, row)
        for name, value in over.items():
            setattr(cycle, name, value)
        session.add(cycle)
    assert read(database) == 0

    values, source = kept(database, row)
    assert (values, source.error, address.called) == ([], "", False)


def test_a_source_is_not_changed_under_what_experiments_wrote(database: Database):
    from app.okr import runs

    row = given(database, source="experiment", http=None, unit="percent")
    with database.write() as session:
        run = runs.Run("run 1", TODAY, 1300, 1200, 1400, 600)
        runs.write(session, row.id, run, now=NOW)
        held = store.key_result_of(session, row.id)
        with pytest.raises(Conflict, match="count twice"):
            outcomes.change_key_result(session, held, KeyResultChanges(source="manual"), now=NOW)

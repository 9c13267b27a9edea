"""What fills an audience by itself: set by admins, seen by everybody, its troubles on the page."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.audience import fetch_store, store
from app.platform import put_off
from app.platform.db import Database
from app.platform.errors import Unavailable
from app.platform.put_off import Work
from tests.web.conftest import NOW, Browser

QUERY = {"connection": "warehouse", "query": "SELECT email FROM insight", "every": "hourly"}


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINSLICE_SQL_WAREHOUSE", "sqlite:////nowhere.db")


def given(database: Database) -> str:
    with database.write() as session:
        return store.add_audience(session, "Bakers", by="Ann", now=NOW).id


def test_an_admin_sets_it_and_everybody_sees_it(
    ann: Browser, bo: Browser, database: Database, said: Callable[[str], str]
):
    path = f"/audiences/{given(database)}"
    before = said(ann.get(path).text)
    page = ann.send(f"{path}/query", on="query", **QUERY)
    seen = said(bo.get(path).text)

    assert "Fill it by a query" in before
    assert "Every hour from the connection WAREHOUSE, set by Ann. Not run yet." in said(page.text)
    assert "Every hour from the connection WAREHOUSE" in seen
    assert "SELECT" not in seen


def test_nobody_else_sets_it(eve: Browser, bo: Browser, database: Database):
    audience_id = given(database)
    for browser in (eve, bo):
        for place in ("query", "query/run", "query/remove"):
            assert browser.post(f"/audiences/{audience_id}/{place}", **QUERY).status_code == 403
    with database.read() as session:
        assert fetch_store.query_of(session, audience_id) is None


def test_what_is_wrong_stands_beside_what_was_typed(ann: Browser, database: Database):
    odd = ann.post(f"/audiences/{given(database)}/query", **QUERY | {"every": "never"})

    assert odd.status_code == 422
    assert "SELECT email FROM insight" in odd.text


def test_its_trouble_is_told_and_it_is_run_or_dropped_by_a_word(
    ann: Browser, database: Database, said: Callable[[str], str]
):
    audience_id = given(database)
    path = f"/audiences/{audience_id}"
    ann.send(f"{path}/query", on="query", **QUERY)
    with database.write() as session:
        held = fetch_store.query_of(session, audience_id)
        assert held
        held.due_at = NOW + timedelta(days=30)
        session.add(held)
        trouble = Unavailable("The connection failed.")
        put_off.note(session, Work.FETCH, audience_id, put_off.sentence_of(trouble), now=NOW)
    told = said(ann.get(path).text)
    after = said(ann.send(f"{path}/query/run", on="run").text)
    with database.read() as session:
        held = fetch_store.query_of(session, audience_id)
        assert held
        assert held.due_at < NOW + timedelta(days=30)
    dropped = said(ann.send(f"{path}/query/remove", on="remove").text)

    assert "The connection failed." in told
    assert " Next " not in told  # when it is tried again is not the query's own time
    assert "The connection failed." not in after
    assert " Next " in after
    assert "from the connection" not in dropped


def test_where_no_database_is_named_nothing_is_offered(
    ann: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("THINSLICE_SQL_WAREHOUSE")

    assert "From a database" not in ann.get(f"/audiences/{given(database)}").text

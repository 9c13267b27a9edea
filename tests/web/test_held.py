"""Somebody sends a form while another program holds the database."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlmodel import select

from app.audience.models import Audience
from app.platform import queueing
from app.platform.db import Database
from tests.web.conftest import Browser


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_typed_is_sent_again_once_the_database_is_free(
    eve: Browser,
    database: Database,
    said: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(queueing, "_LONGEST_WAIT", 0.05)
    eve.token()
    assert database.file
    with closing(sqlite3.connect(database.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = eve.post("/audiences", name="Bakeries")
    again = eve.post("/audiences", name="Bakeries")  # as reloading the page does
    with database.read() as session:
        names = list(session.exec(select(Audience.name)))

    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert "Something else holds what this needs" in said(refused.text)
    assert "it stands below. Look at it, then send it." in said(refused.text)
    assert again.status_code == 303
    assert names == ["Bakeries"]

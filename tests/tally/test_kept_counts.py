"""Whatever is kept so that nobody has to count follows from raw rows, and a test would notice."""

import re

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.ops.installation import House
from app.platform.db import Database
from tests.kept import KEPT, differences
from tests.metrics.test_matrix import given_key_result
from tests.privacy.town import Town
from tests.recount import Rows

_WRITTEN = re.compile(r"\b(?:INTO|UPDATE(?! SET)|DELETE FROM)\s+(\w+)")
_TRIGGERS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT DISTINCT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE NOT t.tgisinternal",
}


def test_what_triggers_keep_has_a_raw_question(database: Database):
    with database.read() as session:
        bodies = [row[0] for row in session.execute(text(_TRIGGERS[database.engine.dialect.name]))]
    written = {name for body in bodies for name in _WRITTEN.findall(_body(body))}

    assert {"send_count", "experiment_link"} <= written
    assert written <= {one.table for one in KEPT}


def test_each_is_what_raw_rows_say_and_a_wrong_one_is_found(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    town = Town(house, monkeypatch, leaving=2, staying=6)
    with house.database.write() as session:
        town.extra = {"key_results": [{"key_result_id": given_key_result(session, "number")}]}
    town.settle()
    town.live()
    with house.database.read() as session:
        assert differences(Rows(session)) == []
    with Session(house.database.engine) as session:
        unseen = [one.what for one in KEPT if not _is_noticed(session, one.spoilt, one.what)]
    assert unseen == []


def _is_noticed(session: Session, spoilt: str, what: str) -> bool:
    """Whether spoiling a count, and only for a moment, is told of that count."""
    session.execute(text(spoilt))
    said = differences(Rows(session))
    session.rollback()
    return any(one.startswith(f"{what} (") for one in said)


def _body(trigger: str) -> str:
    """What it does: not on what."""
    return trigger.partition("BEGIN")[2]

"""A row of the audit that is damaged is shown as such, named by verify, and hides no other."""

import re
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from app.identity.audit import Seals
from app.identity.models import AuditRow
from app.platform.db import Database
from tests.web.conftest import Browser

_COLUMNS = [one.name for one in AuditRow.__table__.columns]  # type: ignore[attr-defined]  # a table's
_VALUES: dict[str, str] = {
    "a text": "'soon'",
    "no json": "'{'",
    "a number": "7777",
    "nothing": "''",
}


# PostgreSQL keeps nothing of the kind.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def busy(ann: Browser, eve: Browser) -> Browser:
    for title in ("Waste", "Bread", "Milk"):
        eve.post("/features", title=title, problem="")
    return ann


@pytest.mark.parametrize("value", _VALUES)
@pytest.mark.parametrize("column", _COLUMNS)
def test_a_damaged_row_takes_no_other_away(
    busy: Browser, eve: Browser, database: Database, column: str, value: str
):
    keys: Seals = busy.application.state.keyring.seals
    with database.write() as session:
        number = session.scalars(select(col(AuditRow.number)).order_by(col(AuditRow.number))).all()[
            -2
        ]
        spoil = f"UPDATE audit SET {column} = {_VALUES[value]} WHERE number = {number}"
        session.execute(text(spoil))
    eve.post("/features", title="Salt", problem="")
    listed, verified = busy.get("/audit"), busy.get("/audit/verified")
    found = _verified(database, keys)

    assert listed.status_code == 200
    assert listed.text.count("feature made") >= 3
    assert verified.status_code == 200
    assert "No." in verified.text
    assert any(re.search(rf"\b{number}\b|no number that can be read", one) for one in found)
    if column == "at":
        assert "Cannot be read" in listed.text


def _verified(database: Database, keys: Any) -> list[str]:
    with database.read() as session:
        return Seals(keys).verified(session).faults

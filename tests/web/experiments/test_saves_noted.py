"""A draft saves itself at every pause; the audit says once in a while that somebody wrote."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.identity.models import AuditRow
from app.platform.db import Database
from tests import moments
from tests.moments import NOW
from tests.web.conftest import Browser
from tests.web.test_journey import id_in

_MINUTE = timedelta(minutes=1)


def saves(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.exec(select(AuditRow).order_by(AuditRow.id)).all()
        return [(row.actor, row.subject) for row in rows if "/edit/" in row.action]


def test_ten_saves_of_ten_minutes_are_one_row(
    eve: Browser, ann: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
):
    drafts = [id_in(eve.post("/experiments", name=name), "experiments") for name in ("A", "B")]
    for minute in range(13):
        moments.state(monkeypatch, NOW + minute * _MINUTE)
        for draft in drafts:
            eve.post(f"/experiments/{draft}/edit/believe", believe=f"Bakers act {minute}.")
    ann.post(f"/experiments/{drafts[0]}/edit/believe", believe="They do not.")
    found = saves(database)

    assert len(found) == 5  # two of each draft, eleven minutes apart; and Ann's
    assert len(set(found)) == 3


def test_whatever_else_is_done_again_is_noted_again(eve: Browser, database: Database):
    for _ in range(3):
        eve.post("/experiments", name="A")
    with database.read() as session:
        actions = [row.action for row in session.exec(select(AuditRow)).all()]

    assert actions.count("POST /experiments") == 3

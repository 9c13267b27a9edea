"""The audit on its pages: searched, verified, and for admins only."""

from collections.abc import Sequence

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from app.experiments.models import Feature
from app.identity.models import ApiToken, AuditRow
from app.platform.db import Database
from tests.web.conftest import Browser


@pytest.fixture
def busy(ann: Browser, eve: Browser) -> Browser:
    eve.post("/features", title="Waste", problem="")
    ann.post("/tokens", name="Board", role="viewer")
    return ann


def test_what_was_done_is_shown_the_newest_first(busy: Browser):
    shown = busy.get("/audit").text

    assert shown.index("token made") < shown.index("feature made")
    assert "Eve" in shown


def test_what_was_made_is_what_it_is_about(busy: Browser, database: Database):
    with database.read() as session:
        feature = session.exec(select(Feature.id)).one()
        token = session.exec(select(ApiToken.id)).one()
    shown = busy.get("/audit").text

    assert f'href="/features/{feature}"' in shown
    assert token in shown


def test_whoever_only_looks_is_not_noted(busy: Browser, database: Database):
    before = len(_rows(database))
    busy.post("/experiments/plan", name="Waste")
    busy.post("/customers/find", email="nobody@example.com")

    assert len(_rows(database)) == before


def test_it_is_searched_by_words_and_days(busy: Browser):
    shown = busy.get("/audit?words=token").text
    later = busy.get("/audit?since=2027-01-01").text
    earlier = busy.get("/audit?until=2026-01-01").text

    assert "token made" in shown
    assert "feature made" not in shown
    assert "Nothing was found." in later
    assert "Nothing was found." in earlier


@pytest.mark.parametrize(
    "day", ["yesterday", "2026-13-01", "-1", "٢٠٢٦-١١-٢٥x", "0001-01-01", "9999-12-31"]
)
def test_a_day_that_is_none_is_named_and_kept(busy: Browser, day: str):
    answer = busy.get(f"/audit?words=token&since={day}")

    assert answer.status_code == 422
    assert "Write a day as 2026-11-25, between 1970 and 2199." in answer.text
    assert f'value="{day}"' in answer.text


@pytest.mark.parametrize("day", ["1970-01-01", "2199-12-31"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_the_ends_of_the_calendar_are_days(busy: Browser, end: str, day: str):
    assert busy.get(f"/audit?{end}={day}").status_code == 200


def test_whether_it_is_whole_is_said_with_the_head(busy: Browser, database: Database):
    whole = busy.get("/audit/verified").text
    with database.write() as session:
        session.execute(update(AuditRow).where(col(AuditRow.number) == 2).values(actor="Bo"))
    broken = busy.get("/audit/verified").text

    assert "Yes." in whole
    assert "No." in broken
    assert "Row 2" in broken


def _rows(database: Database) -> Sequence[AuditRow]:
    with database.read() as session:
        return session.exec(select(AuditRow)).all()


def test_it_is_for_admins(eve: Browser):
    assert eve.get("/audit").status_code == 403
    assert eve.get("/audit/verified").status_code == 403
    assert 'href="/audit"' not in eve.get("/features").text

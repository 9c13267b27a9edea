"""After a launch: Undo at first, then Pause before Cancel, and a cancel that asks."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from app.experiments.models import Experiment, Status
from app.platform.db import Database
from tests.experiments import scenes
from tests.web.conftest import NOW, Browser


@pytest.fixture
def launched(database: Database) -> str:
    with database.write() as session:
        row = Experiment(
            name="Waste", design=scenes.document(), status=Status.SCHEDULED, created_at=NOW,
            updated_at=NOW, launched_at=NOW, scheduled_at=NOW, undo_seconds=30,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def buttons(page: str) -> list[str]:
    return re.findall(r">(Undo the launch|Pause|Resume|Cancel …)<", page)


def test_a_launch_is_undone_by_one_button(eve: Browser, launched: str):
    before = eve.get(f"/experiments/{launched}").text
    after = eve.send(f"/experiments/{launched}/undo", on="undo").text

    assert buttons(before) == ["Undo the launch"]
    until = (NOW.astimezone(ZoneInfo("Europe/Oslo")) + timedelta(seconds=30)).strftime("%H:%M:%S")
    assert re.search(rf"can be undone until \w+ 23 Nov 2026, {until}\.", before)
    assert "Undone: it is a draft again" in after


def test_then_pause_comes_first_and_cancel_asks(eve: Browser, launched: str, database: Database):
    begin(database, launched)
    live = eve.get(f"/experiments/{launched}/progress").text
    asked = eve.get(f"/experiments/{launched}/cancel").text
    kept = eve.get(f"/experiments/{launched}").text
    eve.post(f"/experiments/{launched}/cancel")

    assert buttons(live) == buttons(kept) == ["Pause", "Cancel …"]
    assert "Cancel for good" in asked
    assert "Keep it" in asked
    assert buttons(eve.get(f"/experiments/{launched}").text) == []


def begin(database: Database, launched: str) -> None:
    with database.write() as session:
        row = session.get_one(Experiment, launched)
        row.undo_seconds, row.status = 0, Status.RUNNING


def test_an_undo_that_comes_too_late_cancels_nothing(
    eve: Browser, launched: str, database: Database
):
    begin(database, launched)
    late = eve.send(f"/experiments/{launched}/undo", on="undo").text

    assert "Too late to undo: nothing was changed." in late
    assert buttons(late) == ["Pause", "Cancel …"]


def test_what_renews_itself_says_when_the_rest_of_the_page_is_old(
    eve: Browser, launched: str, database: Database
):
    drawn = eve.get(f"/experiments/{launched}").text
    begin(database, launched)
    renewed = eve.get(f"/experiments/{launched}/progress").text

    assert 'data-standing="undoable"' in drawn
    assert 'data-standing="running"' in renewed


def test_nobody_counts_to_nought_before_it_starts(eve: Browser, launched: str):
    page = eve.get(f"/experiments/{launched}").text

    assert "Nobody has been mailed." in page
    assert "0 of 0" not in page


def test_nobody_is_asked_who_may_not(bo: Browser, launched: str):
    assert buttons(bo.get(f"/experiments/{launched}").text) == []
    assert bo.post(f"/experiments/{launched}/cancel").status_code == 403


def test_then_every_mail_is_looked_through_before_the_first_one_leaves(
    eve: Browser, database: Database
):
    waiting = scenes.scheduled(database, people=3)
    said = "Looking through 3 mails before the first one leaves: 0 so far. It starts by itself."

    assert said in eve.get(f"/experiments/{waiting}").text
    scenes.settle(database, waiting)
    assert said not in eve.get(f"/experiments/{waiting}/progress").text

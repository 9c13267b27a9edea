"""What was put off, on its page, on the first page and on the experiment's own."""

import pytest

from app.experiments.models import Experiment
from app.platform import put_off
from app.platform.db import Database
from tests.experiments import scenes
from tests.web.conftest import NOW, Browser


@pytest.fixture
def experiment_id(database: Database) -> str:
    return scenes.one_that_cannot_start(database, now=NOW, tries=1)


def test_each_page_says_what_waits_and_why(experiment_id: str, bo: Browser):
    for page in ("/", f"/experiments/{experiment_id}", "/put-off"):
        shown = bo.get(page).text

        assert "Starting “Waste”" in shown
        assert "“euros” is no number." in shown


def test_a_launch_without_an_audience_keeps_no_page_from_being_read(
    experiment_id: str, bo: Browser, database: Database
):
    with database.write() as session:
        row = session.get_one(Experiment, experiment_id)
        row.audience_id, row.scheduled_at, row.launched_at = "nowhere", NOW, NOW
        session.add(row)
    pages = ("/", "/experiments", f"/experiments/{experiment_id}")

    assert [bo.get(page).status_code for page in pages] == [200, 200, 200]


def test_it_is_tried_now_or_no_more_by_a_button(
    experiment_id: str, eve: Browser, database: Database
):
    with database.read() as session:
        (row,) = put_off.page(session, cursor=None, limit=9)
    said = eve.send(f"/put-off/{row.id}/retry", on="put off").text
    gone = eve.send(f"/put-off/{row.id}/cancel", on="put off").text

    assert "It is tried at once." in said
    assert "cancelled by Eve" in gone
    assert "Try now</button>" in said
    assert "Try now" not in gone  # the experiment is cancelled with it
    shown = eve.get(f"/experiments/{experiment_id}").text
    assert "cancelled it" in shown
    assert "Cancelled</strong>" in shown
    assert "Paused" not in shown
    assert "could not be done" not in eve.get("/").text

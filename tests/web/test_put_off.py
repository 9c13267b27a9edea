"""What was put off, on its page, on the first page and on the experiment's own."""

import pytest

from app.experiments.models import Experiment, Status
from app.platform import put_off
from app.platform.db import Database
from app.platform.put_off import Work
from tests.experiments import scenes
from tests.web.conftest import NOW, Browser


@pytest.fixture
def experiment_id(database: Database) -> str:
    with database.write() as session:
        row = Experiment(
            name="Waste", design=scenes.document(), status=Status.SCHEDULED, created_at=NOW,
            updated_at=NOW, launched_at=NOW, scheduled_at=NOW,
        )  # fmt: skip
        session.add(row)
        session.flush()
        put_off.note(session, Work.START, row.id, "“euros” is no number.", now=NOW)
        return row.id


def test_each_page_says_what_waits_and_why(experiment_id: str, bo: Browser):
    for page in ("/", f"/experiments/{experiment_id}", "/put-off"):
        shown = bo.get(page).text

        assert "Starting “Waste”" in shown
        assert "“euros” is no number." in shown


def test_it_is_tried_now_or_no_more_by_a_button(
    experiment_id: str, eve: Browser, database: Database
):
    with database.read() as session:
        (row,) = put_off.failing(session, limit=9)
    said = eve.send(f"/put-off/{row.id}/retry", on="put off").text
    gone = eve.send(f"/put-off/{row.id}/cancel", on="put off").text

    assert "It is tried at once." in said
    assert "cancelled by Eve" in gone
    assert "cancelled it" in eve.get(f"/experiments/{experiment_id}").text
    assert "could not be done" not in eve.get("/").text

"""What was put off: listed, tried now, or no more; and what is cancelled with it."""

from fastapi import FastAPI

from app.experiments.models import Experiment, Status
from app.platform import put_off
from app.platform.db import Database
from app.platform.put_off import Work
from tests.api.conftest import NOW, as_
from tests.experiments import scenes


def given(database: Database) -> str:
    """An experiment that cannot start."""
    with database.write() as session:
        row = Experiment(
            name="Waste", design=scenes.document(), status=Status.SCHEDULED, created_at=NOW,
            updated_at=NOW, launched_at=NOW, scheduled_at=NOW,
        )  # fmt: skip
        session.add(row)
        session.flush()
        for _ in range(2):
            put_off.note(session, Work.START, row.id, "“euros” is no number.", now=NOW)
        return row.id


def test_it_is_listed_with_its_reason_and_on_the_progress(application: FastAPI, database: Database):
    experiment_id = given(database)
    viewer = as_(application, "viewer")
    (one,) = viewer.read("/put-off")["items"]

    assert (one["work"], one["subject"], one["attempts"]) == ("start", experiment_id, 2)
    assert (one["what"], one["reason"]) == ("Starting “Waste”", "“euros” is no number.")
    assert one["next_at"] == "2026-11-23T09:00:15Z"
    assert viewer.read(f"/experiments/{experiment_id}/progress")["reason"] == one["reason"]


def test_a_person_tries_it_now_or_cancels_it_with_what_it_would_have_begun(
    application: FastAPI, database: Database
):
    experiment_id = given(database)
    editor = as_(application, "editor")
    (one,) = editor.read("/put-off")["items"]
    retried = editor.post(f"/put-off/{one['id']}/retry")
    cancelled = editor.post(f"/put-off/{one['id']}/cancel")

    assert (retried.status_code, retried.json()["next_at"]) == (202, "2026-11-23T09:00:00Z")
    assert (cancelled.status_code, cancelled.json()["cancelled_by"]) == (200, "a editor")
    assert editor.read(f"/experiments/{experiment_id}")["status"] == "cancelled"
    assert editor.post("/put-off/none/retry").status_code == 404
    assert as_(application, "viewer").post(f"/put-off/{one['id']}/retry").status_code == 403

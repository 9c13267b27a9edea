"""What was put off: listed, tried now, or no more; and what is cancelled with it."""

from fastapi import FastAPI

from app.platform.db import Database
from tests.api.conftest import NOW, as_
from tests.experiments import scenes


def test_it_is_listed_with_its_reason_and_on_the_progress(application: FastAPI, database: Database):
    experiment_id = scenes.one_that_cannot_start(database, now=NOW, tries=2)
    viewer = as_(application, "viewer")
    (one,) = viewer.read("/put-off")["items"]

    assert (one["work"], one["subject"], one["attempts"]) == ("start", experiment_id, 2)
    assert (one["what"], one["reason"]) == ("Starting “Waste”", "“euros” is no number.")
    assert one["next_at"] == "2026-11-23T09:00:15Z"
    assert viewer.read(f"/experiments/{experiment_id}/progress")["reason"] == one["reason"]


def test_a_person_tries_it_now_or_cancels_it_with_what_it_would_have_begun(
    application: FastAPI, database: Database
):
    experiment_id = scenes.one_that_cannot_start(database, now=NOW, tries=2)
    editor = as_(application, "editor")
    (one,) = editor.read("/put-off")["items"]
    retried = editor.post(f"/put-off/{one['id']}/retry")
    cancelled = editor.post(f"/put-off/{one['id']}/cancel")

    assert (retried.status_code, retried.json()["next_at"]) == (202, "2026-11-23T09:00:00Z")
    assert (cancelled.status_code, cancelled.json()["cancelled_by"]) == (200, "a editor")
    assert editor.read(f"/experiments/{experiment_id}")["status"] == "cancelled"
    assert editor.post("/put-off/none/retry").status_code == 404
    assert as_(application, "viewer").post(f"/put-off/{one['id']}/retry").status_code == 403

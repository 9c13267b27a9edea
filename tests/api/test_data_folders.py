from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from app.platform.db import Database
from app.tracking import alike, folder_rows, folders
from app.tracking.folders import Folder
from tests.api.conftest import NOW, as_

GONE = Folder("two", Path("/srv/two"))


def test_a_folder_tells_its_state_and_is_retired_once(application: FastAPI, database: Database):
    then = NOW - timedelta(hours=3)
    with database.write() as session:
        folders.report(session, GONE, until=then, lost=2, drained=False, now=then)
    admin = as_(application, "admin")
    (silent,) = admin.read("/data-folders")["items"]
    retired = admin.made("/data-folders/two/retire")
    again = admin.post("/data-folders/two/retire")

    assert (silent["state"], silent["ingested_until"]) == ("silent", "2026-11-23T06:00:00Z")
    assert (retired["state"], retired["retired_by"]) == ("retired", "a admin")
    assert again.status_code == 409


def test_only_admins_retire(application: FastAPI):
    assert as_(application, "editor").post("/data-folders/two/retire").status_code == 403
    assert as_(application, "admin").post("/data-folders/two/retire").status_code == 404


def test_losses_are_taken_note_of_and_new_ones_are_new(application: FastAPI, database: Database):
    admin, path = as_(application, "admin"), "/data-folders/two/acknowledge"
    with database.write() as session:
        then = NOW - timedelta(hours=1)
        folders.report(session, GONE, until=then, lost=0, drained=False, now=then)
        folders.report(session, GONE, until=NOW, lost=2, drained=False, now=NOW)
    seen = admin.made(path)
    again = admin.post(path)
    with database.write() as session:
        later = NOW + timedelta(hours=1)
        folders.report(session, GONE, until=later, lost=5, drained=False, now=later)
    more = admin.made(path)

    assert (seen["lost_clicks_seen"], again.status_code, more["lost_clicks_seen"]) == (2, 409, 5)
    (listed,) = admin.read("/data-folders")["items"]
    assert (listed["lost_since"], listed["lost_until"]) == (
        "2026-11-23T08:00:00Z",
        "2026-11-23T10:00:00Z",
    )
    assert as_(application, "editor").post(path).status_code == 403


def test_machines_with_other_settings_are_told(application: FastAPI, database: Database):
    with database.write() as session:
        for name in ("one", "two"):
            folder = Folder(name, Path("/srv"), settings=f"secret_keys=k warm_up={name}")
            folders.report(session, folder, until=NOW, lost=0, drained=False, now=NOW)
        said = alike.wrong(folder_rows.folders(session), now=NOW)
    listed = as_(application, "admin").read("/data-folders")["items"]

    assert {one["id"]: one["wrong"] for one in listed} == {"one": None, "two": said["two"]}

"""The way out for a machine that is gone for good: by an admin, on a page, audited."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.identity.models import AuditRow
from app.platform import clock
from app.platform.db import Database
from app.tracking import folder_rows, folders
from app.tracking.folders import Folder
from tests.web.conftest import NOW, Browser

GONE = Folder("two", Path("/srv/two"))


@pytest.fixture
def silent(database: Database) -> None:
    then = NOW - timedelta(hours=3)
    with database.write() as session:
        folders.report(session, GONE, until=then, lost=0, drained=False, now=then)


def test_a_silent_machine_is_named_on_the_first_page(silent: None, bo: Browser):
    page = bo.get("/").text

    assert f"Waiting for the clicks of {GONE.host}, silent since Monday 23 November, 07:00" in page


def test_an_admin_retires_it_and_nobody_waits_any_more(
    silent: None, ann: Browser, database: Database
):
    before = ann.get("/data-folders").text
    after = ann.send("/data-folders/two/retire", on="data folders").text
    with database.read() as session:
        audited = session.exec(select(AuditRow.action, AuditRow.subject)).all()

    assert "Silent" in before
    assert "by Ann" in after
    assert "Waiting for the clicks" not in ann.get("/").text
    assert ("POST /data-folders/{folder_id}/retire", "two") in audited


def test_others_neither_see_nor_retire_it(silent: None, eve: Browser, bo: Browser):
    assert {one.get("/data-folders").status_code for one in (eve, bo)} == {403}
    assert eve.post("/data-folders/two/retire").status_code == 403


def test_a_machine_that_lives_is_not_retired(ann: Browser, database: Database):
    now = clock.now()
    with database.write() as session:
        folders.report(session, GONE, until=now, lost=0, drained=False, now=now)

    assert "Retire</button>" not in ann.get("/data-folders").text
    assert ann.post("/data-folders/two/retire").status_code == 409


def test_what_could_not_be_kept_is_taken_note_of_once(
    ann: Browser, bo: Browser, database: Database
):
    now = clock.now()
    with database.write() as session:
        then = now - timedelta(minutes=5)
        folders.report(session, GONE, until=then, lost=0, drained=False, now=then)
        folders.report(session, GONE, until=now, lost=3, drained=False, now=now)
    refused = bo.post("/data-folders/two/acknowledge").status_code
    before = ann.get("/data-folders").text
    after = ann.send("/data-folders/two/acknowledge", on="data folders").text
    with database.read() as session:
        (lost,) = folder_rows.counted_losses(session, "two")

    assert refused == 403
    assert "Take note</button>" in before
    assert re.search(r"\d\d:\d\d to \w{3} \d+ \w{3} \d{4}, \d\d:\d\d", before)
    assert "Take note</button>" not in after
    assert lost.hits == 3  # readouts go on saying it
    assert ann.post("/data-folders/two/acknowledge").status_code == 409


def test_machines_with_other_settings_are_told_once(ann: Browser, database: Database):
    now = clock.now()
    with database.write() as session:
        for name in ("one", "two"):
            folder = Folder(name, Path("/srv"), settings=f"secret_keys=k warm_up={name}")
            folders.report(session, folder, until=now, lost=0, drained=False, now=now)

    assert ann.get("/data-folders").text.count("Another THINSLICE_WARM_UP than on") == 1

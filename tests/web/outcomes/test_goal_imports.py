"""Goals from a file: by page, and the same by API."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest
from sqlmodel import select

from app.identity.models import AuditRow
from app.okr import store
from app.platform import clock
from app.platform.db import Database
from tests.okr.goal_sheets import FORMS, HANDS, company
from tests.web.conftest import Browser
from tests.whole import FORM, Said, Whole, asked, whole

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SHEET = (
    "Objective;Key Result;Quarter;Start;Target;Unit;Date;Value;Secret\n"
    "Bakers plan;Active bakeries;Q4 2026;1.240,5;1.800;;2026-11-01;1.300,5;x\n"
    "Bakers plan;Active bakeries;Q4 2026;1.240,5;1.800;;2026-11-08;1.310,5;x\n"
    "Bakers plan;Share;Q4 2026;0;15 %;%;;;x\n"
    "Bakers plan;Broken;Q4 2026;5;5;;;;x\n"
)


@pytest.fixture(autouse=True)
def on_tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def fields_of(page: str) -> dict[str, str]:
    """What the mapping page would send: each select as it stands."""
    selects = re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL)
    return {
        name: next(iter(re.findall(r'value="([^"]*)" selected', inner)), "")
        for name, inner in selects
    }


def test_a_file_becomes_goals_when_somebody_has_seen_what_it_would_make(
    eve: Browser, database: Database, said: Callable[[str], str]
):
    begun = eve.get("/outcomes/import")
    looked = eve.upload("/outcomes/import", "goals.csv", SHEET.encode("cp1252"))
    with database.read() as session:
        assert store.objectives(session) == []
    fields = fields_of(looked.text)
    page = eve.send("/outcomes/import/save", on="import", csv=SHEET, **fields)
    again = said(eve.upload("/outcomes/import", "goals.csv", SHEET.encode("utf-16")).text)

    assert 'type="file"' in begun.text
    assert (
        "Would create 1 cycle, 1 objective, 2 key results, 2 check-ins;"
        " 1 row or part of one refused." in said(looked.text)
    )
    assert fields["column-1"] == "key_result"
    assert fields["column-8"] == ""
    assert "Start and target are the same" in looked.text
    assert "Active bakeries" in said(page.text)
    assert "Would create nothing new; 3 are here already" in again
    with database.read() as session:
        actions = [row.action for row in session.exec(select(AuditRow))]
        assert "goals imported" in actions


def test_a_column_is_read_as_somebody_says(eve: Browser, said: Callable[[str], str]):
    sheet = SHEET.replace("Key Result", "What moves")
    looked = eve.upload("/outcomes/import", "goals.csv", sheet.encode())
    fields = fields_of(looked.text) | {"column-1": "key_result"}
    mended = eve.post("/outcomes/import/look", csv=sheet, **fields)
    twice = eve.post("/outcomes/import/save", csv=sheet, **fields | {"column-8": "key_result"})

    assert "2 key results" in said(mended.text)
    assert twice.status_code == 422
    assert "Two columns become “Key result”" in said(twice.text)
    assert "What moves" in twice.text  # the mapping is still there to be mended


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04" + bytes(99), "Save the sheet as CSV"),
        (b"Objective\n" + b"x" * 10_000_000, "larger than 1 MB"),
        (b"x,y\n1,2\n", "No column names an objective or a key result."),
    ],
    ids=["empty", "workbook", "ten_megabytes", "strange"],
)
def test_a_bad_file_is_told_about_on_the_page(
    eve: Browser, said: Callable[[str], str], raw: bytes, why: str
):
    page = eve.upload("/outcomes/import", "goals.csv", raw)

    assert page.status_code == 422
    assert why in said(page.text)


def test_a_viewer_imports_nothing(bo: Browser):
    assert 'type="file"' not in bo.get("/outcomes/import").text
    assert bo.post("/outcomes/import/save", csv=SHEET).status_code == 403


def test_the_empty_page_leads_there(eve: Browser):
    assert 'href="/outcomes/import"' in eve.get("/objectives").text


@pytest.mark.parametrize("hand", sorted(HANDS))
@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_page_and_the_api_say_the_same(tmp_path: Path, form: str, hand: str):
    rows = FORMS[form](company(Random(f"{form} {hand}"), last=NOW.date()), HANDS[hand])
    csv = HANDS["iso"].file([*rows, ["", "Nameless", *rows[-1][2:]]]).decode()
    with whole(tmp_path) as application:
        page, answer = both(application, csv)
        told = answer.json()
        html = page.text

        assert (page.status, answer.status) == (200, 200), answer.text
        refused = re.findall(r'<tr><td class="number">(\d+)</td><td>', html)
        assert [int(line) for line in refused] == [one["line"] for one in told["refused"]][:200]
        for name, words in (("objectives", "objective"), ("check_ins", "check-in")):
            count = told["counts"][name]
            assert not count or f"{count:,} {words}" in html
        becomes = [one["becomes"] or "" for one in told["columns"]]
        assert [fields_of(html)[f"column-{n}"] for n in range(len(becomes))] == becomes
        assert ("import/save" in html) is (not told["asks"])


def both(application: Whole, csv: str) -> tuple[Said, Said]:
    body = json.dumps({"csv": csv, "dry_run": True}).encode()
    page, answer = application.every(
        asked(
            application, "POST", "/outcomes/import/look", "editor",
            body=urlencode({"csv": csv}).encode(), kind=FORM,
        ),
        asked(application, "POST", "/api/v1/goal-imports", "editor", body=body),
    )  # fmt: skip
    return page, answer

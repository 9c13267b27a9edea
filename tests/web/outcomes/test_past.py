"""Past weeks are pasted, looked at, and saved; the API says the same of the same text."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlmodel import Session

from app.okr import store
from app.platform import clock
from app.platform.db import Database
from tests.okr.scenes import given_key_result, given_objective, put
from tests.web.conftest import Browser
from tests.whole import FORM, Said, Whole, asked, whole

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PASTED = [
    "Week\tUsers\n2026-W45\t1.240,5\n2026-W46\t1 250\n2026-W48\t7\nsoon\t8",
    "1240\n1250\n1260",
    "3/4/2026; 12",
    "12/25/2025 1,234\n1/2/2026 7.5",
    "",
    "<b>2026-11-01</b> 7",
]


@pytest.fixture(autouse=True)
def on_tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def made(database: Database) -> str:
    with database.write() as session:
        return _row(session)


def _row(session: Session) -> str:
    row = given_key_result(session, given_objective(session))
    put(session, row.id, NOW.date().replace(day=8), 1300)
    return row.id


def test_it_is_pasted_looked_at_and_saved(
    eve: Browser, database: Database, said: Callable[[str], str]
):
    row_id = made(database)
    past = "2026-W44\t1.240,5\n2026-W45\t1 250\n2026-W48\t7"
    begun = eve.get(f"/key-results/{row_id}/past")
    looked = said(eve.post(f"/key-results/{row_id}/past", past=past).text)
    with database.read() as session:
        kept = [one.value for one in store.entries(session, row_id)]
    page = said(eve.send(f"/key-results/{row_id}/past/save", on="past", past=past).text)

    assert "Paste one column or two" in begun.text
    assert "Save 2 values" in looked
    assert "4 weeks before" not in looked
    assert "week 5 of the cycle" in looked
    assert "Replaces 1,300" in looked
    assert "This week is not over yet." in looked
    assert kept == [1300]
    assert "1,240.5" in page
    assert "1,250" in page
    assert "entered later: 24 Nov 2026" in page


def test_what_is_open_is_asked_and_what_was_typed_stays(eve: Browser, database: Database):
    row_id = made(database)
    looked = eve.post(f"/key-results/{row_id}/past", past="3/4/2026; 12")
    forced = eve.post(f"/key-results/{row_id}/past/save", past="3/4/2026; 12")
    answered = eve.post(f"/key-results/{row_id}/past", past="3/4/2026; 12", dates="month_first")

    assert "One more answer is needed" in looked.text
    assert "past/save" not in looked.text
    assert forced.status_code == 422
    assert "Say which stands first" in forced.text
    assert "3/4/2026; 12" in forced.text
    assert "Save 1 value" in answered.text


@pytest.mark.parametrize("field", ["dates", "decimals", "last_week"])
def test_an_answer_that_is_none_is_refused_beside_its_field(
    eve: Browser, database: Database, field: str
):
    row_id = made(database)
    odd = eve.post(f"/key-results/{row_id}/past", past="1240", **{field: "perhaps"})

    assert odd.status_code == 422
    assert "Nothing that you typed is lost." in odd.text


def test_a_viewer_reads_and_changes_nothing(bo: Browser, database: Database):
    row_id = made(database)

    assert "Paste" not in bo.get(f"/key-results/{row_id}/past").text
    assert bo.post(f"/key-results/{row_id}/past/save", past="2026-W44 7").status_code == 403


def test_the_page_and_the_api_say_the_same(tmp_path: Path):
    with whole(tmp_path) as application:
        with application.house.database.write() as session:
            row_id = _row(session)
        for pasted in PASTED:
            page, answer = both(application, row_id, pasted)
            if answer.status == 422:
                assert page.status == 422, pasted
                continue
            told = answer.json()
            lines = re.findall(
                r"<tr><td class=\"number\" data-label=\"Line\">(\d+)</td>(.*?)</tr>", page.text
            )
            assert [int(number) for number, _ in lines] == [one["line"] for one in told["rows"]]
            for (_, html), one in zip(lines, told["rows"], strict=True):
                assert (one["week"] or "") in html
                assert ("Refused" in html) is (one["becomes"] == "refused")
            assert ("past/save" in page.text) is (not told["asks"] and told["saves"] > 0)


def both(application: Whole, row_id: str, pasted: str) -> tuple[Said, Said]:
    body = json.dumps({"text": pasted, "dry_run": True}).encode()
    page, answer = application.every(
        asked(
            application, "POST", f"/key-results/{row_id}/past", "editor",
            body=urlencode({"past": pasted}).encode(), kind=FORM,
        ),
        asked(application, "POST", f"/api/v1/key-results/{row_id}/past", "editor", body=body),
    )  # fmt: skip
    return page, answer

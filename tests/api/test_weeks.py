"""The weekly review through the API."""

from datetime import timedelta

import pytest

from app.platform import clock
from app.platform.iso_weeks import week_of
from tests.api.conftest import Api

pytestmark = pytest.mark.calendar

TODAY = clock.now().date()
WEEK = f"/weeks/{week_of(TODAY - timedelta(days=7))}"


def test_a_week_is_read_written_and_frozen(api: Api) -> None:
    made = api.made(f"{WEEK}/commitments", {"text": "Ask ten bakers", "owner": "Cem"})
    api.made(f"{WEEK}/notes", {"kind": "blocker", "text": "SMTP is slow"})
    kept = api.ask("PUT", f"{WEEK}/commitments/{made['id']}", json={"kept": "done"})
    frozen = api.made(f"{WEEK}/freeze")
    late = api.ask("PUT", f"{WEEK}/commitments/{made['id']}", json={"kept": "not_done"})

    assert kept.json()["kept"] == "done"
    assert late.status_code == 200
    assert api.read(WEEK) == frozen
    assert [(one["text"], one["owner"], one["kept"]) for one in frozen["commitments"]] == [
        ("Ask ten bakers", "Cem", "done")
    ]
    assert [one["text"] for one in frozen["blockers"]] == ["SMTP is slow"]
    assert frozen["frozen_at"]


def test_a_week_is_frozen_once_and_takes_no_more(api: Api) -> None:
    api.made(f"{WEEK}/freeze")

    assert api.post(f"{WEEK}/freeze").status_code == 409
    assert api.post(f"{WEEK}/commitments", {"text": "One more"}).status_code == 409
    assert api.post(f"{WEEK}/notes", {"kind": "decision", "text": "No"}).status_code == 409


def test_a_line_is_taken_back(api: Api) -> None:
    made = api.made(f"{WEEK}/notes", {"kind": "decision", "text": "A mistake"})

    assert api.ask("DELETE", f"{WEEK}/items/{made['id']}").status_code == 204
    assert api.read(WEEK)["decisions"] == []
    assert api.ask("DELETE", f"{WEEK}/items/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("commitments", {"text": ""}),
        ("commitments", {"text": "x" * 501}),
        ("commitments", {"text": "Ask", "who": "Cem"}),
        ("notes", {"kind": "commitment", "text": "Ask"}),
        ("notes", {"kind": "blocker", "text": "a\x00b"}),
    ],
)
def test_what_cannot_be_taken_is_refused(api: Api, path: str, body: dict[str, str]) -> None:
    assert api.post(f"{WEEK}/{path}", body).status_code == 422


def test_the_future_and_what_is_no_week_are_refused(api: Api) -> None:
    ahead = week_of(TODAY + timedelta(days=14))

    assert api.post(f"/weeks/{ahead}/freeze").status_code == 422
    assert api.get("/weeks/2026-W54").status_code == 422

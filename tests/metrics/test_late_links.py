"""A key result that is linked after the launch says so everywhere, and was never the plan."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.okr import ledger, series
from app.okr.models import KeyResult
from app.platform import clock, config
from tests.api.conftest import Api
from tests.cast import A_SERVER
from tests.experiments.scenes import given_audience
from tests.metrics.scenes import START, Run
from tests.metrics.test_matrix import design, given_key_result
from tests.web.conftest import Browser

CASE = ("clicks", "threshold", "curtailed", 1, "")
LATER = START + timedelta(hours=30)  # Wednesday, 25 November


def given(api: Api, *, mail: str = A_SERVER) -> tuple[str, str, str]:
    """An experiment that is planned to move one key result, and another key result."""
    state = api.application.state
    state.settings = config.load(data_dir=state.settings.data_dir, timezone="UTC", mail=mail)
    with state.database.write() as session:
        audience_id = given_audience(session, 30)
        planned = given_key_result(session, "percent")
        row = session.get_one(KeyResult, planned)
        row.title, row.source = "Planned", "experiment"
        same = row.model_dump(exclude={"id", "title", "created_at"})
        other = KeyResult(**same, title="Late", created_at=START)
        session.add(other)
        session.flush()
        late = other.id
    experiment = api.made("/experiments", design(CASE, audience_id, planned))["id"]
    return experiment, planned, late


def test_it_is_marked_everywhere_and_writes_nothing(
    api: Api, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    experiment, planned, late = given(api)
    home, draft = f"/experiments/{experiment}", {"key_result_id": late}
    early = api.post(f"{home}/key-results", draft)
    api.made(f"{home}/launch", {})
    run = Run(api.application.state.database, experiment, tmp_path)
    run.mail(0)
    run.act(0)
    monkeypatch.setattr(clock, "now", lambda: LATER)
    made = api.made(f"{home}/key-results", draft)
    twice = api.post(f"{home}/key-results", draft)
    nowhere = api.post(f"{home}/key-results", {"key_result_id": "none"})
    now = run.end()
    monkeypatch.setattr(clock, "now", lambda: now)
    readout = api.read(f"{home}/readout")
    (link,) = api.read(f"/key-results/{late}")["links"]
    (plan,) = api.read(f"/key-results/{planned}")["links"]
    said = "on Wed 25 Nov 2026, after the launch"
    pages = [f"{home}/readout", f"{home}/link", f"/key-results/{late}"]
    with api.application.state.database.read() as session:
        moved = {
            key: len(series.daily_values(session, session.get_one(KeyResult, key)))
            for key in (planned, late)
        }
        lines = ledger.lines(session, late)

    at = "2026-11-25T15:00:00Z"
    assert [one.status_code for one in (early, twice, nowhere)] == [409, 409, 422]
    assert [(one["mode"], one["linked_at"]) for one in made["key_results"]] == [
        ("direct", None), ("evidence", at),
    ]  # fmt: skip
    assert [one["linked_at"] for one in readout["key_results"]] == [None, at]
    assert (link["linked_at"], link["mode"], link["projected"]) == (at, "evidence", None)
    assert plan["linked_at"] is None
    assert [page for page in pages if said not in browser.get(page).text] == []
    assert "Late" not in browser.get(home).text.partition("Test card")[2]
    assert said not in browser.get(f"/key-results/{planned}").text
    assert (moved, len(lines)) == ({planned: 1, late: 0}, 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_linked_and_taken_back_on_its_page_and_planned_by_the_next_run(
    api: Api, browser: Browser
):
    experiment, planned, late = given(api)
    home = f"/experiments/{experiment}"
    api.made(f"{home}/launch", {})
    linked = browser.send(f"{home}/link", on="link", key_result_id=late).text
    again = browser.post(f"{home}/link", key_result_id=late)
    copied = api.made(f"{home}/copy", {})
    sent = [copied["key_results"][0] | {"linked_at": "2026-11-25T15:00:00Z"}]
    claimed = api.ask("PATCH", f"/experiments/{copied['id']}", json={"key_results": sent})
    kept = browser.post(f"{home}/link/{planned}/remove")
    browser.send(f"{home}/link/{late}/remove", on="remove")
    after = api.read(home)["key_results"]

    assert "Planned before the launch" in linked
    assert "after the launch" in linked
    assert again.status_code == 422
    assert [one["linked_at"] for one in copied["key_results"]] == [None, None]
    assert claimed.status_code == 422
    assert kept.status_code == 409
    assert [one["key_result_id"] for one in after] == [planned]
    assert api.ask("DELETE", f"{home}/key-results/{late}").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_rehearsal_is_linked_to_nothing(api: Api, browser: Browser):
    experiment, _, late = given(api, mail="outbox:")
    api.made(f"/experiments/{experiment}/launch", {})
    refused = api.post(f"/experiments/{experiment}/key-results", {"key_result_id": late})

    assert refused.status_code == 409
    assert "Link it" not in browser.get(f"/experiments/{experiment}/link").text

"""Versions of a draft by the API: the same that the page shows."""

from datetime import timedelta
from typing import Any

import pytest

from app.experiments import versions
from app.platform import clock
from tests.api.conftest import NOW, Api

_LATER = versions.GOES_ON + timedelta(seconds=1)


@pytest.fixture
def changed(api: Api, experiment: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """A draft whose name was changed once."""
    monkeypatch.setattr(clock, "now", lambda: NOW + _LATER)
    path = f"/experiments/{experiment['id']}"
    assert api.ask("PATCH", path, json={"name": "Other"}).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: NOW + 2 * _LATER)
    return path


def test_a_change_is_told_by_its_path(api: Api, experiment: dict[str, Any], changed: str):
    newest, first = api.read(f"{changed}/versions")["items"]

    assert (newest["number"], newest["mark"], newest["made"]) == (2, "2.1", "written")
    assert newest["changed"] == [{"field": "name", "before": experiment["name"], "after": "Other"}]
    assert not newest["launched"]
    assert first["made"] == "begun"
    assert {"field": "name", "before": None, "after": experiment["name"]} in first["changed"]


def test_a_version_is_read_whole_and_brought_back(
    api: Api, experiment: dict[str, Any], changed: str
):
    whole = api.read(f"{changed}/versions/1")
    answer = api.made(f"{changed}/versions/1/restore", {"mark": "2.1"})

    assert whole["design"]["name"] == answer["name"] == experiment["name"]
    assert api.read(f"{changed}/versions")["items"][0]["of"] == 1


def test_undo_goes_back_until_nothing_is_left(api: Api, experiment: dict[str, Any], changed: str):
    assert api.made(f"{changed}/versions/undo")["name"] == experiment["name"]
    refused = api.post(f"{changed}/versions/undo")

    assert refused.status_code == 409
    assert refused.json()["detail"] == "There is nothing left to undo."


@pytest.mark.parametrize("path", ["versions/1/restore", "versions/undo"])
def test_whoever_looked_before_somebody_else_wrote_is_refused(api: Api, changed: str, path: str):
    refused = api.post(f"{changed}/{path}", {"mark": "1.1"})

    assert refused.status_code == 409
    assert "Somebody changed this draft after you looked at it" in refused.json()["detail"]
    assert api.read(changed)["name"] == "Other"


@pytest.mark.parametrize(("number", "status"), [(0, 422), (3, 404), (2**31, 422)])
def test_a_version_that_is_not_there_is_not_brought_back(
    api: Api, changed: str, number: int, status: int
):
    assert api.get(f"{changed}/versions/{number}").status_code == status
    assert api.post(f"{changed}/versions/{number}/restore").status_code == status


def test_a_viewer_reads_and_changes_nothing(api: Api, viewer: Api, changed: str):
    assert viewer.read(f"{changed}/versions") == api.read(f"{changed}/versions")
    assert viewer.post(f"{changed}/versions/undo").status_code == 403


def test_the_curve_marks_what_the_plan_says(api: Api, experiment: dict[str, Any]):
    path = f"/experiments/{experiment['id']}/plan"
    plan, points = api.read(path), api.read(f"{path}/curve")["points"]
    chosen = [one for one in points if one["chosen"]]

    assert [(one["people"], one["detectable"]) for one in chosen] == [
        (plan["people"], plan["detectable"])
    ]
    assert len(points) == 5

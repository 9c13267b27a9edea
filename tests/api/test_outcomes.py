"""Teams, cycles, objectives, key results, features and slices through the API."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.cast import DESIGN


def test_an_objective_names_its_teams(api: Api) -> None:
    team = api.made("/teams", {"name": "Growth", "function": "product"})
    cycle = api.made("/cycles", {"name": "Q4", "starts": "2026-10-01", "ends": "2026-12-31"})
    asked = {"title": "Waste less", "cycle_id": cycle["id"], "team_ids": [team["id"]]}
    made = api.made("/objectives", asked | {"owner": "Ann"})
    assert api.read(f"/objectives/{made['id']}") == made
    assert made["team_ids"] == [team["id"]]
    assert api.read("/objectives", cycle_id=cycle["id"])["items"] == [made]


def test_short_lists_come_in_pages_too(api: Api) -> None:
    for name in "cab":
        api.made("/teams", {"name": name})
    first = api.read("/teams", limit=2)
    second = api.read("/teams", limit=2, cursor=first["next"])
    assert [team["name"] for team in first["items"] + second["items"]] == ["c", "a", "b"]
    assert second["next"] is None


def test_a_cursor_of_something_else_is_refused(api: Api) -> None:
    assert api.get("/teams", cursor="x").json()["errors"][0]["field"] == "cursor"


def test_an_objective_of_no_cycle_is_not_found(api: Api) -> None:
    assert api.post("/objectives", {"title": "x", "cycle_id": "nowhere"}).status_code == 404


@pytest.mark.calendar
def test_a_key_result_follows_its_values(api: Api, key_result: dict[str, Any]) -> None:
    path = f"/key-results/{key_result['id']}"
    body = {"value": 1400, "comment": "Sweden", "confidence": 6}
    put = api.ask("PUT", f"{path}/values/2026-11-22", json=body)
    assert put.status_code == 200
    assert put.json()["source"] == "api"
    seen = api.read(path)
    assert (seen["current"], seen["progress"], seen["confidence"]) == (1400, 0.25, 6)
    assert (seen["stale"], seen["forecast"], seen["links"]) == (False, None, [])
    assert {"expected", "pace", "warning"} <= set(seen)


def test_a_value_put_twice_is_there_once(api: Api, key_result: dict[str, Any]) -> None:
    path = f"/key-results/{key_result['id']}/values"
    for value in (1300, 1400, 1400):
        api.ask("PUT", f"{path}/2026-11-22", json={"value": value})
    values = api.read(path)["items"]
    assert [(one["date"], one["value"]) for one in values] == [("2026-11-22", 1400)]


@pytest.mark.calendar
def test_a_value_of_tomorrow_is_refused(api: Api, key_result: dict[str, Any]) -> None:
    path = f"/key-results/{key_result['id']}/values/2026-11-24"
    answer = api.ask("PUT", path, json={"value": 1})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "date"


def test_a_date_that_is_none_is_refused(api: Api, key_result: dict[str, Any]) -> None:
    path = f"/key-results/{key_result['id']}/values/2026-02-30"
    answer = api.ask("PUT", path, json={"value": 1})
    assert answer.json()["errors"][0]["field"] == "date"


def test_a_source_that_lacks_its_settings_is_refused(api: Api, key_result: dict[str, Any]) -> None:
    asked = {"title": "x", "kind": "increase", "start": 0, "target": 1, "source": "sql"}
    answer = api.post("/key-results", asked | {"objective_id": key_result["objective_id"]})
    assert answer.status_code == 422
    assert "needs sql" in answer.json()["errors"][0]["message"]


def test_a_key_result_names_the_experiments_that_should_move_it(
    api: Api, key_result: dict[str, Any], audience_id: str
) -> None:
    links = [{"key_result_id": key_result["id"], "reach": 12000, "carry": 0.25}]
    design = DESIGN | {"audience_id": audience_id, "key_results": links}
    made = api.made("/experiments", design)
    (link,) = api.read(f"/key-results/{key_result['id']}")["links"]
    assert (link["experiment_id"], link["mode"]) == (made["id"], "evidence")
    assert (link["status"], link["call"]) == ("draft", None)


def test_a_feature_shows_its_slices(api: Api, key_result: dict[str, Any]) -> None:
    asked = {"title": "Waste dashboard", "key_result_id": key_result["id"]}
    feature = api.made("/features", asked)
    first = api.made("/slices", {"feature_id": feature["id"], "title": "One email"})
    second = api.made("/slices", {"feature_id": feature["id"], "title": "A list"})
    seen = api.read(f"/features/{feature['id']}")
    assert seen["slices"] == [first, second]
    assert [first["order"], second["order"]] == [0, 1]
    assert api.read(f"/slices/{first['id']}") == first
    assert [one["id"] for one in api.read("/features")["items"]] == [feature["id"]]


def test_a_patch_leaves_what_it_does_not_name(api: Api) -> None:
    feature = api.made("/features", {"title": "Waste dashboard", "problem": "Unseen"})
    path = f"/features/{feature['id']}"
    changed = api.ask("PATCH", path, json={"full_build_weeks": 12}).json()
    assert changed == feature | {"full_build_weeks": 12}


def test_a_slice_of_no_feature_is_refused(api: Api) -> None:
    answer = api.post("/slices", {"feature_id": "nowhere", "title": "x"})
    assert answer.json()["errors"][0]["field"] == "feature_id"

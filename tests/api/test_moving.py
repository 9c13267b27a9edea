"""Key results through the API: complete, closed with scores, moved by experiments, taken back."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.okr import ledger, runs
from app.platform.db import Database
from tests.api.conftest import NOW, Api
from tests.cast import DESIGN

DIRECT = {"title": "Bakers acting", "kind": "increase", "unit": "percent", "start": 0, "target": 15}


def put(api: Api, key_result: dict[str, Any], day: date, value: float) -> None:
    path = f"/key-results/{key_result['id']}/values/{day}"
    assert api.ask("PUT", path, json={"value": value}).status_code == 200


@pytest.fixture
def acting(api: Api, key_result: dict[str, Any]) -> dict[str, Any]:
    asked = DIRECT | {"objective_id": key_result["objective_id"], "source": "experiment"}
    return api.made("/key-results", asked)


@pytest.fixture
def run(api: Api, audience_id: str, acting: dict[str, Any], database: Database) -> dict[str, Any]:
    """An experiment that is the key result's number, and has written its first value."""
    links = [{"key_result_id": acting["id"], "mode": "direct"}]
    made = api.made("/experiments", DESIGN | {"audience_id": audience_id, "key_results": links})
    with database.write() as session:
        found = runs.Run(made["id"], NOW.date(), 12.0, 9.5, 14.9, 600)
        runs.write(session, acting["id"], found, now=NOW)
    return made


@pytest.mark.calendar
def test_a_forecast_comes_with_five_weeks(api: Api, key_result: dict[str, Any]) -> None:
    for weeks in range(1, 6):
        put(api, key_result, NOW.date() - timedelta(days=7 * weeks), 1400 - 41 * weeks + weeks % 2)

    forecast = api.read(f"/key-results/{key_result['id']}")["forecast"]

    assert (forecast["on"], forecast["values"], forecast["confidence"]) == ("2026-12-31", 5, 0.8)
    assert forecast["low"] <= forecast["value"] <= forecast["high"]


def test_what_was_put_before_stays_as_history(api: Api, key_result: dict[str, Any]) -> None:
    put(api, key_result, NOW.date(), 1300)
    put(api, key_result, NOW.date(), 1310)
    path = f"/key-results/{key_result['id']}/values"

    history = api.read(f"{path}/{NOW.date()}")["items"]

    assert [(one["value"], one["replaced_at"] is None) for one in history] == [
        (1300, False),
        (1310, True),
    ]
    assert [one["value"] for one in api.read(path)["items"]] == [1310]


def test_a_key_result_is_changed_and_says_why_its_title_stays(
    api: Api, key_result: dict[str, Any]
) -> None:
    path = f"/key-results/{key_result['id']}"
    changes = {"title": "Launch in Norway", "kept_because": "the board counts it"}
    changed = api.ask("PATCH", path, json=changes).json()

    assert changed == key_result | changes
    assert "Launch" in api.read(path)["warning"]


def test_kind_and_unit_are_not_changed_under_the_values(
    api: Api, key_result: dict[str, Any]
) -> None:
    answer = api.ask("PATCH", f"/key-results/{key_result['id']}", json={"unit": "EUR"})
    assert answer.status_code == 422


def test_a_key_result_without_values_is_removed_and_one_with_values_is_not(
    api: Api, key_result: dict[str, Any]
) -> None:
    path = f"/key-results/{key_result['id']}"
    put(api, key_result, NOW.date(), 1)
    other = api.made(
        "/key-results",
        {"objective_id": key_result["objective_id"], "title": "x", "kind": "increase"}
        | {"start": 0, "target": 1},
    )

    assert api.ask("DELETE", path).status_code == 409
    assert api.ask("DELETE", f"/key-results/{other['id']}").status_code == 204
    assert api.get(f"/key-results/{other['id']}").status_code == 404


def test_an_objective_is_changed_and_removed(api: Api, key_result: dict[str, Any]) -> None:
    path = f"/objectives/{key_result['objective_id']}"

    assert api.ask("PATCH", path, json={"owner": "Bo"}).json()["owner"] == "Bo"
    assert api.ask("DELETE", path).status_code == 409
    api.ask("DELETE", f"/key-results/{key_result['id']}")
    assert api.ask("DELETE", path).status_code == 204


@pytest.mark.calendar
def test_a_cycle_closes_with_scores_and_opens_again(api: Api, key_result: dict[str, Any]) -> None:
    cycle_id = api.read(f"/objectives/{key_result['objective_id']}")["cycle_id"]
    put(api, key_result, NOW.date(), 1760)
    before = api.read(f"/cycles/{cycle_id}")
    given = {"scores": {key_result["id"]: {"score": 0.6, "comment": "late"}}}
    closed = api.made(f"/cycles/{cycle_id}/close", given)

    assert (before["score"], before["key_results"][0]["suggested"]) == (None, 0.7)
    assert (closed["score"], closed["closed_by"]) == (0.6, "a editor")
    assert closed["key_results"][0]["grade"] == "yellow"
    values = f"/key-results/{key_result['id']}/values/2026-11-22"
    assert api.ask("PUT", values, json={"value": 1}).status_code == 409
    assert api.post(f"/cycles/{cycle_id}/close", {}).status_code == 409
    assert api.made(f"/cycles/{cycle_id}/reopen")["key_results"][0]["score"] is None
    assert api.ask("PUT", values, json={"value": 1}).status_code == 200


@pytest.mark.calendar
def test_cycles_and_teams_are_changed(api: Api) -> None:
    q3 = api.made("/cycles", {"name": "Q3", "starts": "2026-07-01", "ends": "2026-09-30"})
    q4 = api.made("/cycles", {"name": "Q4", "starts": "2026-10-01", "ends": "2026-12-31"})
    team = api.made("/teams", {"name": "Growth"})
    path = f"/cycles/{q4['id']}"

    assert api.ask("PATCH", path, json={"ends": "2026-12-20"}).json()["ends"] == "2026-12-20"
    assert api.ask("PATCH", path, json={"ends": "2026-09-01"}).status_code == 422
    assert api.ask("PATCH", path, json={"name": "Q3"}).status_code == 409
    assert api.ask("DELETE", f"/cycles/{q3['id']}").status_code == 204
    assert api.ask("PATCH", path, json={"name": "Q3"}).json()["name"] == "Q3"
    changed = api.ask("PATCH", f"/teams/{team['id']}", json={"function": "product"}).json()
    assert changed == team | {"function": "product"}


@pytest.mark.calendar
def test_a_run_that_is_the_number_shows_its_origin(
    api: Api, acting: dict[str, Any], run: dict[str, Any]
) -> None:
    seen = api.read(f"/key-results/{acting['id']}")
    (value,) = api.read(f"/key-results/{acting['id']}/values")["items"]

    assert (seen["current"], seen["links"][0]["mode"]) == (12, "direct")
    assert (value["experiment_id"], value["observed"]) == (run["id"], 600)
    assert (value["estimate"], value["low"], value["high"]) == (12, 9.5, 14.9)


def test_taking_a_run_back_takes_its_value(
    api: Api, acting: dict[str, Any], run: dict[str, Any]
) -> None:
    path = f"/key-results/{acting['id']}/links/{run['id']}"

    assert api.ask("DELETE", path).status_code == 204
    assert api.ask("DELETE", path).status_code == 409
    seen = api.read(f"/key-results/{acting['id']}")
    assert (seen["current"], seen["links"][0]["undone"]) == (None, True)


def test_confidence_stands_beside_a_value_that_nobody_types(
    api: Api, acting: dict[str, Any], run: dict[str, Any]
) -> None:
    path = f"/key-results/{acting['id']}"
    said = api.ask("PUT", f"{path}/confidence", json={"confidence": 7, "comment": "it held"})

    assert said.json()["value"] == 12
    assert api.read(path)["confidence"] == 7
    typed = api.ask("PUT", f"{path}/values/{NOW.date()}", json={"value": 13})
    assert (typed.status_code, "written by experiments" in typed.json()["detail"]) == (409, True)


def test_a_ledger_is_part_of_its_key_result(
    api: Api, key_result: dict[str, Any], database: Database
) -> None:
    asked = {"title": "Orders", "kind": "increase", "start": 100, "target": 200}
    asked |= {"source": "experiment", "objective_id": key_result["objective_id"]}
    row = api.made("/key-results", asked)
    with database.write() as session:
        entry = ledger.Entry("e1", NOW.date(), 14, -3, 31, 1000, "ordered")
        ledger.post(session, row["id"], entry, by="Ann", now=NOW)

    seen = api.read(f"/key-results/{row['id']}")

    assert seen["current"] == 114
    assert seen["ledger"] == [
        {
            "experiment_id": "e1", "date": "2026-11-23", "amount": 14, "low": -3, "high": 31,
            "people": 1000, "event": "ordered", "counted": True, "overlaps": [],
            "added": 14, "shared": 0, "posted_by": "Ann", "cannot_be_read": None,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "sentence"), [("direct", "count twice"), ("contribution", "count twice")]
)
def test_a_link_that_cannot_do_what_it_promises_is_409(
    api: Api, key_result: dict[str, Any], audience_id: str, mode: str, sentence: str
) -> None:
    links = [{"key_result_id": key_result["id"], "mode": mode}]
    answer = api.post("/experiments", DESIGN | {"audience_id": audience_id, "key_results": links})

    assert answer.status_code == 409
    assert sentence in answer.json()["detail"]


def test_a_contribution_needs_a_group_to_compare_with(
    api: Api, acting: dict[str, Any], audience_id: str
) -> None:
    links = [{"key_result_id": acting["id"], "mode": "contribution"}]
    answer = api.post("/experiments", DESIGN | {"audience_id": audience_id, "key_results": links})

    assert (answer.status_code, "comparison rule" in answer.json()["detail"]) == (409, True)


def test_an_experiment_is_run_again_with_people_to_choose(
    api: Api, experiment: dict[str, Any], database: Database
) -> None:
    path = f"/experiments/{experiment['id']}/copy"
    assert api.post(path).status_code == 409
    from app.experiments import store

    with database.write() as session:
        store.experiment_of(session, experiment["id"]).status = "decided"

    again = api.post(path)

    assert again.status_code == 201
    body = again.json()
    assert (body["status"], body["previous_id"]) == ("draft", experiment["id"])
    assert (body["audience_id"], body["arms"]) == (None, experiment["arms"])


def test_a_key_result_says_where_it_is_read_and_is_read_again_on_demand(
    api: Api, key_result: dict[str, Any]
) -> None:
    path = f"/key-results/{key_result['id']}"
    assert api.post(f"{path}/read").status_code == 409
    http = {"url": "https://numbers.example/n.json", "pointer": "/n"}
    api.ask("PATCH", path, json={"source": "http", "http": http})

    reads = api.read(path)["reads"]

    assert (reads["http"], reads["sql"]) == (http | {"every": "daily"}, None)
    assert (reads["read_at"], reads["error"]) == (None, "")
    assert api.post(f"{path}/read").status_code == 202

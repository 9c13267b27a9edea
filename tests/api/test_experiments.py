"""Experiments through the API: written, launched, read, decided."""

import csv
import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.delivery import planning
from app.delivery.outflow import Outflow
from app.delivery.renderable import LiquidRenderable
from app.experiments import enrolment
from tests.api.conftest import NOW, Api
from tests.cast import DESIGN


@pytest.fixture
def running(api: Api, application: FastAPI, experiment: dict[str, Any]) -> str:
    """Launched, everybody enrolled and queued; nothing sent."""
    made: str = experiment["id"]
    api.made(f"/experiments/{made}/launch")
    state = application.state
    enrolment.settle(
        state.database,
        made,
        renderable=LiquidRenderable(state.settings, state.keyring),
        paces=Outflow(state.settings),
        settings=state.settings,
        now=NOW,
    )
    planning.plan(state.database, made, now=NOW)
    return made


def test_an_experiment_comes_back_as_it_was_written(api: Api, audience_id: str) -> None:
    made = api.made("/experiments", DESIGN | {"audience_id": audience_id})
    assert made["status"] == "draft"
    assert made["metric"]["window_hours"] == 72
    assert made["hypothesis"] == DESIGN["hypothesis"]
    assert made["enrolled"] is None
    assert api.read(f"/experiments/{made['id']}") == made
    assert api.read("/experiments", status="draft")["items"] == [made]
    assert api.read("/experiments", status="running")["items"] == []


def test_a_threshold_beyond_one_is_refused_by_name(api: Api, audience_id: str) -> None:
    rule = {"kind": "threshold", "threshold": 8}
    answer = api.post("/experiments", DESIGN | {"audience_id": audience_id, "rule": rule})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "rule.threshold"


def test_a_part_that_is_not_built_is_refused_by_name(api: Api, audience_id: str) -> None:
    answer = api.post("/experiments", DESIGN | {"audience_id": audience_id, "channel": "link"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "channel"


def test_an_audience_that_is_none_is_refused_by_name(api: Api) -> None:
    answer = api.post("/experiments", DESIGN | {"audience_id": "nowhere"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "audience_id"


def test_a_draft_changes_field_by_field(api: Api, experiment: dict[str, Any]) -> None:
    path = f"/experiments/{experiment['id']}"
    changed = api.ask("PATCH", path, json={"sample": 300})
    assert changed.json() == experiment | {"sample": 300}


def test_the_checklist_says_what_is_missing(api: Api, experiment: dict[str, Any]) -> None:
    path = f"/experiments/{experiment['id']}"
    assert api.read(f"{path}/checklist")["ready"] is True
    api.ask("PATCH", path, json={"audience_id": None})
    found = api.read(f"{path}/checklist")
    assert found["ready"] is False
    assert found["items"][0]["level"] == "blocks"


def test_a_launch_that_is_not_ready_names_what_blocks(api: Api, experiment: dict[str, Any]) -> None:
    path = f"/experiments/{experiment['id']}"
    api.ask("PATCH", path, json={"hypothesis": {}})
    answer = api.post(f"{path}/launch")
    assert answer.status_code == 409
    assert answer.json()["errors"]
    assert api.read(path)["status"] == "draft"


@pytest.mark.calendar
def test_the_plan_names_the_pass_count(api: Api, experiment: dict[str, Any]) -> None:
    plan = api.read(f"/experiments/{experiment['id']}/plan")
    assert plan["people"] == 600
    assert 48 < plan["pass_count"] < 70
    assert plan["answer_by"].endswith("Z")


@pytest.mark.calendar
def test_a_launch_for_later_waits(api: Api, experiment: dict[str, Any]) -> None:
    path = f"/experiments/{experiment['id']}"
    at = (NOW + timedelta(days=1)).isoformat()
    answer = api.post(f"{path}/launch", {"at": at, "rate_per_minute": 60})
    assert answer.status_code == 202
    assert answer.json()["status"] == "scheduled"
    assert answer.json()["rate_per_minute"] == 60
    assert api.post(f"{path}/launch").status_code == 409


@pytest.mark.calendar
def test_a_launch_in_the_past_is_refused(api: Api, experiment: dict[str, Any]) -> None:
    at = (NOW - timedelta(days=1)).isoformat()
    answer = api.post(f"/experiments/{experiment['id']}/launch", {"at": at})
    assert answer.json()["errors"][0]["field"] == "at"


def test_a_design_is_locked_from_the_launch_on(api: Api, running: str) -> None:
    answer = api.ask("PATCH", f"/experiments/{running}", json={"sample": 3})
    assert answer.status_code == 409


def test_progress_adds_up_to_everybody_enrolled(api: Api, running: str) -> None:
    progress = api.read(f"/experiments/{running}/progress")
    states = ["queued", "sending", "sent", "failed", "bounced", "uncertain", "skipped", "held"]
    assert progress["status"] == "running"
    assert progress["enrolled"] == sum(progress[state] for state in states) == 600


def test_pause_resume_cancel(api: Api, running: str) -> None:
    path = f"/experiments/{running}"
    assert api.made(f"{path}/pause")["status"] == "paused"
    assert api.post(f"{path}/pause").status_code == 409
    assert api.made(f"{path}/resume")["status"] == "running"
    assert api.made(f"{path}/cancel")["status"] == "cancelled"
    assert api.post(f"{path}/resume").status_code == 409


def test_a_readout_has_the_shape_of_the_contract(api: Api, running: str) -> None:
    readout = api.read(f"/experiments/{running}/readout")
    assert readout["experiment_id"] == running
    assert readout["arms"][0]["enrolled"] == 600
    assert readout["call"]["state"] == "waiting"
    assert readout["comparisons"] == []
    assert {"sample_ratio", "machine_share", "warnings"} <= set(readout["health"])


@pytest.mark.calendar
def test_a_decision_is_made_once(api: Api, running: str) -> None:
    path = f"/experiments/{running}"
    decided = api.post(f"{path}/decision", {"decision": "stop", "learning": "Nobody cares."})
    assert decided.status_code == 201
    assert api.read(path)["decision"] == decided.json()
    assert api.read(path)["status"] == "decided"
    again = api.post(f"{path}/decision", {"decision": "build", "learning": "They do."})
    assert again.status_code == 409


def test_a_decision_without_a_learning_is_refused(api: Api, running: str) -> None:
    answer = api.post(f"/experiments/{running}/decision", {"decision": "stop"})
    assert answer.json()["errors"][0]["field"] == "learning"


def test_sends_come_in_pages(api: Api, running: str) -> None:
    path = f"/experiments/{running}/sends"
    first = api.read(path, limit=400)
    second = api.read(path, limit=400, cursor=first["next"])
    ids = [one["send_id"] for one in first["items"] + second["items"]]
    assert len(ids) == len(set(ids)) == 600
    assert second["next"] is None
    assert first["items"][0]["email"].endswith("@bakery.example")


def test_hits_are_an_empty_list_before_the_first(api: Api, running: str) -> None:
    assert api.read(f"/experiments/{running}/hits") == {"items": [], "next": None}


def test_an_export_has_a_line_per_person(api: Api, running: str) -> None:
    path = f"/experiments/{running}/export"
    rows = list(csv.DictReader(api.get(path, format="csv").text.splitlines()))
    objects = [json.loads(line) for line in api.get(path, format="ndjson").text.splitlines()]
    assert len(rows) == len(objects) == 600
    assert rows[0]["send_id"] == objects[0]["send_id"]
    assert api.get(path, format="xml").status_code == 422


def test_a_test_mail_goes_to_people_with_a_log_in_only(
    api: Api, experiment: dict[str, Any], ann: str
) -> None:
    path = f"/experiments/{experiment['id']}/test-send"
    assert api.post(path, {"to": "p1@bakery.example"}).json()["errors"][0]["field"] == "to"
    sent = api.post(path, {"to": ann})
    assert sent.status_code == 202
    assert len(sent.json()["mails"]) == 1


@pytest.mark.parametrize(
    "part", ["", "/checklist", "/plan", "/progress", "/readout", "/sends", "/hits", "/export"]
)
def test_an_experiment_that_is_none_is_not_found(api: Api, part: str) -> None:
    assert api.get(f"/experiments/nowhere{part}").status_code == 404


def test_the_usual_rate_of_a_comparison_is_kept_and_makes_its_plan(
    api: Api, audience_id: str
) -> None:
    arms = [DESIGN["arms"][0] | {"key": key} for key in ("plain", "loss")]
    rule = {"kind": "comparison", "baseline": "plain", "mde": 0.02, "base_rate": 0.2}
    design = DESIGN | {"audience_id": audience_id, "arms": arms, "rule": rule}
    made = api.made("/experiments", design)
    path = f"/experiments/{made['id']}"
    said = api.read(f"{path}/plan")
    template = api.made("/experiment-templates", {"name": "With a rate", "design": design})
    api.ask("PATCH", path, json={"rule": rule | {"base_rate": None}})
    assumed = api.read(f"{path}/plan")

    assert made["rule"]["base_rate"] == template["design"]["rule"]["base_rate"] == 0.2
    assert said["detectable"] > assumed["detectable"]
    assert said["people_needed"] > assumed["people_needed"] > said["people"]
    assert "if 20 % of the baseline click, " in said["sentence"]
    assert "if 5 % of the baseline click (assumed" in assumed["sentence"]


def test_the_usual_rate_is_described_for_other_systems(api: Api) -> None:
    schemas = api.application.openapi()["components"]["schemas"].values()
    fields = [one.get("properties", {}) for one in schemas]
    described = [one["base_rate"] for one in fields if "base_rate" in one]

    assert described
    assert all("5 % is assumed" in one["description"] for one in described)


def test_a_launch_is_undone_in_time_and_a_late_undo_cancels_nothing(
    api: Api, experiment: dict[str, Any]
):
    one = f"/experiments/{experiment['id']}"
    api.made(f"{one}/launch", {"undo_seconds": 30})
    undone = api.post(f"{one}/undo").json()
    api.made(f"{one}/launch")
    late = api.post(f"{one}/undo")

    assert (undone["status"], undone["launched_at"]) == ("draft", None)
    assert late.status_code == 409
    assert "cannot be undone any more. It waits for its time to start" in late.json()["detail"]
    assert api.read(one)["status"] == "scheduled"
    assert api.post(f"{one}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{one}/undo").status_code == 409


def test_an_undo_is_an_editors_and_of_what_is_there(
    api: Api, viewer: Api, experiment: dict[str, Any]
):
    assert viewer.post(f"/experiments/{experiment['id']}/undo").status_code == 403
    assert api.post("/experiments/none/undo").status_code == 404

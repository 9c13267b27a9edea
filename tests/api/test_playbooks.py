"""Cycles as templates through the API."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.cast import DESIGN


@pytest.fixture
def cycle(api: Api) -> dict[str, Any]:
    made = api.made("/cycles", {"name": "Q4", "starts": "2026-10-01", "ends": "2026-12-31"})
    objective = api.made("/objectives", {"title": "Bakers plan", "cycle_id": made["id"]})
    api.made(
        "/key-results",
        {
            "objective_id": objective["id"],
            "title": "Active bakeries",
            "kind": "increase",
            "start": 1,
            "target": 2,
        },
    )
    return made


def test_a_cycle_is_copied(api: Api, cycle: dict[str, Any]) -> None:
    made = api.made(f"/cycles/{cycle['id']}/copy", {"name": "Q1", "starts": "2027-01-01"})

    assert (made["objectives"], made["key_results"]) == (1, 1)
    assert api.read(f"/cycles/{made['cycle_id']}")["ends"] == "2027-04-02"
    again = api.post(f"/cycles/{cycle['id']}/copy", {"name": "Q1", "starts": "2027-01-01"})
    assert again.status_code == 409


def test_a_playbook_goes_out_and_comes_in(api: Api, cycle: dict[str, Any]) -> None:
    text = api.get(f"/cycles/{cycle['id']}/template").text
    made = api.made("/playbooks", {"yaml": text, "name": "Q1", "starts": "2027-01-01"})
    wrong = api.post("/playbooks", {"yaml": "a: [", "name": "Q2", "starts": "2027-04-01"})

    assert made["key_results"] == 1
    assert wrong.status_code == 422
    assert "not YAML" in wrong.text


def test_an_experiment_template_is_kept_listed_and_removed(api: Api) -> None:
    made = api.made("/experiment-templates", {"name": "In euros", "design": DESIGN})
    taken = api.post("/experiment-templates", {"name": "In euros", "design": DESIGN})
    (listed,) = api.read("/experiment-templates")["items"]

    assert "audience_id" not in listed["design"]
    assert listed["id"] == made["id"]
    assert taken.status_code == 409
    assert api.ask("DELETE", f"/experiment-templates/{made['id']}").status_code == 204
    assert api.read("/experiment-templates")["items"] == []

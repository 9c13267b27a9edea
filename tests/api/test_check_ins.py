"""Who has seen a check-in, as other systems ask and say it: each role may."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.platform.db import Database
from app.review import own_words
from tests.api.conftest import NOW, Api
from tests.api.test_notices import given_token

DAY = NOW.date().isoformat()


@pytest.fixture
def team(application: FastAPI, database: Database) -> dict[str, tuple[str, Api]]:
    with database.write() as session:
        made = {role: given_token(session, role) for role in ("viewer", "editor")}
    return {role: (user_id, Api(application, secret)) for role, (user_id, secret) in made.items()}


def test_each_role_says_so_and_values_and_week_name_who_did(
    team: dict[str, tuple[str, Api]], key_result: dict[str, Any], database: Database
):
    (bo_id, bo), (_, eve) = team["viewer"], team["editor"]
    home = f"/key-results/{key_result['id']}"
    value = eve.ask("PUT", f"{home}/values/{DAY}", json={"value": 1300}).json()
    place = f"{home}/check-ins/{value['check_in_id']}/seen"
    told = [who.ask("PUT", place).json() for who in (bo, bo, eve)]
    read = bo.read(place)
    listed = [bo.read(f"{home}/values{day}")["items"][0] for day in ("", f"/{DAY}")]
    (week,) = bo.read("/weeks/2026-W48")["key_results"]
    with database.read() as session:
        kept = own_words.of(session, bo_id)["seen"]
    after = bo.ask("DELETE", place).json()

    assert value["seen_by"] == []
    assert [[one["name"] for one in said["by"]] for said in told] == [
        ["viewers"], ["viewers"], ["viewers", "editors"],
    ]  # fmt: skip
    assert read == told[2]
    assert [one["seen_by"] for one in listed] == [["viewers", "editors"]] * 2
    ids = {one["check_in_id"] for one in (*listed, week, *kept)}
    assert ids == {value["check_in_id"]}
    assert (week["checked_in_by"], len(kept)) == ("editor", 1)
    assert (after["seen"], [one["name"] for one in after["by"]]) == (False, ["editors"])


def test_what_is_not_there_or_holds_no_more_is_not_seen(
    team: dict[str, tuple[str, Api]], api: Api, key_result: dict[str, Any]
):
    _, eve = team["editor"]
    home = f"/key-results/{key_result['id']}"
    old, new = (
        eve.ask("PUT", f"{home}/values/{DAY}", json={"value": value}).json()["check_in_id"]
        for value in (1300, 1310)
    )
    seen = {
        name: who.ask("PUT", f"{home}/check-ins/{one}/seen")
        for name, who, one in (
            ("replaced", eve, old), ("nowhere", eve, "nothing"), ("by nobody", api, new),
        )
    }  # fmt: skip
    elsewhere = eve.ask("PUT", f"/key-results/another/check-ins/{new}/seen")

    assert {name: answer.status_code for name, answer in seen.items()} == {
        "replaced": 409, "nowhere": 404, "by nobody": 409,
    }  # fmt: skip
    assert "Another value took the place" in seen["replaced"].json()["detail"]
    assert "Nobody who logs in made this token" in seen["by nobody"].json()["detail"]
    assert elsewhere.status_code == 404

"""Lists of address ranges by API: shown, loaded, replaced, refused by line, removed; by admins."""

import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.identity.models import AuditRow
from app.platform.db import Database
from tests.api.conftest import Api, as_
from tests.tracking.test_ranges import AMAZON, placed_at

ONE_IS_ENOUGH = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def admin(application: FastAPI) -> Api:
    return as_(application, "admin")


def put(api: Api, name: str, content: str, **query: str) -> httpx.Response:
    return api.ask("PUT", f"/address-ranges/{name}", content=content, params=query)


def test_a_list_is_loaded_shown_and_in_force_and_stands_in_the_audit(
    admin: Api, database: Database, tmp_path: Path
):
    before = admin.read("/address-ranges")
    made = put(admin, "amazon", AMAZON).json()
    after = admin.read("/address-ranges")
    with database.read() as session:
        rows = session.exec(select(AuditRow.action, AuditRow.subject)).all()

    assert (before["lists"], before["warning"]) == ([], None)
    assert before["built_in"]["networks"]["security_vendor"] > 9
    assert (made["dated"], made["networks"], made["stale"]) == (
        "2026-10-20",
        {"datacenter": 2},
        False,
    )
    assert after["lists"] == [made]
    assert placed_at(tmp_path / "ranges", "9.10.0.1") == "datacenter"
    assert ("PUT /api/v1/address-ranges/{name}", "amazon") in rows


@ONE_IS_ENOUGH
def test_the_same_name_replaces_and_a_class_may_be_said_for_all(admin: Api, tmp_path: Path):
    put(admin, "ours", "9.10.0.0/16\n")
    put(admin, "ours", "9.11.0.0/16\n", **{"class": "people"})
    (one,) = admin.read("/address-ranges")["lists"]

    assert one["networks"] == {"residential": 1}
    assert placed_at(tmp_path / "ranges", "9.10.0.1") is None
    assert placed_at(tmp_path / "ranges", "9.11.0.1") == "residential"


@ONE_IS_ENOUGH
@pytest.mark.parametrize(
    ("name", "content", "asked", "sentence"),
    [
        ("own", "9.10.0.0/16\nnonsense\n", {}, "Line 2: “nonsense” is no network"),
        ("own", "", {}, "holds no network"),
        ("own", json.dumps({"prefixes": 3}), {}, "no list of ranges that we know"),
        (".own", "9.10.0.0/16\n", {}, "is no name for a list"),
        ("own", "9.10.0.0/16\n", {"class": "robots"}, "datacenter"),
        ("own", "9.10.0.0/16\n" * 2_700_000, {}, "32 MB at most"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words_and_changes_nothing(
    admin: Api, name: str, content: str, asked: dict[str, str], sentence: str
):
    kept = put(admin, "own", "9.12.0.0/16\n").json()
    refused = put(admin, name, content, **asked)

    assert refused.status_code == 422
    assert sentence in refused.text
    assert admin.read("/address-ranges")["lists"] == [kept]


@ONE_IS_ENOUGH
def test_lists_are_removed_one_by_one_or_all(admin: Api, tmp_path: Path):
    for name in ("one", "two", "three"):
        put(admin, name, "9.10.0.0/16\n")
    gone = admin.ask("DELETE", "/address-ranges/one").status_code
    again = admin.ask("DELETE", "/address-ranges/one").status_code
    left = [one["name"] for one in admin.read("/address-ranges")["lists"]]
    all_gone = admin.ask("DELETE", "/address-ranges").json()

    assert (gone, again, left) == (204, 404, ["three", "two"])
    assert all_gone["lists"] == []
    assert placed_at(tmp_path / "ranges", "9.10.0.1") is None
    assert list((tmp_path / "ranges" / "lists").iterdir()) == []


@ONE_IS_ENOUGH
def test_only_admins_see_or_change_them(application: FastAPI, api: Api):
    asked = [("GET", ""), ("DELETE", ""), ("PUT", "/own"), ("DELETE", "/own")]

    assert {api.ask(how, f"/address-ranges{rest}").status_code for how, rest in asked} == {403}


@ONE_IS_ENOUGH
def test_what_is_old_is_said_with_what_to_do(admin: Api):
    old = json.loads(AMAZON) | {"createDate": "2026-08-01-00-00-00"}
    put(admin, "amazon", json.dumps(old))
    told = admin.read("/address-ranges")

    assert told["lists"][0]["stale"] is True
    assert "older than 60 days: amazon of 2026-08-01" in told["warning"]

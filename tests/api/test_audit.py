"""The audit by API: searched, verified, and every file that leaves stands in it."""

import inspect

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import update
from sqlmodel import col

from app.identity import access, requests_noted
from app.identity.models import AuditRow
from app.ops.installation import House
from app.platform.db import Database
from app.platform.errors import Conflict
from tests.api.conftest import as_
from tests.routes import routes
from tests.whole import inside_of


def test_what_was_done_is_listed_and_searched(application: FastAPI):
    editor, admin = as_(application, "editor"), as_(application, "admin")
    editor.post("/features", {"title": "Waste"})
    (row,) = admin.read("/audit", words="features")["items"]

    assert (row["what"], row["actor"], row["number"]) == ("feature made", "a editor", 1)
    assert admin.read("/audit", words="nothing like it")["items"] == []
    assert admin.read("/audit", since="2030-01-01T00:00:00Z")["items"] == []
    assert editor.get("/audit").status_code == 403


def test_it_says_whether_it_is_whole(application: FastAPI, database: Database):
    admin = as_(application, "admin")
    admin.post("/features", {"title": "Waste"})
    whole = admin.read("/audit/verified")
    assert (whole["is_whole"], whole["rows"], whole["faults"]) == (True, 1, [])
    with database.write() as session:
        session.execute(update(AuditRow).where(col(AuditRow.number) == 1).values(subject="x"))

    assert admin.read("/audit/verified")["is_whole"] is False
    ahead = admin.read("/audit/verified", head="7:ab")["faults"]
    assert ahead[-1] == "Row 7 was there when the head was noted; the last is row 1 now."
    assert admin.get("/audit/verified", head="seven").status_code == 422


def test_who_took_a_file_stands_in_it(application: FastAPI, database: Database):
    editor, admin = as_(application, "editor"), as_(application, "admin")
    cycle = editor.made("/cycles", {"name": "Q1", "starts": "2027-01-01", "ends": "2027-03-31"})
    editor.get(f"/cycles/{cycle['id']}/template")
    (row,) = admin.read("/audit", words="template")["items"]

    assert (row["actor"], row["what"]) == ("a editor", "cycle template")
    assert row["subject"] == cycle["id"]


_OF_SOMETHING = [one for one in access.EXPORTS if "api" in one.pattern and "[" in one.pattern]


@pytest.mark.parametrize("path", [one.pattern for one in _OF_SOMETHING])
def test_whoever_asks_for_a_file_that_is_not_there_writes_nothing(application: FastAPI, path: str):
    asked = path.replace("[^/]+", "of-my-own-words").replace("\\", "").removeprefix("/api/v1")

    assert as_(application, "editor").get(asked).status_code == 404
    assert as_(application, "admin").read("/audit")["items"] == []


def test_a_file_leaves_only_when_that_is_noted(
    application: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise Conflict("The audit takes nothing.")

    editor = as_(application, "editor")
    cycle = editor.made("/cycles", {"name": "Q1", "starts": "2027-01-01", "ends": "2027-03-31"})
    monkeypatch.setattr(requests_noted, "done", fail)
    answer = editor.get(f"/cycles/{cycle['id']}/template")

    assert answer.status_code == 409
    assert "Q1" not in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_route_whose_answer_leaves_as_a_file_is_known_as_one(house: House):
    """By its source: it streams, or says that it is an attachment."""
    found = {route.path for route in routes(inside_of(house)) if _leaves(route)}

    assert len(found) >= 9
    assert {path for path in found if not access.is_export(path)} == set()


def _leaves(route: APIRoute) -> bool:
    source = inspect.getsource(route.endpoint)
    return "GET" in (route.methods or ()) and any(sign in source for sign in _SIGNS)


_SIGNS = ("Content-Disposition", "StreamingResponse(", "playbooks.written(", "export.rows_about(")

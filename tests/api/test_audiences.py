"""Audiences, imports, people and suppressions through the API."""

import json
from pathlib import Path
from typing import Any

from app.platform.db import Database
from tests.api.conftest import NOW, Api, in_pieces
from tests.duties import read_imports

CSV = b"email,name,euros\nann@b.example,Ann,61\nnobody,Dee,5\nbo@b.example,Bo,44\n"


def send(api: Api, audience_id: str, body: bytes, kind: str = "text/csv") -> Any:
    return api.ask(
        "POST",
        f"/audiences/{audience_id}/imports",
        content=in_pieces(body, 7),
        headers={"content-type": kind},
    )


def test_an_audience_counts_its_people_and_columns(api: Api, audience_id: str) -> None:
    seen = api.read(f"/audiences/{audience_id}")
    assert seen["people"] == 600
    assert [column["name"] for column in seen["columns"]] == ["euros"]


def test_a_name_that_is_taken_is_a_conflict(api: Api) -> None:
    api.made("/audiences", {"name": "Bakers"})
    again = api.post("/audiences", {"name": "Bakers"})
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"


def test_an_unknown_field_is_refused_by_name(api: Api) -> None:
    answer = api.post("/audiences", {"name": "Bakers", "nmae": "x"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["nmae"]


def test_a_body_that_is_not_json_is_refused(api: Api) -> None:
    headers = {"content-type": "application/json"}
    answer = api.ask("POST", "/audiences", content=b"{", headers=headers)
    assert answer.status_code == 422


def test_an_import_accounts_for_every_line(api: Api, database: Database, tmp_path: Path) -> None:
    audience_id = api.made("/audiences", {"name": "Bakers"})["id"]
    begun = send(api, audience_id, CSV)
    assert begun.status_code == 202
    assert begun.json()["status"] == "running"
    read_imports(database, tmp_path / "imports", "here", NOW)
    seen = api.read(f"/imports/{begun.json()['id']}")
    assert (seen["status"], seen["rows"], seen["added"], seen["refused"]) == ("done", 3, 2, 1)


def test_refused_lines_come_back_as_ndjson(api: Api, database: Database, tmp_path: Path) -> None:
    audience_id = api.made("/audiences", {"name": "Bakers"})["id"]
    begun = send(api, audience_id, CSV).json()["id"]
    read_imports(database, tmp_path / "imports", "here", NOW)
    lines = api.get(f"/imports/{begun}/refused").text.splitlines()
    assert [set(json.loads(line)) for line in lines] == [{"line", "reason", "raw"}]
    assert json.loads(lines[0])["line"] == 3


def test_ndjson_is_taken(api: Api, database: Database, tmp_path: Path) -> None:
    audience_id = api.made("/audiences", {"name": "Bakers"})["id"]
    begun = send(api, audience_id, b'{"email": "ann@b.example"}\n', "application/x-ndjson")
    read_imports(database, tmp_path / "imports", "here", NOW)
    assert api.read(f"/imports/{begun.json()['id']}")["added"] == 1


def test_a_file_of_unknown_kind_is_refused(api: Api) -> None:
    audience_id = api.made("/audiences", {"name": "Bakers"})["id"]
    answer = send(api, audience_id, CSV, "application/pdf")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "content-type"


def test_an_import_into_no_audience_is_not_found(api: Api) -> None:
    assert send(api, "nowhere", CSV * 100).status_code == 404


def test_a_person_is_found_by_address_in_any_case(api: Api, audience_id: str) -> None:
    found = api.read("/people", email="P1@bakery.example")["items"]
    assert [one["name"] for one in found] == ["Baker 1"]
    held = api.read(f"/people/{found[0]['id']}/export")
    assert held["audiences"] == [
        {"audience_id": audience_id, "audience": "Bakers", "data": {"euros": "40"}}
    ]
    assert held["suppressed"] is False


def test_an_address_that_nobody_has_is_an_empty_list(api: Api) -> None:
    assert api.read("/people", email="x@y.example") == {"items": [], "next": None}


def test_a_suppression_holds_until_it_is_lifted(api: Api) -> None:
    made = api.made("/suppressions", {"email": "Ann@B.example", "reason": "asked"})
    assert made["email"] == "ann@b.example"
    assert api.read("/suppressions")["items"] == [made]
    assert api.ask("DELETE", f"/suppressions/{made['id']}").status_code == 204
    assert api.read("/suppressions")["items"] == []
    assert api.ask("DELETE", f"/suppressions/{made['id']}").status_code == 404


def test_pages_of_a_list_hold_everything_once(api: Api, audience_id: str) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": 250} | ({"cursor": cursor} if cursor else {})
        page = api.read("/people", **query)
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert audience_id
    assert len(seen) == len(set(seen)) == 600


def test_a_page_of_more_than_a_thousand_is_refused(api: Api) -> None:
    answer = api.get("/people", limit=1001)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"

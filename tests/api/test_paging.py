"""Every list of the API, walked page by page while rows come and go."""

import random
from collections import Counter
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from app.api import site
from app.identity.models import ApiToken
from app.platform.db import Database
from tests.api.conftest import NOW, Api, as_
from tests.api.lists import LISTS, PARENTS, filled

WHOLE = {  # documents with items that are read and put as a whole
    "/allocation/buckets",
    "/experiments/{experiment_id}/checklist",
    "/experiments/{experiment_id}/activity",
    "/features/{feature_id}/activity",
    "/key-results/{key_result_id}/activity",
    "/notices/kinds",
}


@cache
def _routes() -> dict[str, dict[str, Any]]:
    """The parameters of every route whose answer has items, by its path."""
    application = FastAPI()
    site.install(application)
    document = application.openapi()
    found = {}
    for path, methods in document["paths"].items():
        schema = (
            methods.get("get", {})
            .get("responses", {})
            .get("200", {})
            .get("content", {})
            .get("application/json", {})
            .get("schema", {})
        )
        name = schema.get("$ref", "").rpartition("/")[2]
        parts = document["components"]["schemas"].get(name, {}).get("properties", {})
        if parts.get("items", {}).get("type") == "array":
            asked = methods["get"].get("parameters", [])
            found[path.removeprefix("/api/v1")] = {one["name"]: one["schema"] for one in asked}
    return found


def test_every_list_is_walked_here_and_takes_a_cursor_and_a_limit() -> None:
    assert _routes().keys() - WHOLE == LISTS.keys()
    assert [path for path in LISTS if not {"cursor", "limit"} <= _routes()[path].keys()] == []


@pytest.fixture
def admin(application: FastAPI, database: Database) -> Api:
    """Of somebody: whose the token is, is told things."""
    api = as_(application, "admin")
    with database.write() as session:
        session.exec(select(ApiToken)).one().created_by_id = "one"
    return api


@pytest.fixture
def parents(database: Database) -> None:
    with database.write() as session:
        for model, fields in PARENTS.items():
            session.add(filled(model, 0, id="one", **fields))
            session.flush()


def _address(path: str) -> str:
    names = {
        "{experiment_id}": "one",
        "{feature_id}": "one",
        "{key_result_id}": "one",
        "{user_id}": "one",
        "{date}": str(NOW.date()),
    }
    for name, value in names.items():
        path = path.replace(name, value)
    return path


@pytest.mark.usefixtures("parents")
@pytest.mark.parametrize("path", LISTS)
def test_nothing_is_lost_or_repeated_while_rows_come_and_go(
    admin: Api, database: Database, path: str
) -> None:
    rng, kept = random.Random(path), LISTS[path]
    numbers = list(range(10, 60))
    rng.shuffle(numbers)
    before = set(_listed(admin, path))
    with database.write() as session:
        standing = {kept.add(session, numbers.pop()) for _ in range(5)}
        passing = [kept.add(session, numbers.pop()) for _ in range(4)]
    seen: list[str] = []
    cursor = None
    for _ in range(40):
        query = {"limit": rng.randint(1, 3)} | ({"cursor": cursor} if cursor else {})
        page = admin.read(_address(path), **query)
        seen += [_name(kept.told_as, item) for item in page["items"]]
        cursor = page["next"]
        with database.write() as session:
            passing.append(kept.add(session, numbers.pop()))
            rng.shuffle(passing)
            kept.remove(session, passing.pop())
        if cursor is None:
            break

    assert cursor is None
    assert max(Counter(seen).values()) == 1
    assert standing <= set(seen) - before


def _listed(admin: Api, path: str) -> list[str]:
    return [_name(LISTS[path].told_as, one) for one in admin.read(_address(path))["items"]]


def _name(field: str, item: dict[str, Any]) -> str:
    return str(item[field])


@pytest.mark.usefixtures("parents")
@pytest.mark.parametrize("path", LISTS)
def test_what_is_no_cursor_of_this_list_or_no_limit_is_refused(
    admin: Api, database: Database, path: str
) -> None:
    kept = LISTS[path]
    other = "/teams" if path != "/teams" else "/cycles"
    with database.write() as session:
        for number in range(1, 4):
            kept.add(session, number)
            LISTS[other].add(session, 100 + number)
    ours = admin.read(_address(path), limit=1)["next"]
    theirs = admin.read(other, limit=1)["next"]
    wrong = [
        "x",
        "",
        "0",
        "-1",
        "null",
        "W10",
        f"{ours}A",
        ours[:-2],
        ours[2:],
        theirs,
        "é",
        "\x00",
    ]
    for cursor in [*wrong, "A" * 1001]:
        refused = admin.get(_address(path), cursor=cursor)

        assert (cursor, refused.status_code) == (cursor, 422)
        assert refused.json()["errors"][0]["field"] == "cursor"
    for limit in ("0", "-1", "1001", "x", ""):
        assert (limit, admin.get(_address(path), limit=limit).status_code) == (limit, 422)

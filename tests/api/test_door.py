"""Who may do what, what is done once, and what the document says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.docs import _nouns
from app.identity.access import access_of
from tests.api.conftest import Api

_CREATES = {"audiences", "suppressions", "teams", "cycles", "objectives", "key-results", "features"}


def operations(api: Api) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = api.ask("GET", "/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield method.upper(), path, told


def test_without_a_token_nothing_is_told(nobody: Api) -> None:
    answer = nobody.get("/audiences")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["status"] == 401


def test_a_viewer_looks_and_changes_nothing(viewer: Api) -> None:
    assert viewer.get("/audiences").status_code == 200
    assert viewer.post("/audiences", {"name": "x"}).status_code == 403
    assert viewer.get("/people").status_code == 403
    assert viewer.get("/suppressions").status_code == 403


def test_every_route_stands_in_the_table_of_roles(api: Api) -> None:
    assert not [
        f"{method} {path}" for method, path, _ in operations(api) if access_of(method, path) is None
    ]


def test_a_key_is_done_once(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    first = api.post("/audiences", {"name": "Bakers"}, **key)
    again = api.post("/audiences", {"name": "Bakers"}, **key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert len(api.read("/audiences")["items"]) == 1


def test_a_key_with_another_body_is_a_conflict(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    api.post("/audiences", {"name": "Bakers"}, **key)
    assert api.post("/audiences", {"name": "Millers"}, **key).status_code == 409


def test_a_key_that_was_refused_may_be_used_again(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    assert api.post("/audiences", {"nmae": "Bakers"}, **key).status_code == 422
    assert api.post("/audiences", {"name": "Bakers"}, **key).status_code == 201


def test_an_earlier_answer_is_for_nobody_without_a_token(api: Api, nobody: Api) -> None:
    key = {"Idempotency-Key": "one"}
    api.post("/audiences", {"name": "Bakers"}, **key)
    assert nobody.post("/audiences", {"name": "Bakers"}, **key).status_code == 401


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_a_length(api: Api, key: str) -> None:
    answer = api.post("/audiences", {"name": "Bakers"}, **{"Idempotency-Key": key})
    assert answer.status_code == 422


def test_the_document_tells_every_error_as_a_problem(api: Api) -> None:
    for method, path, told in operations(api):
        errors = {status for status in told["responses"] if status >= "400"}
        assert errors >= {"401", "403", "404", "409", "422", "503"}, f"{method} {path}"
        for status in errors:
            assert list(told["responses"][status]["content"]) == ["application/problem+json"]


def test_the_document_has_a_summary_and_an_answer_for_everything(api: Api) -> None:
    for method, path, told in operations(api):
        where = f"{method} {path}"
        assert told["summary"], where
        assert told["description"], where
        assert [status for status in told["responses"] if status < "300"], where


def test_the_document_has_every_noun(api: Api) -> None:
    creating = {path.rpartition("/")[2] for method, path, _ in operations(api) if method == "POST"}
    assert creating >= _CREATES | {"slices", "experiments", "imports", "launch", "decision"}


def test_every_body_and_answer_has_an_example_or_fields(api: Api) -> None:
    document = api.ask("GET", "/openapi.json").json()
    shapes = document["components"]["schemas"]
    answered = set(re.findall(r"schemas/(\w+(?:Out|Seen|Export|Begun))\b", str(document["paths"])))
    assert answered
    assert not [name for name in answered if "example" not in shapes[name]]


def test_the_docs_are_readable_and_load_nothing_from_elsewhere(nobody: Api) -> None:
    page = nobody.ask("GET", "/docs")
    assert page.status_code == 200
    assert "POST /api/v1/experiments" in page.text
    assert "rule.threshold" in page.text
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', page.text)
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_docs_show_every_route(api: Api) -> None:
    shown = sum(map(len, _nouns(api.ask("GET", "/openapi.json").json()).values()))
    assert shown == len(list(operations(api)))


def test_a_body_of_mistakes_is_not_answered_with_all_of_them(api: Api) -> None:
    answer = api.post("/features", {f"k{number}": 1 for number in range(20_000)})

    told = answer.json()
    assert answer.status_code == 422
    assert len(told["errors"]) == 100
    assert told["detail"].endswith("; and 19,901 more")  # its title, too, is missing
    assert len(answer.content) < 50_000

"""NUL and halves of characters: refused in every body, form and query; the database sees none."""

import inspect
from collections.abc import Iterator
from typing import Any, get_args
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import event

from app.platform.texts import Document, why_unstorable
from tests.settled import Settled, parameters, properties_of
from tests.whole import FORM, Said, Whole, asked, of_json, whole

Request = tuple[str, str, bytes, str]  # method, address, body, and what kind of body it is
UNSTORABLE = ("a\x00b", "a\ud800b")


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Whole, Settled]]:
    with whole(tmp_path_factory.mktemp("every")) as application:
        yield application, Settled(application)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a body is read by, and those that they hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for inner in get_args(annotation):
        yield from _models(inner)


def test_every_body_is_a_document_and_so_is_whatever_it_holds(all_of_it: tuple[Whole, Settled]):
    application, _ = all_of_it
    bodies = [
        param.field_info.annotation
        for _, route in application.routes()
        for param in route.dependant.body_params
    ]
    read = {model for body in bodies for model in _models(body)}

    assert len(bodies) > 40
    assert {model.__name__ for model in read if not issubclass(model, Document)} == set()


@pytest.fixture
def reached(all_of_it: tuple[Whole, Settled]) -> Iterator[list[str]]:
    """What reached the database although no database keeps it."""
    engine = all_of_it[0].house.database.engine
    found: list[str] = []

    def look(_c: object, _cursor: object, sql: str, told: Any, *_: object) -> None:
        found.extend(f"{sql}: {text!r}" for text in _texts(told) if why_unstorable(text))

    event.listen(engine, "before_cursor_execute", look)
    yield found
    event.remove(engine, "before_cursor_execute", look)


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict | list | tuple):
        for inner in told.values() if isinstance(told, dict) else told:
            yield from _texts(inner)


def _not_refused(said: Said, name: str, sent: str) -> list[str]:
    """What is wrong with the answer to a field of this name that cannot be stored."""
    if said.status != 422:
        return [f"{sent} {name}: {said.status}"]
    if said.headers["content-type"] == "application/problem+json":
        parts = [error["field"].split(".") for error in said.json()["errors"]]
        return [] if any(name in one for one in parts) else [f"{sent} {name}: {said.text}"]
    return [] if name in said.text or name == "cursor" else [f"{sent}: {name} is not named"]


def _unstorable_fields(application: Whole, settled: Settled) -> Iterator[tuple[str, Request]]:
    (said,) = application.every(application.ask("GET", "/openapi.json"))
    document = said.json()
    for method, route in application.routes():
        if not route.dependant.body_params:
            continue
        address = settled.filled(route.path)
        known = settled.bodies.get((method, address.removeprefix("/api/v1")), {})
        for name in dict.fromkeys(properties_of(document, route.path, method)):
            for bad in UNSTORABLE:
                for value in (bad, [bad], {bad: bad}):
                    body = of_json({**known, name: value})
                    yield name, (method, address, body, "application/json")


def _unstorable_queries(application: Whole, settled: Settled) -> Iterator[tuple[str, Request]]:
    for method, route in application.routes():
        for where, name in dict.fromkeys(parameters(route)):
            if where == "query":
                address = f"{settled.filled(route.path)}?{quote(name)}=a%00b"
                yield name, (method, address, b"", "application/json")


def _reads_a_form(route: APIRoute) -> bool:
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        waiting += one.dependencies
        if one.call and ".form(" in inspect.getsource(one.call):
            return True
    return False


def _unstorable_forms(application: Whole, settled: Settled) -> Iterator[tuple[str, Request]]:
    for method, route in application.routes():
        if method == "POST" and _reads_a_form(route):
            body = urlencode({"a_field": "a\x00b"}).encode()
            yield "a_field", (method, settled.filled(route.path), body, FORM)


@pytest.mark.parametrize("sent", [_unstorable_fields, _unstorable_queries, _unstorable_forms])
def test_what_no_database_keeps_is_refused_by_name_and_reaches_none(
    all_of_it: tuple[Whole, Settled], reached: list[str], sent: Any
):
    application, settled = all_of_it
    requests = list(sent(application, settled))
    wrong = []
    for name, (method, address, body, kind) in requests:
        sending = asked(application, method, address, "admin", body=body, kind=kind)
        (said,) = application.every(sending)
        wrong += _not_refused(said, name, f"{method} {address} {body[:60]!r}")

    assert len(requests) > 50
    assert (wrong, reached) == ([], [])

"""Whatever the API's document allows, and some that it does not, is answered as it says (F19).

Requests are drawn from the document by Schemathesis, for every route and by everybody: nobody, and
a token of each role. Some are of things that are there. `--full` draws 25 of each.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.identity import tokens
from app.platform import clock
from tests.conftest import KINDS
from tests.postgres import Server
from tests.settled import Settled
from tests.whole import Key, Whole, whole

_AS_DOCUMENTED = [status_code_conformance, content_type_conformance, response_schema_conformance]
_AT = "http://127.0.0.1:8000"
# How many of each route are drawn beside every change: the more somebody may, the more.
EXAMPLES = {"nobody": 1, "viewer": 1, "drafts": 1, "editor": 1, "admin": 3}
_FULL = 25
_MAY_BE_503 = "/ready"  # no ingester runs here, and it says so


@dataclass(frozen=True)
class Asked:
    """An application that holds one of everything, its operations, and what opens it."""

    application: Whole
    settled: Settled
    operations: list[Any]
    keys: Mapping[str, Key]


@pytest.fixture(scope="module", params=KINDS)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    url = ""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        url = server.empty()
    with whole(tmp_path_factory.mktemp("asked"), url) as application:
        with application.house.database.write() as session:
            drafts = tokens.add(
                session, name="drafts", role="editor", by="a test", may_draft=True, now=clock.now()
            )
        document = application.inside.openapi()
        operations = []
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            assert isinstance(found, Ok), found
            operations.append(found.ok())
        operations.sort(key=lambda one: one.method.upper() == "DELETE")  # what is there goes last
        keys = application.systems | {
            "nobody": Key(),
            "drafts": Key({"authorization": f"Bearer {drafts.secret}"}),
        }
        yield Asked(application, Settled(application), operations, keys)


@pytest.mark.parametrize("who", EXAMPLES)
def test_every_answer_is_as_the_document_says(asked: Asked, who: str, full: bool):
    wrong: list[str] = []
    number = 0
    for operation in asked.operations:

        @settings(
            max_examples=_FULL if full else EXAMPLES[who],
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy(), is_there=st.booleans())
        def ask(case: schemathesis.Case[Any], *, is_there: bool) -> None:
            nonlocal number
            number += 1
            wrong.extend(_wrong_with(asked, case, who, is_there=is_there))

        ask()
    print(f"F19: {number} requests by {who}, {len(wrong)} answered otherwise")

    assert wrong == []


def _wrong_with(
    asked: Asked, case: schemathesis.Case[Any], who: str, *, is_there: bool
) -> list[str]:
    """What is not as documented in the answer to one request."""
    for name, value in asked.settled.ids.items() if is_there else ():
        if name in case.path_parameters:
            case.path_parameters[name] = value
    request = _request_of(case)
    answer = _answer_to(asked.application, request, asked.keys[who])
    said = f"{request.method} {request.url} {request.content[:200]!r}: {answer.status_code}"
    if answer.is_server_error and case.operation.path != _MAY_BE_503:
        return [f"{said} {answer.text[:200]}"]
    try:
        case.validate_response(answer, checks=_AS_DOCUMENTED)
    except FailureGroup as failures:
        return [f"{said}: {failure}" for failure in failures.exceptions]
    return []


def _request_of(case: schemathesis.Case[Any]) -> httpx.Request:
    told = case.as_transport_kwargs(base_url=_AT)
    request = httpx.Request(
        told["method"],
        told["url"],
        params=told.get("params"),
        headers={name: value for name, value in dict(told.get("headers") or {}).items() if value},
        json=told.get("json"),
        content=told.get("data"),
    )
    request.read()
    return request


def _answer_to(application: Whole, request: httpx.Request, key: Key) -> httpx.Response:
    own = {name: value for name, value in request.headers.items() if name in _HANDED_ON}
    said = asyncio.run(
        application.ask(
            request.method,
            request.url.raw_path.decode(),
            Key(own | key.headers),
            body=request.content,
            kind=request.headers.get("content-type", "application/json"),
        )
    )
    answer = httpx.Response(said.status, headers=said.headers, content=said.body, request=request)
    answer.elapsed = timedelta()
    return answer


_HANDED_ON = {"idempotency-key", "accept"}

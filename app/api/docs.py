"""The OpenAPI document, and the same as a page that anybody can read.

The page loads nothing from another host. Both say the same until the next start, and strangers ask
for them: each is written once, in a thread, and never while clicks wait.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from app.identity.access import access_of
from app.platform import figures, paths

router = APIRouter(include_in_schema=False)

_Json = dict[str, Any]
_DEEP = 8  # a shape within a shape within …; ours are never deeper


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or an answer, by its whole name: `rule.threshold`."""

    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a route."""

    status: str
    says: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route, and everything that a caller must know of it."""

    id: str
    method: str
    path: str
    title: str
    says: str
    needs: str
    parameters: tuple[Field, ...]
    sends: tuple[str, ...]
    body: tuple[Field, ...]
    answers: tuple[Answer, ...]


@router.get("/openapi.json")
def document(request: Request) -> Response:
    """Every route of the API, for programs."""
    return Response(_once(request.app, "openapi_json", _as_json), media_type="application/json")


@router.get("/docs", response_class=HTMLResponse)
def show(request: Request) -> HTMLResponse:
    """The same for people."""
    return HTMLResponse(_once(request.app, "docs_page", _as_page))


def _once(application: FastAPI, name: str, write: Callable[[_Json], bytes]) -> bytes:
    held: bytes | None = getattr(application.state, name, None)
    if held is None:
        held = write(application.openapi())
        setattr(application.state, name, held)
    return held


def _as_json(document: _Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _as_page(document: _Json) -> bytes:
    page = _environment().get_template("docs/show.html")
    return page.render(nouns=_nouns(document)).encode()


def _nouns(document: _Json) -> dict[str, list[Operation]]:
    nouns: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method, told in operations.items():
            if "security" in told:
                read = _operation(document, path, method, told)
                nouns.setdefault(told["tags"][0], []).append(read)
    return nouns


def _operation(document: _Json, path: str, method: str, told: _Json) -> Operation:
    contents = told.get("requestBody", {}).get("content", {})
    plain = contents.get("application/json", {}).get("schema", {})
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        title=told["summary"],
        says=told.get("description", ""),
        needs=str(access_of(method.upper(), path) or "nobody"),
        parameters=tuple(_parameter(document, one) for one in told.get("parameters", [])),
        sends=tuple(contents),
        body=tuple(_fields(document, plain)),
        answers=tuple(_answer(document, *one) for one in sorted(told["responses"].items())),
    )


def _parameter(document: _Json, told: _Json) -> Field:
    kind = f"{_kind(document, told['schema'])}, in the {told['in']}"
    return Field(told["name"], kind, told.get("required", False), told.get("description", ""))


def _answer(document: _Json, status: str, told: _Json) -> Answer:
    plain = told.get("content", {}).get("application/json", {}).get("schema", {})
    return Answer(status, told.get("description", ""), tuple(_fields(document, plain)))


def _fields(document: _Json, schema: _Json, *, before: str = "", deep: int = _DEEP) -> list[Field]:
    """All fields, those of inner shapes after the one that holds them."""
    fields = []
    shape = _shape(document, schema)
    for name, told in shape.get("properties", {}).items():
        whole = f"{before}{name}"
        required = name in shape.get("required", [])
        says = told.get("description", "") or _default(told)
        fields.append(Field(whole, _kind(document, told), required, says))
        inner = _inside(document, told)
        if inner and deep:
            held = "[]." if inner is not told and _is_list(told) else "."
            fields += _fields(document, inner, before=f"{whole}{held}", deep=deep - 1)
    return fields


def _shape(document: _Json, schema: _Json) -> _Json:
    """What a reference leads to; the something of "something or null"."""
    for one in schema.get("anyOf", []):
        if one.get("type") != "null":
            return _shape(document, one)
    if "$ref" in schema:
        named: _Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return named
    return schema


def _inside(document: _Json, schema: _Json) -> _Json | None:
    shape = _shape(document, schema)
    if _is_list(shape):
        shape = _shape(document, shape.get("items", {}))
    return shape if "properties" in shape else None


def _is_list(schema: _Json) -> bool:
    return schema.get("type") == "array"


def _kind(document: _Json, schema: _Json) -> str:
    options = schema.get("anyOf")
    if options:
        return " or ".join(_kind(document, option) for option in options)
    shape = _shape(document, schema)
    if "enum" in shape:
        return " | ".join(map(str, shape["enum"]))
    if "const" in shape:
        return str(shape["const"])
    if _is_list(shape):
        return f"list of {_kind(document, shape.get('items', {}))}"
    kind = shape.get("format") or shape.get("type", "any")
    return f"{kind}{_bounds(shape)}"


def _bounds(shape: _Json) -> str:
    words = {
        "minimum": "from",
        "exclusiveMinimum": "above",
        "maximum": "to",
        "exclusiveMaximum": "below",
        "maxLength": "at most",
    }
    said = " ".join(
        f"{word} {figures.exact(shape[name])}" for name, word in words.items() if name in shape
    )
    return f", {said}" if said else ""


def _default(told: _Json) -> str:
    return f"default: {told['default']}" if told.get("default") not in (None, [], "", {}) else ""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(paths.TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )

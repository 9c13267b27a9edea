"""The OpenAPI document: FastAPI's own, with what it cannot know of itself."""

from typing import Any

from fastapi import FastAPI

from app.api.problems import MEDIA

_DONE_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Done once, however often it is sent, and answered the same for seven days; with"
    " another request it is refused (409). So it is once a customer was erased: answers from before"
    " may name them, and are not kept.",
}
_PROVEN_ELSEWHERE = "/hooks/"  # no token of ours opens it: each provider has its own proof
_BEARER: dict[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token, `tsl_…`: an admin makes one under Tokens, or `thinslice token add`.",
}


def complete(application: FastAPI, *, prefix: str) -> None:
    """Let the application's document say how to log in, what is done once, how errors look."""
    plain = application.openapi

    def openapi() -> dict[str, Any]:
        if application.openapi_schema is None:
            application.openapi_schema = _completed(plain(), prefix)
        return application.openapi_schema

    application.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _completed(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = {"token": _BEARER}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith(prefix):
                _complete(method, operation)
            elif path.startswith(_PROVEN_ELSEWHERE):
                operation["security"] = []
                _tell_problems(operation)
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    operation["security"] = [{"token": []}]
    if method == "post" and "text/csv" not in operation.get("requestBody", {}).get("content", {}):
        operation.setdefault("parameters", []).append(_DONE_ONCE)
    _tell_problems(operation)


def _tell_problems(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if status.startswith(("4", "5")):
            shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
            answer["content"] = {MEDIA: shape}

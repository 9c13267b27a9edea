"""Errors as `application/problem+json` (RFC 9457), each with a sentence and its fields."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from app.platform import figures
from app.platform.errors import AppError, FieldError, TooMany, Unavailable

MEDIA = "application/problem+json"
_MOST = 100  # errors that are told: a body of 1 MB could have a hundred thousand


class FieldProblem(BaseModel):
    """One field of what was sent, and what to do about it."""

    field: str
    message: str


class Problem(BaseModel):
    """What every error of this API looks like."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "This cannot be accepted",
                "status": 422,
                "detail": "rule.threshold: must lie between 0 and 1.",
                "errors": [{"field": "rule.threshold", "message": "must lie between 0 and 1"}],
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default_factory=list)


def of_app_error(error: AppError) -> JSONResponse:
    """A room said no."""
    headers = {}
    if error.challenge:
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = "5"
    return _answer(error.status, error.title, str(error), error.errors, headers)


def of_validation(errors: Sequence[Any]) -> JSONResponse:
    """What was sent does not have the shape that the document describes."""
    fields = fields_of(errors)
    told = [f"{field.field}: {field.message}" if field.field else field.message for field in fields]
    if len(errors) > _MOST:
        told.append(f"and {figures.count(len(errors) - _MOST)} more")
    detail = "; ".join(told)
    return _answer(422, "This cannot be accepted", detail, fields, {})


def fields_of(errors: Sequence[Any]) -> tuple[FieldError, ...]:
    """Each field and its message; of very many, the first."""
    return tuple(
        FieldError(_path(error["loc"]), _plain(str(error["msg"]))) for error in errors[:_MOST]
    )


def of_status(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A plain HTTP error: no such address, no such method, something broken of ours."""
    return _answer(status, HTTPStatus(status).phrase, detail, (), headers or {})


def _answer(
    status: int,
    title: str,
    detail: str,
    errors: Sequence[FieldError],
    headers: dict[str, str],
) -> JSONResponse:
    problem = Problem(
        title=title,
        status=status,
        detail=_writable(detail),
        errors=[
            FieldProblem(field=_writable(error.field), message=_writable(error.message))
            for error in errors[:_MOST]
        ],
    )
    return JSONResponse(problem.model_dump(), status, headers=headers, media_type=MEDIA)


def _writable(text: str) -> str:
    """A sentence may quote what was sent, and JSON can send halves of characters."""
    return text.encode(errors="replace").decode()


def _path(location: Sequence[Any]) -> str:
    """The first part says where it was sent; further ones may be fields of the same name."""
    named = location[1:] if location and location[0] in {"body", "query", "path"} else location
    return ".".join(map(str, named))


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _documented(status: int, sentence: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": sentence, "model": Problem, "content": {MEDIA: {}}}}


ERRORS: dict[int | str, dict[str, Any]] = (
    _documented(401, "No token, or one that is not valid.")
    | _documented(403, "The token's role may not do this.")
    | _documented(404, "Not here.")
    | _documented(409, "Not now: the state of things does not allow it.")
    | _documented(422, "Malformed or unacceptable; `errors` names the fields.")
    | _documented(503, "The database is away for the moment; try again.")
)

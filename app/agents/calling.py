"""A call of a tool, from its arguments to its answer or its refusal in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session

from app.agents import answers, pace, refusals
from app.agents.asking import Asking
from app.agents.tools import BY_NAME, Needs, Tool
from app.api import problems
from app.identity.callers import Principal
from app.platform import away, clock
from app.platform.away import AWAY
from app.platform.db import Database
from app.platform.errors import AppError, Forbidden, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent reads."""

    text: str
    is_refusal: bool = False


def call(request: Request, name: str, sent: Mapping[str, Any], *, client: str) -> Answer:
    """Run a tool; what is refused is answered in words, too."""
    try:
        return Answer(_called(request, name, sent, client))
    except AppError as error:
        return Answer(_in_words(error), is_refusal=True)
    except AWAY as error:
        return Answer(str(away.as_unavailable(error)), is_refusal=True)


def _called(request: Request, name: str, sent: Mapping[str, Any], client: str) -> str:
    who: Principal = request.state.principal
    pace.check(who.id)
    tool = BY_NAME.get(name)
    if tool is None:
        raise refusals.unknown_tool(name, list(BY_NAME))
    if tool.needs is Needs.DRAFT and not who.may_draft:
        raise Forbidden(refusals.MAY_ONLY_READ)
    asked = _read(tool, sent)
    database: Database = request.app.state.database
    with database.read() as session:
        return answers.written(_run(tool, request, session, asked, client), _begin(asked))


def _read(tool: Tool, sent: Mapping[str, Any]) -> Any:
    try:
        return tool.takes.model_validate(dict(sent))
    except ValidationError as error:
        fields = problems.fields_of(error.errors())
        sentence = "; ".join(f"{field.field}: {field.message}" for field in fields)
        raise Invalid(sentence, errors=fields) from error


def _run(tool: Tool, request: Request, session: Session, asked: Any, client: str) -> Any:
    try:
        return tool.run(Asking(request, session, client, clock.now()), asked)
    except NotFound as error:
        raise _unknown(asked, error) from error


def _unknown(asked: Any, error: NotFound) -> NotFound:
    """Whether there is nothing or it may not be seen sounds the same."""
    for field, kind in (("experiment_id", "experiment"), ("key_result_id", "key result")):
        if wanted := getattr(asked, field, None):
            return refusals.unknown(kind, wanted)
    return error


def _begin(asked: Any) -> str | None:
    begin: str | None = getattr(asked, "next", None)
    return begin


def _in_words(error: AppError) -> str:
    if not error.errors:
        return str(error)
    return "\n".join(f"{field.field}: {field.message}" for field in error.errors)

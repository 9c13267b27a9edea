"""A call of a tool, from its arguments to its answer or its refusal in words."""

import hashlib
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
from app.identity import callers, requests_noted, watching
from app.identity.callers import Principal
from app.platform import away, clock, once
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
    if tool.needs is Needs.DRAFT:
        _refuse_reader(who)
        return _once(tool, request, _read(tool, sent), client)
    asked = _read(tool, sent)
    database: Database = request.app.state.database
    with database.read() as session:
        return answers.written(_run(tool, request, session, asked, client), _begin(asked))


def _refuse_reader(who: Principal | None) -> Principal:
    if who is None or not who.may_draft:
        raise Forbidden(refusals.MAY_ONLY_READ)
    return who


def _once(tool: Tool, request: Request, asked: Any, client: str) -> str:
    """A call with a key that was done already is answered as it was then."""
    key = getattr(asked, "idempotency_key", None)
    if key is None:
        return _changed(tool, request, asked, client)
    database: Database = request.app.state.database
    names = {"caller": f"agent {request.state.principal.id}", "key": key}
    same = hashlib.sha256(f"{tool.name} {asked.model_dump_json()}".encode()).hexdigest()
    earlier = once.claim(database, **names, asked=same, now=clock.now())
    if earlier is not None:
        return str(earlier.answer)
    try:
        answer = _changed(tool, request, asked, client)
    except BaseException:
        once.give_back(database, **names)
        raise
    once.store(database, **names, status=200, answer=answer)
    return answer


def _changed(tool: Tool, request: Request, asked: Any, client: str) -> str:
    """In one transaction: the change, and who made it in the audit."""
    database: Database = request.app.state.database
    with database.write() as session:
        now = clock.now()
        who = callers.known(session, request, now=now)  # it may have been revoked meanwhile
        watching.acts(session, _refuse_reader(who).user_id)
        answer = _run(tool, request, session, asked, client)
        requests_noted.by_agent(session, request, tool.name, subject=answer["id"], client=client)
        return answers.written(answer, None)


def _read(tool: Tool, sent: Mapping[str, Any]) -> Any:
    try:
        return tool.takes.model_validate(dict(sent))
    except ValidationError as error:
        sent_as_body = [one | {"loc": ("body", *one["loc"])} for one in error.errors()]
        fields = problems.fields_of(sent_as_body)
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

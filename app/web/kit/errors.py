"""Errors as pages: what happened, what to do. What machines asked for is answered by their side."""

import errno
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from app.identity import door, guard, unsent
from app.languages.error_words import ADVICE, said
from app.languages.words import best_of
from app.platform import away, collisions
from app.platform.errors import (
    AppError,
    CodeWanted,
    FieldError,
    Invalid,
    NotLoggedIn,
    Stale,
    TooMany,
    Unavailable,
)
from app.platform.log import request_id
from app.platform.texts import unticked
from app.web.kit import typed_again
from app.web.kit.pages import ENGLISH, Refused, SpokenPage, render
from app.web.kit.typed_again import TypedAgain

_ADVICE = {
    400: "Go back to the program that sent you here, and begin there again.",
    401: "Log in, and you come back here.",
    403: "Go back, or begin at This week.",
    404: "Check the address, or begin at This week.",
    405: "Open the page itself, and use its buttons and links.",
    409: "Go back, reload the page and look at how things stand now.",
    408: "Go back to what you filled in, and send it again from there.",
    413: "Cut it into smaller ones.",
    421: "Use the address that you were given; whoever runs this service knows it.",
    422: "Go back, change what is named above, and send it again. Nothing was changed.",
    429: "Wait a minute, then try again.",
    503: "Try again in a moment. Nothing was lost: clicks are kept meanwhile.",
}
_SEND_AGAIN = (
    "Nothing was changed. Reload this page in a moment to send the same again, or go back to what"
    " you filled in."
)
_RELOAD = "Go back, reload the page, and send it again."
_OF_MAILS = ("/u/", "/p/", "/k/", "/a/", "/s/")  # whoever opens these is none of the team
_SHARED = "/r/"  # nor is whoever opens this: a readout, in English
_OF_SHARED = {404: "It may have ended, or have been cut off on its way to you."}
_FOR_STRANGERS = {404: ADVICE}
_WRONG_NAME = 421
_CUT = "This address of a part of the list is not whole, or of another list."
_OF_LISTS = frozenset({"cursor", "sort", "q"})
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
log = logging.getLogger(__name__)


class Problems(Protocol):
    """How the API writes an error; main hands it in, for pages and API never meet."""

    def of_app_error(self, error: AppError) -> Response:
        """A room said no."""
        ...

    def of_validation(self, errors: Sequence[Any]) -> Response:
        """What was sent is malformed."""
        ...

    def of_status(
        self, status: int, detail: str, headers: dict[str, str] | None = None
    ) -> Response:
        """A plain HTTP error."""
        ...


@dataclass(frozen=True, kw_only=True)
class ErrorPage(SpokenPage):
    """What happened, and what to do."""

    template: ClassVar[str] = "kit/error.html"

    heading: str
    sentence: str
    lines: tuple[str, ...]
    advice: str
    way: tuple[str, str] | None  # on from here, if any way is: what it is called, its address
    status: int
    again: TypedAgain | None  # what was typed into a form that could not be taken


def install(application: FastAPI, problems: Problems, *, machines: tuple[str, ...]) -> None:
    """Translate every error for its reader, and what the door refuses, too.

    `machines` are the paths that read JSON.
    """
    translate = _Translator(problems, machines)
    for kind, answer in (
        (Refused, _refused),
        (AppError, translate.app_error),
        (ClientDisconnect, _gone),
        (RequestValidationError, translate.malformed),
        (HTTPException, translate.plain),
        *((kind, translate.database_away) for kind in away.AWAY),
        *((kind, translate.collided) for kind in collisions.COLLIDED),
        (DataError, translate.unstorable),
        (OSError, translate.disk_full),
        (Exception, translate.broken),
    ):
        application.add_exception_handler(kind, answer)
    application.add_middleware(door.Door, refuse=translate.app_error)


def _gone(request: Request, _error: Any) -> Response:
    """Nobody reads this answer."""
    door.note_gone(request.scope)
    return Response(status_code=408)


def _refused(_request: Request, error: Any) -> Response:
    answer: Response = error.answer
    return answer


@dataclass(frozen=True, slots=True)
class _Translator:
    """One method per kind of error: `Any`, for Starlette hands each its own kind."""

    problems: Problems
    machines: tuple[str, ...]

    def app_error(self, request: Request, error: Any) -> Response:
        if self._is_machine(request):
            return self.problems.of_app_error(error)
        return show(request, error)

    def malformed(self, request: Request, error: Any) -> Response:
        if self._is_machine(request):
            return self.problems.of_validation(error.errors())
        return show(request, _invalid(error))

    def plain(self, request: Request, error: Any) -> Response:
        if self._is_machine(request):
            headers = dict(error.headers or {})
            return self.problems.of_status(error.status_code, error.detail, headers)
        guard.recognise(request)  # an address that is nobody's has the menu of whoever asks
        return _page(request, status=error.status_code, sentence=_sentence(error.status_code))

    def database_away(self, request: Request, error: Any) -> Response:
        if getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return self.app_error(request, _full())
        return self.app_error(request, away.as_unavailable(error))

    def collided(self, request: Request, error: Any) -> Response:
        """Somebody else was quicker; where nobody can have been, it is a fault of ours."""
        conflict = collisions.as_conflict(error)
        if conflict is None:
            raise error
        log.warning("%s: %s", door.told_of(request.scope), away.reason_of(error))
        return self.app_error(request, conflict)

    def disk_full(self, request: Request, error: Any) -> Response:
        """A full disk is no fault of the code; any other trouble with files is."""
        if error.errno not in _NO_ROOM:
            raise error
        log.error("%s: %s", door.told_of(request.scope), error.strerror)
        return self.app_error(request, _full())

    def unstorable(self, request: Request, _error: Any) -> Response:
        """PostgreSQL keeps no NUL, and no number beyond its type."""
        return self.app_error(request, Invalid("Something sent here cannot be stored as it is."))

    def broken(self, request: Request, _error: Any) -> Response:
        if self._is_machine(request):
            told = f"Something of ours is broken; the log says what{_under()}."
            return self.problems.of_status(500, told)
        return _page(request, status=500, sentence="Something of ours is broken.")

    def _is_machine(self, request: Request) -> bool:
        return request.url.path.startswith(self.machines)


def _full() -> Unavailable:
    return Unavailable(
        "The disk that holds the data folder is full. Nothing was saved; try again once whoever"
        " runs this installation has made room."
    )


def show(request: Request, error: AppError) -> Response:
    """A room's sentence as a page; who is not logged in is shown the door first."""
    again = typed_again.of(request, error.status, error)
    if again is None and isinstance(error, NotLoggedIn):
        return RedirectResponse(f"/login?next={quote(_back(request))}", 303)
    if again is None and isinstance(error, CodeWanted):
        return RedirectResponse(guard.SET_UP, 303)
    asked = {field_error.field for field_error in error.errors} & _OF_LISTS
    if request.method == "GET" and asked & request.query_params.keys():
        return _asked_wrongly(request, asked, str(error))
    lines = tuple(e.message for e in error.errors if e.message != str(error))
    answer = _page(
        request,
        status=error.status,
        sentence=again.sentence if again and again.sentence else str(error),
        heading=error.title,
        lines=lines,
        advice=_RELOAD if isinstance(error, Stale) and not again else None,
        again=again,
    )
    if isinstance(error, TooMany | Unavailable):
        answer.headers["Retry-After"] = "5"
    return answer


def _asked_wrongly(request: Request, asked: set[str], sentence: str) -> Response:
    """A list asked for by an address that is not whole, or says what the list does not know."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in {*asked, "cursor"}]
    return _page(
        request,
        status=422,
        sentence=_CUT if "cursor" in asked else sentence,
        heading="No such part of the list" if "cursor" in asked else "No such list",
        advice="Begin at its first page, and go on from there.",
        way=("To the first page", request.url.path + (f"?{urlencode(kept)}" if kept else "")),
    )


def _page(
    request: Request,
    *,
    status: int,
    sentence: str,
    heading: str | None = None,
    lines: tuple[str, ...] = (),
    advice: str | None = None,
    way: tuple[str, str] = ("Back to this week", "/"),
    again: TypedAgain | None = None,
) -> Response:
    again = again or typed_again.of(request, status)
    is_strangers = request.url.path.startswith(_OF_MAILS)
    is_shared = request.url.path.startswith(_SHARED)
    words = best_of(request.headers.get("accept-language")) if is_strangers else ENGLISH
    ours = _FOR_STRANGERS if is_strangers else _OF_SHARED if is_shared else {}
    usual = ours.get(status)
    page = ErrorPage(
        words=words,
        heading=said(heading or HTTPStatus(status).phrase.capitalize(), words),
        sentence=unticked(said(sentence, words)),
        lines=tuple(map(unticked, lines)),
        advice=advice or said(usual or _advice(request, status, again), words),
        # whoever came by a mail or a shared link has no other page here, nor has this name
        way=None if is_strangers or is_shared or status == _WRONG_NAME else way,
        status=status,
        again=again,
    )
    return render(request, page, status)


def _advice(request: Request, status: int, again: TypedAgain | None) -> str:
    if again:
        return again.advice
    if status == Unavailable.status and request.method == "POST":
        return _SEND_AGAIN
    return _ADVICE.get(status) or f"Try again. If it happens again, the log says why{_under()}."


def _under() -> str:
    """Where in the log, where that is known."""
    return f" under request {asked}" if (asked := request_id.get()) else ""


def _back(request: Request) -> str:
    if request.method != "GET":
        return unsent.came_from(request)
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _invalid(error: RequestValidationError) -> Invalid:
    fields = tuple(
        FieldError(str(e["loc"][-1]), f"{e['loc'][-1]}: {e['msg']}") for e in error.errors()
    )
    return Invalid("Something in this request cannot be read.", errors=fields)


def _sentence(status: int) -> str:
    if status == 404:
        return "There is no page at this address."
    if status == 405:
        return "This address does not take that kind of request."
    return "This request cannot be answered."

"""Errors whose sentence is written for the person in front of them: what happened, what to do.

Rooms raise them; web and api translate them into a page or `application/problem+json`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of what was sent in."""

    field: str
    message: str


class AppError(Exception):
    """Something that the caller can be told. `str(error)` is the sentence."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    challenge: str = ""  # what a program reads in WWW-Authenticate: how it could be let in

    def __init__(self, sentence: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(sentence)
        self.errors = errors

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever its class asks for when it is made: it may change process."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[AppError], args: tuple[Any, ...], told: dict[str, Any]) -> AppError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(told)
    return error


class Invalid(AppError):
    """Malformed or unacceptable input."""

    status = 422
    title = "This cannot be accepted"

    @classmethod
    def at(cls, field: str, message: str) -> "Invalid":
        """One field is wrong, and this is what to do."""
        return cls(message, errors=(FieldError(field, message),))


class NotBuiltYet(Invalid):
    """A non-default value for a part that does not exist yet is refused, by name."""

    title = "This part is not built yet"


class NotFound(AppError):
    """Not here."""

    status = 404
    title = "Not found"


class Conflict(AppError):
    """Not now: the state of things does not allow it."""

    status = 409
    title = "Not possible now"


class NotLoggedIn(AppError):
    """Who is asking is not known."""

    status = 401
    title = "Please log in"
    challenge = "Bearer"


class CodeWanted(AppError):
    """Who logs in with a password here sets up a code beside it, before anything else."""

    status = 403
    title = "A code beside the password"


class Forbidden(AppError):
    """Who is asking is known, and may not."""

    status = 403
    title = "Not allowed"


class Stale(Forbidden):
    """Who is asking may, but their page is from before: another session, another log-in."""

    title = "Not sent yet"


class TooMany(AppError):
    """Slow down; trying again later helps."""

    status = 429
    title = "Too many attempts"


class TooLarge(AppError):
    """More than is taken in one piece."""

    status = 413
    title = "Too large"


class TooSlow(AppError):
    """Whoever sends takes longer than anybody waits."""

    status = 408
    title = "Too slow"


class Unavailable(AppError):
    """A part that we need (the database, the disk) is away for the moment."""

    status = 503
    title = "Unavailable for the moment"


def tried(make: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> "_T | AppError":
    """What is made, or the error that says why not: of many, one stops no other."""
    try:
        return make(*args, **kwargs)
    except Unavailable:
        raise
    except AppError as error:
        return error


def or_raise(app_error: "_T | AppError") -> _T:
    """What was made; raises where it was not."""
    if isinstance(app_error, AppError):
        raise app_error
    return app_error

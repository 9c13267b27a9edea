"""Errors whose sentence is written for the person in front of them: what happened, what to do.

Rooms raise them; web and api translate them into a page or `application/problem+json`.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of what was sent in."""

    field: str
    message: str


class AppError(Exception):
    """Something that the caller can be told. `str(error)` is the sentence."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, sentence: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(sentence)
        self.errors = errors


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


class Forbidden(AppError):
    """Who is asking is known, and may not."""

    status = 403
    title = "Not allowed"


class TooMany(AppError):
    """Slow down; trying again later helps."""

    status = 429
    title = "Too many attempts"


class TooLarge(AppError):
    """More than is taken in one piece."""

    status = 413
    title = "Too large"


class Unavailable(AppError):
    """A part that we need (the database, the disk) is away for the moment."""

    status = 503
    title = "Unavailable for the moment"

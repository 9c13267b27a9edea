"""Two changed the same at the same moment, on one machine or on two: the later one is told so.

Each had looked whether it could; PostgreSQL runs them side by side, and refuses the later one. It
is no fault of the code, and nothing of that change was kept.
"""

import sqlite3

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from app.platform.errors import Conflict

COLLIDED = (IntegrityError, StaleDataError, ObjectDeletedError)  # what may be raised then
_SENTENCE = (
    "Somebody else has just changed the same. Nothing of yours was kept: look how it is now."
)
_BY_OTHERS = {
    "23503",  # what a row refers to is gone, or is referred to by a new one
    "23505",  # there is one of the same name
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
}


def as_conflict(error: Exception) -> Conflict | None:
    """What the later one is told; None where nobody else can be the reason."""
    if isinstance(error, IntegrityError) and _code_of(error.orig) not in _BY_OTHERS:
        return None
    return Conflict(_SENTENCE)


def _code_of(error: object) -> object:
    return getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorcode", None)

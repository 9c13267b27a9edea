"""When the database itself is the trouble, and not what is asked of it: told in one way everywhere.

It may be out of reach, busy, without room, or take no changes: a standby that was not promoted yet,
a disk that is full. Another machine may have brought it to a newer version. What is done meanwhile
waits; nothing of it is a fault of the code.
"""

import sqlite3
import time
from logging import Logger

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.platform.errors import Unavailable
from app.platform.queueing import TooBusy

AWAY = (OperationalError, InterfaceError, NoConnectionFree, TooBusy)  # what is raised then
_OUT_OF_REACH = "The database is out of reach for the moment."
TAKES_NO_CHANGES = "The database takes no changes for the moment: it can only be read."
_HELD = "Something else holds what this needs in the database for the moment."
_TOO_LONG = "The database took too long for the moment."
_FULL = "The database has no room left on its disk."
_NO_CONNECTION = "The database has no connection left for the moment."
_MISFIT = "The database does not fit this version of Thinslice."
_READ_ONLY = "25006"  # PostgreSQL's
_NO_COLUMN, _NO_TABLE = "42703", "42P01"
_ENDED_IDLE = "25P03"  # we did nothing for long in the middle of a transaction: we were frozen
# The driver calls these mistakes of ours.
_RENAMED = {_READ_ONLY, _NO_COLUMN, _NO_TABLE, _ENDED_IDLE}
_WORDS = {
    _READ_ONLY: TAKES_NO_CHANGES,
    _NO_COLUMN: _MISFIT,
    _NO_TABLE: _MISFIT,
    "40001": _HELD,  # overtaken by another transaction
    "40P01": _HELD,  # a deadlock
    "53100": _FULL,
    "53300": _NO_CONNECTION,
    "55P03": _HELD,  # a lock
    "57014": _TOO_LONG,
}
_SQLITE_WORDS = {
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: TAKES_NO_CHANGES,
}
_ADVICE = {
    _OUT_OF_REACH: "Is THINSLICE_DATABASE_URL right?",
    TAKES_NO_CHANGES: "Is it a standby, or its disk full?",
    _NO_CONNECTION: "Raise max_connections of PostgreSQL, or close what else is connected.",
    _HELD: "pg_stat_activity says who holds it.",
    _FULL: "Make room.",
    _MISFIT: "Run `thinslice migrate`, or install the version that brought it where it is.",
}
_SQLITE_MISFITS = ("no such table", "no such column", "has no column named")
_KIND_OF_CODE = 0xFF  # SQLite's codes say in their higher bits which of a kind
_QUIET_SECONDS = 60  # from one line that says so to the next of the same
_told: dict[str, float] = {}  # what was said of it, and when


def watch(engine: Engine) -> None:
    """Let errors of PostgreSQL quote nothing of its rows, for logs have them.

    Its refusal of any change is raised as what it is: an error of its operation; so is one of a
    column that is not there, as on SQLite. A connection that takes no changes may stay so for as
    long as it lives, or lead to a server that is the first no more: the next one is a new one.
    """
    event.listen(engine, "handle_error", _shortened)
    event.listen(engine, "handle_error", _renamed)


def in_words(error: BaseException) -> str:
    """What is the matter, for people. `error` is one of AWAY."""
    if isinstance(error, TooBusy):
        return str(error)
    if isinstance(error, NoConnectionFree):
        return _NO_CONNECTION
    orig = getattr(error, "orig", None)
    if any(words in str(orig) for words in _SQLITE_MISFITS):
        return _MISFIT
    if isinstance(orig, sqlite3.Error):
        code = getattr(orig, "sqlite_errorcode", 0) & _KIND_OF_CODE
        return _SQLITE_WORDS.get(code, _OUT_OF_REACH)
    return _WORDS.get(_state_of(orig) or _said_in(orig), _OUT_OF_REACH)


def advised(sentence: str) -> str:
    """The same, with what whoever runs this can do."""
    return f"{sentence} {_ADVICE.get(sentence, '')}".rstrip()


def explained(error: BaseException) -> str:
    """The same; where nobody is reached, why: a name, a port or a password may be wrong."""
    sentence = in_words(error)
    said = f" It says: {reason_of(error)}" if sentence == _OUT_OF_REACH else ""
    return f"{advised(sentence)}{said}"


def passes(error: BaseException) -> bool:
    """Whether the same will go well once the database does; what took too long may do so again."""
    return isinstance(error, AWAY) and in_words(error) != _TOO_LONG


def as_unavailable(error: Exception) -> Unavailable:
    """What whoever asked is answered."""
    return error if isinstance(error, Unavailable) else Unavailable(in_words(error))


def tell(log: Logger, error: Exception, *, what: str) -> None:
    """Log what failed: with the place in the code, but where the database is away, one line.

    That line comes once a minute, however often the same is tried meanwhile.
    """
    if not isinstance(error, AWAY):
        log.error(what, exc_info=error)
        return
    ticks = time.monotonic()
    if ticks - _told.get(what, float("-inf")) > _QUIET_SECONDS:
        _told[what] = ticks
        log.warning("%s; the database does not answer as it should: %s", what, reason_of(error))


def reason_of(error: BaseException) -> str:
    """What the database, or whoever wanted to reach it, said of it: one line."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _shortened(context: ExceptionContext) -> None:
    """Leave out what rows hold: PostgreSQL quotes it in the lines after the first."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\n")[0], *error.args[1:])


def _renamed(context: ExceptionContext) -> OperationalError | None:
    error = context.original_exception
    state = _state_of(error)
    if state not in _RENAMED:
        return None
    context.is_disconnect = context.is_disconnect or state == _READ_ONLY
    return OperationalError(context.statement, None, error, hide_parameters=True)


def _state_of(error: object) -> str:
    return getattr(error, "sqlstate", None) or ""


def _said_in(error: object) -> str:
    """Who is not let in is told so before there is a connection that could give a code."""
    return "53300" if "too many" in str(error) or "connection slots" in str(error) else ""

"""What is stored and cannot be read: of many rows one is told as such, and takes no other away.

What is about such a row alone is answered by an error that says which row it is, and what to do.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from sqlmodel import Session

from app.platform.errors import AppError

log = logging.getLogger(__name__)

CANNOT_BE_READ = "It cannot be read: what is stored of it is damaged."
# What reading raises where JSON is not of the shape that we wrote.
_RAISED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_P = ParamSpec("_P")
_T = TypeVar("_T")

Rows = Iterable[object]


class Damaged(AppError):
    """A stored row of which nothing can be made. It says which one, and what helps."""

    status = 409
    title = "This cannot be read"

    def __init__(self, *, table: str, column: str, row: str, name: str) -> None:
        called = f"“{name}”" if name else f"This {table.replace('_', ' ')}"
        super().__init__(
            f"{called} cannot be read: what is stored of its {column.replace('_', ' ')} is damaged"
            f" (table {table}, row {row}, column {column}). Restore it from a backup, correct it in"
            " the database, or delete it. Everything else goes on."
        )


Find = Callable[[Session, Rows, Exception], Damaged | None]


def read(make: Callable[_P, _T], *args: _P.args, **named: _P.kwargs) -> _T | None:
    """What is made of a row; None, and a line in the log, where nothing can be."""
    try:
        return make(*args, **named)
    except (*_RAISED, Damaged) as error:
        log.warning("a row cannot be read: %s in %s", type(error).__name__, make.__name__)
        return None


def is_read(make: Callable[[Any], object], value: Any) -> bool:
    """Whether anything can be made of a value."""
    try:
        make(value)
    except _RAISED:
        return False
    return True


@contextmanager
def told(session: Session, rows: Callable[[], Rows], find: Find) -> Iterator[None]:
    """Where something goes wrong for a damaged row among those that were read, say so.

    Raises Damaged; what no stored row is to blame for is raised as it is.
    """
    try:
        yield
    except _RAISED as error:
        damaged = find(session, rows(), error)
        if damaged is None:
            raise
        log.warning("%s (%s at %s)", damaged, type(error).__name__, _place(error))
        raise damaged from error


def unknown(_session: Session, _rows: Rows, _error: Exception) -> None:
    """Nobody has said how rows are read."""


def _place(error: Exception) -> str:
    """Where in the code it went wrong; never what was read there."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.name}, line {last.lineno}"

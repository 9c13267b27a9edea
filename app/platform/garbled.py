"""What is stored and cannot be read: of many rows one is told as such, and takes no other away."""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

log = logging.getLogger(__name__)

CANNOT_BE_READ = "It cannot be read: what is stored of it is damaged."
# What reading raises where JSON is not of the shape that we wrote.
_RAISED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_P = ParamSpec("_P")
_T = TypeVar("_T")


def read(make: Callable[_P, _T], *args: _P.args, **named: _P.kwargs) -> _T | None:
    """What is made of a row; None, and a line in the log, where nothing can be."""
    try:
        return make(*args, **named)
    except _RAISED as error:
        log.warning("a row cannot be read: %s in %s", type(error).__name__, make.__name__)
        return None

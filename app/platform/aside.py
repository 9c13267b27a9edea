"""Work of our own that takes seconds of processor time, in a process of its own.

A thread would keep every other thread of its process waiting, those that answer clicks, too.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from app.platform.errors import Unavailable
from app.platform.giving_way import give_way

_P = ParamSpec("_P")
_T = TypeVar("_T")
_NICE = 5  # clicks and pages go before it


def aside(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What `work` answers or raises, over there; all of it can be pickled."""
    new = multiprocessing.get_context("spawn")  # a fork would keep our journals and locks open
    with ProcessPoolExecutor(1, mp_context=new, initializer=give_way, initargs=(_NICE,)) as pool:
        try:
            return pool.submit(work, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise Unavailable(
                "The process that worked on it was ended. Try again in a moment."
            ) from error

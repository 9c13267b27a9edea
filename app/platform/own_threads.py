"""Threads beside those of pages, for what may wait long for a database that is away.

Pages have some forty threads for all of them. Whoever asks often for something that waits seconds
each time would hold every one; here they wait for their own few, and past a number are sent away.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from app.platform.errors import Unavailable

_P = ParamSpec("_P")
_T = TypeVar("_T")


class OwnThreads:
    """A few threads under one name, and how many may wait for them."""

    def __init__(self, name: str, *, threads: int, most: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = most
        self._asked = 0  # only the event loop counts

    async def run(self, work: Callable[_P, _T], *args: _P.args, **named: _P.kwargs) -> _T:
        """What `work` answers or raises. Raises Unavailable where too many wait already."""
        if self._asked >= self._most:
            raise Unavailable("Too many ask for this at once. Ask again in a moment.")
        self._asked += 1
        try:
            asked = partial(
                copy_context().run, partial(work, *args, **named)
            )  # with its id, to log
            return await asyncio.wrap_future(self._pool.submit(asked))
        finally:
            self._asked -= 1


# Chosen by us: Prometheus asks twice a minute. Whoever guesses tokens keeps it from no meter.
METERS = OwnThreads("meters", threads=2, most=16)
METERS_DOOR = OwnThreads("meters-door", threads=2, most=16)

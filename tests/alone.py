"""One request asked alone: what a page leaves to a thread is done at once, in this one.

Nobody else is served meanwhile, so whoever asks cannot tell; looking for threads, and a loop of
events for each request, took a third of it. What asks several at once goes on without this.
"""

import asyncio
import sys
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from importlib.util import find_spec
from threading import current_thread, main_thread
from typing import Any, TypeVar

import anyio.to_thread
import pytest

T = TypeVar("T")
_IS_ALONE: ContextVar[bool] = ContextVar("is_alone", default=False)
_in_a_thread = anyio.to_thread.run_sync
_kept: list[asyncio.Runner] = []


def run(asked: Coroutine[Any, Any, T]) -> T:
    """What it answers or raises; whatever it left running is ended, as by `asyncio.run`."""
    if current_thread() is not main_thread() or not _kept:
        return asyncio.run(asked)  # one of several
    context = copy_context()
    context.run(_IS_ALONE.set, True)
    runner = _kept[0]
    try:
        return runner.run(asked, context=context)
    finally:
        if left := asyncio.all_tasks(runner.get_loop()):
            runner.run(_ended(left))


async def _ended(tasks: set["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _run_sync(work: Callable[..., T], *given: Any, **named: Any) -> T:
    if not _IS_ALONE.get():
        return await _in_a_thread(work, *given, **named)
    loop = asyncio.get_running_loop()
    events._set_running_loop(None)  # a thread has none
    try:
        return copy_context().run(work, *given)
    finally:
        events._set_running_loop(loop)


@contextmanager
def asked() -> Iterator[None]:
    """While tests run."""
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", _run_sync)
        if find_spec("sniffio") is None:  # httpx would look through every folder, each time
            patch.setitem(sys.modules, "sniffio", None)
        _kept.append(runner)
        yield
        _kept.clear()

"""Tells the loops of one data folder that something was written, so that they need not ask.

A process that has nothing to do looks at one file's time five times a second, and at the database
only when that has changed, or after a longer rest, in which something may have fallen due by
itself. SQLite's file lies beside the database, so that all its folders hear of each other; what
other machines write to PostgreSQL is told by a number there (`afar`).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from app.platform import clock
from app.platform.stopping import Stopping

_LOOK_SECONDS = 0.2  # how stale a page may be by a loop's own doing
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Stir:
    """The file whose time says when something was last written."""

    path: Path

    def note(self) -> None:
        """Something was written that somebody may wait for."""
        with suppress(OSError):  # a folder that is gone or read-only: loops look after a rest
            if not self.path.exists():
                self.path.touch()
            # The kernel's own stamp stays the same for milliseconds, and hides a second note.
            nanoseconds = clock.machine_micros() * 1000
            os.utime(self.path, ns=(nanoseconds, nanoseconds))

    def seen(self) -> int:
        """A number that is another one after the next note; the same while there is no file."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0


class Sizes:
    """What is another value after anything was added to a file of a folder.

    A folder is listed again when files came or went, and once more at the look after that: its
    stamp stays the same for milliseconds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = self._listed = -1
        self._paths: list[str] = []

    def __call__(self) -> object:
        """Raises OSError where the folder is gone."""
        stamp = os.stat(self._folder).st_mtime_ns  # noqa: PTH116 - five times a second
        if stamp != self._listed:
            self._listed, self._stamp = self._stamp, stamp
            self._paths = os.listdir(self._folder)  # noqa: PTH208 - names are all we need
        return stamp, [_size(os.path.join(self._folder, path)) for path in self._paths]  # noqa: PTH118


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - as above
    except FileNotFoundError:  # it was read to its end, and deleted meanwhile
        return 0


class Seldom(Generic[_Found]):
    """What was found last, asked for anew after a while."""

    def __init__(
        self,
        ask: Callable[[], _Found],
        *,
        seconds: float,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ticks` counts seconds and is never set."""
        self._ask, self._seconds, self._ticks = ask, seconds, ticks
        self._next = float("-inf")
        self._found: _Found

    def __call__(self) -> _Found:
        """Whatever asking raises is raised, and asked again next time."""
        if self._ticks() >= self._next:
            self._found = self._ask()
            self._next = self._ticks() + self._seconds
        return self._found

    def forget(self) -> None:
        """Ask next time."""
        self._next = float("-inf")


class Remembered(Generic[_Found]):
    """What the database answered, asked for anew after a sign, or a rest without one."""

    def __init__(
        self,
        ask: Callable[[], _Found],
        seen: Callable[[], object],
        *,
        seconds: float,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seen` is another value after what is asked for may have changed."""
        self._answer = Seldom(ask, seconds=seconds, ticks=ticks)
        self._seen = seen
        self._before: object = None

    def __call__(self) -> _Found:
        """Whatever asking raises is raised, and asked again next time."""
        seen = self._seen()  # before it asks: what is written meanwhile is a sign for next time
        if seen != self._before:
            self._answer.forget()
            self._before = seen
        return self._answer()


class Bell:
    """Rings for all loops of a process: one thread looks, and the others sleep until it rings."""

    def __init__(self, seen: Callable[[], object], stopping: Stopping) -> None:
        """`seen` is another value when there may be something to do."""
        self._seen = seen
        self._stopping = stopping
        self._rang = threading.Condition()
        self.rings = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look from here on, while the block runs; once told to stop, it rings a last time."""
        looking = threading.Thread(target=self._look, args=(self._now(),), name="bell", daemon=True)
        looking.start()
        yield
        looking.join()

    def wait(self, rings: int, seconds: float) -> None:
        """Until it has rung more often than that, or so long."""
        with self._rang:
            self._rang.wait_for(lambda: self.rings != rings, seconds)

    def _look(self, before: object) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            now = self._now()
            if now != before:
                before = now
                self._ring()
        self._ring()

    def _now(self) -> object:
        try:
            return self._seen()
        except OSError:  # a folder that is gone: loops look after a rest
            return None

    def _ring(self) -> None:
        with self._rang:
            self.rings += 1
            self._rang.notify_all()

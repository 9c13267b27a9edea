"""Tells the loops of one data folder that something was written, so that they need not ask.

A process that has nothing to do looks at one file's time five times a second, and at the database
only when that has changed, or after a longer rest: what is written on other machines, and what
falls due by itself, is found then.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.platform.stopping import Stopping

_LOOK_SECONDS = 0.2  # how stale a page may be by a loop's own doing


@dataclass(frozen=True, slots=True)
class Stir:
    """The file of one data folder whose time says when something was last written."""

    path: Path

    def note(self) -> None:
        """Something was written that somebody may wait for."""
        with suppress(OSError):  # a folder that is gone or read-only: loops look after a rest
            try:
                os.utime(self.path)
            except FileNotFoundError:
                self.path.touch()

    def seen(self) -> int:
        """A number that is another one after the next note; the same while there is no file."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0


def sizes(folder: Path) -> int:
    """A number that is another one after anything was added to a file of a folder."""
    return sum(_size(path) for path in folder.iterdir())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it was read to its end, and deleted meanwhile
        return 0


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

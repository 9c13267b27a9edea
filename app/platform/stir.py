"""Tells the loops of one data folder that something was written, so that they need not ask.

A loop that has nothing to do looks at one file's time five times a second, and at the database
only when that has changed, or after a longer rest: what is written on other machines, and what
falls due by itself, is found then.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


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

"""Who writes to SQLite next: one at a time, in the order of places that all processes draw.

SQLite's own waiting is no queue: whoever asks again at once gets the lock again, and others are
shut out for seconds. So writers take a turn here first. A person's place is the next one; a
machine's lies a few further back, so that it lets people go first who come a little later, and no
more of them than that. Everybody has fewer places before them with every turn: nobody waits for
more turns than there were others when they came, and a machine for those few more.

A place is a locked byte of one file. The kernel ends a lock with its process: nobody who was
killed holds up the others. Only Linux has such locks of one opening of a file; elsewhere the places
order the threads of one process, and processes take the whole file as they come.
"""

import fcntl
import os
import struct
import sys
import time
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import count
from pathlib import Path
from threading import Condition

from app.platform import figures
from app.platform.errors import Unavailable

LETS_PASS = 10  # people who come after a machine and go before it
_LONGEST_WAIT = 10.0  # seconds; then something holds the database that is no queue
_LOOK_SECONDS = 0.0005  # between looks whether it is one's turn, at first …
_LONGEST_LOOK_SECONDS = 0.004  # … and later

# Bytes of the file, as locks: whoever draws a place, whoever writes, and one for every place.
_DRAWS, _WRITES, _PLACES = 0, 1, 2
_NUMBER_BYTES = 8  # what the file holds: the last number that was drawn
_HAS_PLACES = sys.platform.startswith("linux")
_own = count(1)  # places where the file has none
_FLOCK = "hhqqi4x"  # the kernel's struct: type, whence, start, length, and a process that is unused


class Rank(StrEnum):
    """Who waits."""

    PERSON = "person"  # somebody looks at a page that answers once this is written
    MACHINE = "machine"  # ingest, sending, whatever a clock starts: it writes in short turns


class TooBusy(Unavailable):
    """The turn did not come in time."""

    title = "The database is busy"


class WriteQueue:
    """The turns of everybody who writes to one database file, in whatever process."""

    def __init__(self, database: Path) -> None:
        self.folder = database.parent
        self._path = database.with_name(f"{database.name}-queue")
        self._inside = _Line()

    @contextmanager
    def turn(self, rank: Rank) -> Iterator[float]:
        """Be the only writer while the block runs; how many seconds of one's patience are left.

        Raises TooBusy.
        """
        wait = _Wait()
        with _opened(self._path) as file:
            place = _draw(file, rank)
            with self._inside.first(place, wait):
                wait.until(lambda: _begins(file, place))
            yield wait.left


class _Wait:
    """Looks again and again, for so long and no longer."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _LONGEST_WAIT

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self._deadline - time.monotonic())

    def until(self, succeeds: Callable[[], bool]) -> None:
        """Return once it does. Raises TooBusy."""
        pause = _LOOK_SECONDS
        while not succeeds():
            if not self.left:
                raise _too_busy()
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK_SECONDS)


class _Line:
    """Threads of this process that wait: only the first of them looks at the file."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._moved = Condition()

    @contextmanager
    def first(self, place: int, wait: _Wait) -> Iterator[None]:
        """Run the block once no thread of this process has a place further in front."""
        with self._moved:
            insort(self._places, place)
        try:
            with self._moved:
                if not self._moved.wait_for(lambda: self._places[0] == place, wait.left):
                    raise _too_busy()
            yield
        finally:
            with self._moved:
                self._places.remove(place)
                self._moved.notify_all()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, opened anew: its locks are of this opening, so that threads are told apart, too."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _draw(file: int, rank: Rank) -> int:
    """Take a place and hold it."""
    if not _HAS_PLACES:
        return _place_of(next(_own), rank)
    _ask(file, fcntl.F_OFD_SETLKW, fcntl.F_WRLCK, _DRAWS)  # others draw for microseconds
    number = int.from_bytes(os.pread(file, _NUMBER_BYTES, 0), "little") + 1
    os.pwrite(file, number.to_bytes(_NUMBER_BYTES, "little"), 0)
    place = _place_of(number, rank)
    _ask(file, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, place)
    _ask(file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, _DRAWS)
    return place


def _place_of(number: int, rank: Rank) -> int:
    """No two have the same: those of people are even, those of machines odd."""
    if rank is Rank.PERSON:
        return _PLACES + 2 * number
    return _PLACES + 2 * (number + LETS_PASS) + 1


def _begins(file: int, place: int) -> bool:
    """Begin to write, if nobody does and nobody has a place before this one."""
    if not _HAS_PLACES:
        return _takes_whole(file)
    if _is_held(file, _WRITES, place) or not _locks(file, _WRITES):
        return False
    if _is_held(file, _PLACES, place):  # somebody came between the two looks
        _ask(file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, _WRITES)
        return False
    return True


def _takes_whole(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_held(file: int, first: int, end: int) -> bool:
    """Whether others hold a byte from `first` to before `end`."""
    return _ask(file, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, first, end - first) != fcntl.F_UNLCK


def _locks(file: int, byte: int) -> bool:
    try:
        _ask(file, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, byte)
    except BlockingIOError:
        return False
    return True


def _ask(file: int, command: int, kind: int, first: int, length: int = 1) -> int:
    """Have the kernel lock, free or look at bytes; the kind of lock that it answers with."""
    asked = struct.pack(_FLOCK, kind, os.SEEK_SET, first, length, 0)
    answer: int = struct.unpack(_FLOCK, fcntl.fcntl(file, command, asked))[0]
    return answer


def _too_busy() -> TooBusy:
    return TooBusy(
        f"Others wrote to the database for {figures.whole(_LONGEST_WAIT)} s without a pause. Try"
        " again; if it stays so, look who holds it: another program may have the file open."
    )

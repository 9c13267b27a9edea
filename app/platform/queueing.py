"""Who writes to SQLite next: one at a time, people before machines, told by lock files.

SQLite's own waiting is no queue: whoever asks again at once gets the lock again, and others are
shut out for seconds. So writers take a turn here first. The kernel ends a lock with its process:
nobody who was killed holds up the others.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Lock

from app.platform import figures
from app.platform.errors import Unavailable

_LONGEST_WAIT = 10.0  # seconds; then something holds the database that is no queue
_LETS_PEOPLE_PASS = 0.1  # seconds that a machine lets people go first: then it goes among them
_LOOK_SECONDS = 0.0005  # between looks at a lock, at first …
_LONGEST_LOOK_SECONDS = 0.004  # … and later


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
        self._turn = _Door(database, "turn")
        self._people = _Door(database, "people")  # shared by the people who wait
        self._next = _Door(database, "next")  # the machine that is next: none is passed over
        self._inside = {rank: Lock() for rank in Rank}  # threads of this process, one by one

    @contextmanager
    def turn(self, rank: Rank) -> Iterator[None]:
        """Be the only writer while the block runs. Raises TooBusy."""
        with ExitStack() as held:
            wait = _Wait()
            with ExitStack() as waiting:
                if rank is Rank.PERSON:
                    waiting.enter_context(self._people.shared())
                _enter(held, self._inside[rank], wait)
                if rank is Rank.MACHINE:
                    waiting.enter_context(self._next.alone(wait))
                    self._let_people_pass(wait)
                held.enter_context(self._turn.alone(wait))
            yield

    def _let_people_pass(self, wait: "_Wait") -> None:
        until = time.monotonic() + _LETS_PEOPLE_PASS
        wait.until(lambda: time.monotonic() > until or not self._people.is_shared())


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


class _Door:
    """One lock file. Each who comes opens it anew, so that threads are told apart, too."""

    def __init__(self, database: Path, name: str) -> None:
        self._path = database.with_name(f"{database.name}-{name}")

    @contextmanager
    def alone(self, wait: _Wait) -> Iterator[None]:
        with self._open() as handle:
            wait.until(lambda: _locks(handle, fcntl.LOCK_EX | fcntl.LOCK_NB))
            yield

    @contextmanager
    def shared(self) -> Iterator[None]:
        with self._open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)  # `is_shared` holds it for microseconds
            yield

    def is_shared(self) -> bool:
        with self._open() as handle:
            return not _locks(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @contextmanager
    def _open(self) -> Iterator[int]:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)


def _enter(held: ExitStack, lock: Lock, wait: _Wait) -> None:
    if not lock.acquire(timeout=wait.left):
        raise _too_busy()
    held.callback(lock.release)


def _locks(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        return False
    return True


def _too_busy() -> TooBusy:
    return TooBusy(
        f"Others wrote to the database for {figures.whole(_LONGEST_WAIT)} s without a pause. Try"
        " again; if it"
        " stays so, look who holds it: another program may have the file open."
    )

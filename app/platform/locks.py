"""One holder at a time, told by the kernel: a lock ends with its process, however that ended."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.platform.errors import Conflict
from app.platform.stopping import Stopping

_LOOK_SECONDS = 0.2  # between looks at a lock that somebody else holds


class Busy(Conflict):
    """Another process does this work at the moment."""

    title = "Somebody else is doing this"


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs. Raises Busy where another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Busy(f"{path.name} is held by another process; stop that one first.") from error


@contextmanager
def wait_and_hold(path: Path, stopping: Stopping) -> Iterator[bool]:
    """Hold a lock as soon as whoever has it ends; False where we were told to stop first."""
    with ExitStack() as stack:
        while not stopping.is_set():
            try:
                stack.enter_context(hold(path))
            except Busy:
                stopping.wait(_LOOK_SECONDS)
            else:
                break
        yield not stopping.is_set()


def held(path: Path) -> bool:
    """Whether any process holds this lock at the moment."""
    try:
        with hold(path):
            return False
    except Busy:
        return True

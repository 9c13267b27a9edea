"""One holder at a time, told by the kernel: a lock ends with its process, however that ended."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.platform.errors import Conflict
from app.platform.stopping import Stopping

_LOOK_SECONDS = 0.2  # between looks at a lock that somebody else holds
_SOON_SECONDS = 2.0  # in which a process that is being followed ends
log = logging.getLogger(__name__)


class Busy(Conflict):
    """Another process does this work at the moment."""

    title = "Somebody else is doing this"


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs. Raises Busy where another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        take(handle, path)
        yield
    finally:
        os.close(handle)


def take(handle: int, path: Path) -> None:
    """Hold a file that is open, until it is closed. Raises Busy."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Busy(f"{path.name} is held by another process; stop that one first.") from error


@contextmanager
def wait_and_hold(path: Path, stopping: Stopping) -> Iterator[bool]:
    """Hold a lock as soon as whoever has it ends; False where we were told to stop first."""
    with ExitStack() as stack:
        for _ in range(round(_SOON_SECONDS / _LOOK_SECONDS)):
            if stopping.is_set() or _is_taken(stack, path):
                break
            stopping.wait(_LOOK_SECONDS)
        else:
            _wait_long(stack, path, stopping)
        yield not stopping.is_set()


def _wait_long(stack: ExitStack, path: Path, stopping: Stopping) -> None:
    """As somebody who started a second time should hear of."""
    log.warning("%s", second_in_words(path))
    with ExitStack() as waiting:
        _is_taken(waiting, _waiting(path))
        while not stopping.is_set() and not _is_taken(stack, path):
            stopping.wait(_LOOK_SECONDS)


def _is_taken(stack: ExitStack, path: Path) -> bool:
    try:
        stack.enter_context(hold(path))
    except Busy:
        return False
    return True


def second_in_words(path: Path) -> str:
    """What somebody is told who started a process of one kind twice in one folder."""
    return (
        f"A second {path.stem} waits: another process holds `{path.name}` of this data folder and"
        " does its work. Where that one is to stay, stop the second, or give it another folder."
    )


def is_waited_for(path: Path) -> bool:
    """Whether a second process waits for its holder to end, and has done so for a while."""
    return held(_waiting(path))


def _waiting(path: Path) -> Path:
    return path.with_suffix(".waits")


def held(path: Path) -> bool:
    """Whether any process holds this lock at the moment."""
    if not path.exists():
        return False
    try:
        with hold(path):
            return False
    except Busy:
        return True

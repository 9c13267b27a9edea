"""Who writes a journal: one lock a process for the whole of its life; segments turn under it.

A lock file holds its own place on the disk and the machine's boot, so that a copied folder, or a
machine that was cut off, is not taken for a process that ended where we can see all of it.
"""

import fcntl
import os
import secrets
from enum import StrEnum
from pathlib import Path

_SUFFIX = ".writer"
_BOOT = Path("/proc/sys/kernel/random/boot_id")  # Linux; a sandbox may hide it
_UNTOLD = b"?\n"  # a boot that cannot be told from any other


class Life(StrEnum):
    """What can be told of a writer, from the folder that it wrote in."""

    ALIVE = "alive"
    ENDED = "ended"  # however that was: every line that it wrote is here
    CUT_OFF = "cut off"  # with its machine: its last lines may be missing
    UNKNOWN = "unknown"  # this folder is a copy: the writer may live elsewhere


class Writer:
    """This process, as a writer of one journal."""

    def __init__(self, folder: Path) -> None:
        self.id = secrets.token_hex(16)
        path = _path(folder, self.id)
        hidden = path.with_suffix(".new")  # nobody sees a lock file that is not locked yet
        self._handle = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(self._handle, _mark(self._handle))
            hidden.rename(path)
        except OSError:  # a full disk
            os.close(self._handle)
            hidden.unlink(missing_ok=True)
            raise

    def end(self) -> None:
        """Write nothing any more: what we left may be settled."""
        os.close(self._handle)


def life_of(folder: Path, writer: str) -> Life:
    """Whether a writer lives, as far as this folder tells."""
    try:
        with _path(folder, writer).open("rb") as file:
            if is_locked(file.fileno()):
                return Life.ALIVE
            return _end_of(file.read(), _mark(file.fileno()))
    except FileNotFoundError:
        return Life.UNKNOWN


def forget(folder: Path, writer: str) -> None:
    """Delete the lock file of a writer that ended."""
    _path(folder, writer).unlink(missing_ok=True)


def is_locked(handle: int) -> bool:
    """Whether somebody holds an open file's lock for themselves."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _end_of(written: bytes, seen: bytes) -> Life:
    """Where boots cannot be told apart one may have been between: then lines may be missing."""
    if written == seen and not seen.endswith(_UNTOLD):
        return Life.ENDED
    return Life.CUT_OFF if written.split()[:1] == seen.split()[:1] else Life.UNKNOWN


def is_boot_told() -> bool:
    """Whether a process that was killed is told from one that was cut off with its machine."""
    return _boot() != _UNTOLD


def place_of(path: Path) -> str:
    """Where a file is, on which disk, and the boot of the machine that sees it there.

    The same for every process and container of that machine; a copy is elsewhere.
    """
    found = path.stat()
    return f"{found.st_dev}:{found.st_ino}:{_boot().decode().strip()}"


def _mark(handle: int) -> bytes:
    return b"%d %b" % (os.fstat(handle).st_ino, _boot())


def _boot() -> bytes:
    return _BOOT.read_bytes() if _BOOT.exists() else _UNTOLD


def _path(folder: Path, writer: str) -> Path:
    return folder / f"{writer}{_SUFFIX}"

"""A hit that could not be kept is counted: in a file that is there before the disk is full."""

import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path

_NAME = "lost"
_WIDTH = 20  # digits, so that counting never needs a further byte
log = logging.getLogger(__name__)


class Losses:
    """Counts the hits that were answered and not kept, for all processes of a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / _NAME
        self._handle = self._opened()
        self.here = 0  # of this process
        with suppress(OSError):
            self._add(0)

    def count(self, error: Exception) -> None:
        """One more. Nothing that goes wrong here may keep the reader from the answer."""
        self.here += 1
        if self.here & (self.here - 1) == 0:  # the 1st, 2nd, 4th, 8th …: a flood logs little
            log.warning("a hit was answered and not kept (%d so far): %s", self.here, error)
        with suppress(OSError):
            self._add(1)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._handle)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)

    def _add(self, number: int) -> None:
        if not os.fstat(self._handle).st_nlink:  # deleted under us: nobody would see what we count
            gone, self._handle = self._handle, self._opened()
            os.close(gone)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            before = int(os.pread(self._handle, _WIDTH, 0) or b"0")
            os.pwrite(self._handle, b"%0*d" % (_WIDTH, before + number), 0)
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)


def lost_in(folder: Path) -> int:
    """How many hits of this data folder were answered and not kept, ever."""
    try:
        return int((folder / _NAME).read_bytes() or b"0")
    except FileNotFoundError:
        return 0

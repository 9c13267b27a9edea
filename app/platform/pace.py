"""How much to write in one transaction, so that whoever waits for it does not wait long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

_AIM_SECONDS = 0.03  # of a transaction: with what a commit may take on top, it stays below 0.05
_GROWTH = 1.5  # at most from one to the next: a single quick one proves little


class Pace:
    """A size that follows what the last transactions took, on this machine, at this hour."""

    def __init__(self, *, least: int, first: int, most: int) -> None:
        self._least, self._most = least, most
        self.size = first

    @contextmanager
    def measured(self, rows: int) -> Iterator[None]:
        """Learn from the block, which writes so many rows while it holds the database."""
        began = time.monotonic()
        yield
        self._learn(rows, time.monotonic() - began)

    def _learn(self, rows: int, seconds: float) -> None:
        fits = rows * _AIM_SECONDS / max(seconds, 1e-6)
        if seconds < _AIM_SECONDS and rows < self.size:
            return  # a small one says nothing about the size
        self.size = int(max(self._least, min(fits, self.size * _GROWTH, self._most)))

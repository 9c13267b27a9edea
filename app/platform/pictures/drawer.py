"""Pixels for readers, drawn beside the process that answers clicks, a few at a time.

Drawing holds the interpreter for a tenth of a second, in which no click would be answered: children
do it, behind everything else. What was drawn last is kept by what it shows, so that a flood of
readers slows no click and no page.
"""

import atexit
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from app.platform import bounded
from app.platform.errors import Unavailable
from app.platform.pictures import raster

_CHILDREN = 2  # that draw, of one process
_WAITING = 8  # threads that wait for them: all others are told to come again
_PATIENCE_SECONDS = 2.0
_KEPT_BYTES = 16 << 20  # some seven hundred pictures


def tag_of(svg: str) -> str:
    """What tells a drawing from every other: the same for those that look the same."""
    return sha256(svg.encode()).hexdigest()


class Drawer:
    """Draws pixels, and keeps those that were drawn last. Any thread may ask."""

    def __init__(self, *, children: int = _CHILDREN, kept_bytes: int = _KEPT_BYTES) -> None:
        self._pool = bounded.Pool(children)
        self._room = threading.BoundedSemaphore(_WAITING)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._left = kept_bytes

    def png(self, svg: str) -> bytes:
        """Its picture, twice as sharp.

        Raises:
            Conflict: the machine has no letters.
            Unavailable: too many ask at once.
            OverLimit: it is larger than any of ours.
        """
        tag = tag_of(svg)
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
                return self._kept[tag]
        with self._turn():
            made = self._pool.ask(raster.png, svg)
        self._keep(tag, made)
        return made

    def close(self) -> None:
        """End the children."""
        self._pool.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("Too many pictures are asked for at once. Try again in a moment.")
        try:
            yield
        finally:
            self._room.release()

    def _keep(self, tag: str, made: bytes) -> None:
        with self._lock:
            if tag in self._kept:
                return
            self._kept[tag] = made
            self._left -= len(made)
            while self._left < 0:
                _, gone = self._kept.popitem(last=False)
                self._left += len(gone)


_DRAWER = Drawer()
png = _DRAWER.png
atexit.register(_DRAWER.close)

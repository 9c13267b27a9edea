"""A copy of this process that sleeps until it is called, works beside it, and ends with it.

It is made before anything is open that a copy must not share: journals, locks, connections. It
loads nothing and shares what was loaded. The line between the two is all that they say to each
other; the kernel closes it when either ends, however that was.
"""

import logging
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn

log = logging.getLogger(__name__)

_CALL, _DONE = b"!", b"."
_THREAD_SECONDS = 5.0  # a timer of a hundredth of a second, on a machine that is very busy
_HAS_COPIES = sys.platform.startswith("linux")  # elsewhere libraries do not survive a fork


class Line:
    """The copy's end: calls come in, and each is answered when it has done what it could."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def calls(self) -> Iterator[None]:
        """Wait for one call after the other, until whoever calls has ended."""
        with suppress(ConnectionError):
            while self._end.recv(1):
                yield
                self._end.send(_DONE)

    def is_closed(self) -> bool:
        """Whether whoever called has ended: it says nothing more while we work."""
        look = select.poll()
        look.register(self._end, select.POLLIN)
        return bool(look.poll(0))


class Beside:
    """The copy, as its original knows it."""

    def __init__(self, process: int, end: socket.socket) -> None:
        self._process = process
        self._end: socket.socket | None = end
        self._works = False
        end.setblocking(False)

    def call(self) -> bool:
        """Have it work, unless it does; whether it was called."""
        if self._end is None or (self._works and not self._has_done(self._end)):
            return False
        try:
            self._works = self._end.send(_CALL) > 0
        except OSError:
            self._lost()
            return False
        return True

    def end(self) -> None:
        """Let it finish what it is at, and wait for that."""
        if self._end is not None:
            self._end.close()
            self._end = None
            os.waitpid(self._process, 0)

    def _has_done(self, end: socket.socket) -> bool:
        try:
            return end.recv(1) == _DONE or self._lost()
        except BlockingIOError:
            return False
        except OSError:
            return self._lost()

    def _lost(self) -> bool:
        log.warning("the process beside this one has ended; this one works alone")
        self.end()
        return False


def begun(live: Callable[[Line], None]) -> Beside | None:
    """Make a copy that does so with its line; None where there is one core, or no copies.

    Raises RuntimeError in a process that has threads: what one of them holds at that moment would
    be held in the copy for ever, and a port that one listens on be taken until the copy ends. One
    that is about to end is waited for: a library begins such a one as it is loaded.
    """
    if not _HAS_COPIES or (os.cpu_count() or 1) == 1:
        return None
    _wait_for_threads()
    ours, its = socket.socketpair()
    process = os.fork()
    if process == 0:
        ours.close()
        _live(live, Line(its))
    its.close()
    return Beside(process, ours)


def _wait_for_threads() -> None:
    for one in threading.enumerate():
        if one is threading.main_thread():
            continue
        one.join(_THREAD_SECONDS)
        if one.is_alive():
            raise RuntimeError(f"A copy is made before any thread; there is {one.name}.")


def _live(live: Callable[[Line], None], line: Line) -> NoReturn:
    """Signals are the original's: it ends us by its line, once it has ended its own work."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    try:
        live(line)
    except BaseException:  # noqa: BLE001 - nothing may return into the original's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

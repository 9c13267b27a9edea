"""Work on what a user wrote, in a child process with limits of time and memory.

A text may cost anything to read or to fill in: a loop without end, a filter that grows tenfold.
A child works on one thing at a time; what goes past a limit is ended, and another child takes its
place. Children start when they are needed, end when nobody asked for a while, and end with us:
their only tie is a socket, and whatever they are at has its limit kept by the kernel.

What may be asked is a function of a module, with arguments and an answer that can be pickled; it
sees no database, no settings and no keys.
"""

import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from multiprocessing.connection import Connection
from typing import TypeVar

from app.platform import figures
from app.platform.allowance import EXTRA_BYTES, ONE_SECONDS
from app.platform.clock import SHIFT
from app.platform.errors import AppError, Invalid, Unavailable
from app.platform.giving_way import give_way

_T = TypeVar("_T")
_CHILDREN = min(8, 2 * (os.cpu_count() or 1))  # what is short comes through beside what is long
_ASKERS = 24  # who work and wait, of the 40 threads of a web process: others are told to come later
_NICE = 10  # behind ours: a click or a page gets nine parts of a processor where a child gets one
_ORDERS = 64  # locks by which the same thing is worked on once at a time
_IDLE_SECONDS = 60  # after which a child ends that nobody asks; the next one to ask gets another
_PATIENCE_SECONDS = 60  # for a free child; ours
_LONGEST_SECONDS = 60  # by the wall, for a child that gets no processor
_GRACE_SECONDS = 5  # from a child's last word to its end
_REMEMBERED_SECONDS = 60  # that something went past its limit: nobody waits for it again so soon
_REMEMBERED = 256
_TRIES = 2  # a child that was ended from outside is no fault of what it worked on
_COMMAND = (sys.executable, "-m", "app.platform.bounded_child")
_SETTINGS = "THINSLICE_"
log = logging.getLogger(__name__)


class OverLimit(Invalid):
    """It would keep everybody else waiting."""

    title = "This takes too much"


class TooSlow(OverLimit):
    """It does not come to an end in its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"It takes longer than {figures.exact(seconds)} seconds, so it was stopped."
        )


class TooMuchMemory(OverLimit):
    """It grows and grows."""

    def __init__(self) -> None:
        super().__init__(f"It needs more than {EXTRA_BYTES >> 20} MB of memory, so it was stopped.")


class Unworkable(OverLimit):
    """It fails in a way that nobody foresaw."""

    def __init__(self, what: str) -> None:
        super().__init__(f"It cannot be worked out ({what}). Make it simpler.")


class _EndedError(Exception):
    """The child is gone; how it ended, as a process tells it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Child:
    """One process that works for us."""

    def __init__(self, *, idle_seconds: float, one_seconds: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*_COMMAND, str(theirs.fileno()), str(idle_seconds), str(one_seconds)],
                env=_environment(),
                pass_fds=(theirs.fileno(),),  # nothing else: no journal, no lock, no database
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for us; the child ends after what it is at
            )
        # It is of our session: Linux may share the processor out among sessions first, and how nice
        # a process is counts within its own.
        give_way(_NICE, pid=self.process.pid)
        self._connection = Connection(ours.detach())

    def ask(self, request: object) -> tuple[str, object]:
        """How it went, and what came of it. Raises _EndedError where it ends instead."""
        try:
            self._connection.send(request)
            if not self._connection.poll(_LONGEST_SECONDS):
                raise Unavailable("This machine is too busy for the moment. Try again in a minute.")
            how, answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _EndedError(self._code()) from error
        return str(how), answer

    def _code(self) -> int:
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(_GRACE_SECONDS)
        self.process.kill()
        return self.process.wait()

    def is_there(self) -> bool:
        """Nobody ended it while it waited."""
        return self.process.poll() is None

    def end(self) -> None:
        """End it, whatever it is at."""
        self._connection.close()
        self.process.kill()
        self.process.wait()


class Pool:
    """Children of one process. Any thread may ask."""

    def __init__(
        self,
        children: int = _CHILDREN,
        *,
        idle_seconds: float = _IDLE_SECONDS,
        one_seconds: float = ONE_SECONDS,
    ) -> None:
        self._idle_seconds = idle_seconds
        self._one_seconds = one_seconds
        self._askers = threading.BoundedSemaphore(_ASKERS)
        self._room = threading.BoundedSemaphore(children)
        self._orders = [threading.BoundedSemaphore(1) for _ in range(_ORDERS)]
        self._idle: list[_Child] = []
        self._over: OrderedDict[Hashable, tuple[float, OverLimit]] = OrderedDict()

    def ask(
        self, work: Callable[..., _T], *args: object, pieces: int = 1, about: Hashable = None
    ) -> _T:
        """What `work` answers, within its limits; `pieces` is for how many it works at once.

        Raises OverLimit where it goes past them, and at once where it lately did: `about` says
        what it is that does. Raises what `work` raises, as far as it is an AppError.
        """
        order = nullcontext() if about is None else _held(self._orders[hash(about) % _ORDERS])
        with _held(self._askers, patience_seconds=0), order, _held(self._room):
            self._refuse_known(about)
            try:
                answer = self._answer((work, args, pieces))
            except OverLimit as error:
                self._remember(about, error)
                raise
        return answer  # type: ignore[return-value]  # it is what `work` returned, over there

    def close(self) -> None:
        """End the children that wait."""
        while self._idle:
            self._idle.pop().end()

    def _answer(self, request: tuple[Callable[..., object], object, int]) -> object:
        for _ in range(_TRIES):
            child = self._child()
            try:
                kind, answer = child.ask(request)
            except _EndedError as error:
                child.end()
                if error.code == -signal.SIGPROF:
                    raise TooSlow(self._one_seconds) from error
            except BaseException:
                child.end()
                raise
            else:
                return self._read(child, kind, answer)
        log.warning("%s ends every child that is asked for it", request[0].__qualname__)
        raise Unworkable("the process that worked on it ended")

    def _read(self, child: _Child, kind: str, answer: object) -> object:
        if kind in {"slow", "memory"}:
            child.end()
            raise TooSlow(self._one_seconds) if kind == "slow" else TooMuchMemory
        self._idle.append(child)
        if kind == "refused":
            assert isinstance(answer, AppError)
            raise answer
        if kind == "failed":
            log.warning("what a user wrote could not be worked out: %s", answer)
            raise Unworkable(str(answer).partition(" ")[0])
        return answer

    def _child(self) -> _Child:
        while True:
            try:
                child = self._idle.pop()
            except IndexError:
                return _Child(idle_seconds=self._idle_seconds, one_seconds=self._one_seconds)
            if child.is_there():
                return child
            child.end()

    def _refuse_known(self, about: Hashable) -> None:
        until, error = self._over.get(about, (0.0, None))
        if error is not None and time.monotonic() < until:
            raise copy(error)  # each with a traceback of its own

    def _remember(self, about: Hashable, error: OverLimit) -> None:
        if about is None:
            return
        self._over[about] = (time.monotonic() + _REMEMBERED_SECONDS, copy(error))
        with suppress(KeyError):  # another thread took it away
            while len(self._over) > _REMEMBERED:
                self._over.popitem(last=False)


@contextmanager
def _held(
    lock: threading.Semaphore, *, patience_seconds: float = _PATIENCE_SECONDS
) -> Iterator[None]:
    if not lock.acquire(timeout=patience_seconds):
        raise Unavailable("Too many texts are being worked out. Try again in a moment.")
    try:
        yield
    finally:
        lock.release()


def _environment() -> dict[str, str]:
    """Ours, without what settings bring: a child needs no secret, but the same day."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    day = {name: os.environ[name] for name in (SHIFT,) if name in os.environ}
    return kept | day | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


_POOL = Pool()
ask = _POOL.ask
atexit.register(_POOL.close)

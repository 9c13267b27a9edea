"""What one piece of work may take in this process, kept by the kernel: processor time, memory.

Past its time the work is interrupted; where it holds the interpreter so that nothing can interrupt
it, the process ends a second later, whether or not anybody watches it.
"""

import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

EXTRA_BYTES = 256 << 20  # ours: for one piece of work, above what the process held when it began
ONE_SECONDS = 2.0  # the promise of the product for one mail; most take a thousandth of it
EACH_SECONDS = 0.05  # ours, on average of many: whoever waits for fifty waits five seconds at most
_GRACE_SECONDS = 1.0  # from the interruption to the end of the process


class TimeIsUp(BaseException):
    """No Exception, so that nothing between here and there takes it for its own."""


class _Budget:
    """When all that was asked for at once must be done, by the processor's clock."""

    ends: float | None = None
    one_seconds = ONE_SECONDS


def begin(pieces: int, *, one_seconds: float) -> None:
    """Begin with work of so many pieces, each with its own time, all with theirs."""
    signal.signal(signal.SIGVTALRM, _interrupt)
    _Budget.one_seconds = one_seconds
    _Budget.ends = time.process_time() + one_seconds + EACH_SECONDS * (pieces - 1)
    _set(one_seconds)


def next_piece() -> None:
    """The next piece has a time of its own. Nothing where nobody began: no limit was asked for."""
    if _Budget.ends is None:
        return
    left = min(_Budget.one_seconds, _Budget.ends - time.process_time())
    if left <= 0:
        raise TimeIsUp
    _set(left)


def end() -> None:
    """The work is done."""
    _Budget.ends = None
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.setitimer(signal.ITIMER_PROF, 0)


def cap_memory() -> None:
    """From here on this process may grow by so much; past it there is a MemoryError."""
    with suppress(OSError, ValueError):  # a system that counts otherwise, or allows less already
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = _held() + EXTRA_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _set(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds + _GRACE_SECONDS)  # its signal ends the process
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _held() -> int:
    """Bytes of address space, as Linux tells them."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _interrupt(*_: object) -> None:
    raise TimeIsUp

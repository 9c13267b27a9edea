"""The other side of `bounded`: a process that does what it is asked, one thing after another."""

import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from app.platform import allowance
from app.platform.errors import AppError


def main() -> None:
    """Work until nobody is there, or nobody asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection, idle_seconds = Connection(int(sys.argv[1])), float(sys.argv[2])
    one_seconds = float(sys.argv[3])
    is_capped = False
    while connection.poll(idle_seconds):
        try:
            work, args, pieces = connection.recv()  # imports what it needs, without a limit
        except EOFError:
            return
        if not is_capped:
            allowance.cap_memory()
            is_capped = True
        try:
            connection.send(_answer(work, args, pieces, one_seconds))
        except OSError:
            return  # whoever asked is gone


def _answer(
    work: Callable[..., Any], args: tuple[Any, ...], pieces: int, one_seconds: float
) -> tuple[str, Any]:
    try:
        allowance.begin(pieces, one_seconds=one_seconds)
        try:
            return "done", work(*args)
        finally:
            allowance.end()
    except allowance.TimeIsUp:
        return "slow", None
    except MemoryError:
        return "memory", None
    except AppError as error:
        return "refused", error
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told to whoever wrote this
        places = traceback.extract_tb(error.__traceback__)[-3:]
        told = " < ".join(f"{place.name}:{place.lineno}" for place in reversed(places))
        return "failed", f"{type(error).__name__} in {told}"


if __name__ == "__main__":
    main()

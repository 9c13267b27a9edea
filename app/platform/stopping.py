"""Told to stop, by a signal: whoever waits is woken, in whatever thread.

A handler runs in the middle of whatever the main thread is at. Where that is an Event's own lock,
a handler that sets the Event waits for itself for ever: so nothing here takes a lock.
"""

import os
import select
import signal
from contextlib import suppress


class Stopping:
    """Whether this process was told to stop. Once it was, it stays so."""

    def __init__(self) -> None:
        self._is_set = False
        self._told, self._tell = os.pipe()
        os.set_blocking(self._tell, False)

    def __del__(self) -> None:
        for end in (self._told, self._tell):
            os.close(end)

    def on_signals(self) -> None:
        """SIGTERM and SIGINT set it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.set())

    def set(self) -> None:
        """Stop. Any thread may say so, and a signal's handler."""
        self._is_set = True
        with suppress(BlockingIOError):  # it was said often enough to fill the pipe
            os.write(self._tell, b"!")

    def is_set(self) -> bool:
        """Whether somebody said so."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait that long at the most; whether somebody said so."""
        if not self._is_set:
            look = select.poll()
            look.register(self._told, select.POLLIN)  # nobody reads it: it wakes everybody
            look.poll(seconds * 1000)
        return self._is_set

"""A limit of a server, learnt from a refusal, and tried again: what it was short of comes back."""

import time
from collections.abc import Callable

_AGAIN_SECONDS = 300.0  # from a refusal to a try at twice as many, and so on


class Learnt:
    """How many of something a server takes: `most`, or what it took when it refused more."""

    def __init__(self, most: int, *, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks` counts seconds and is never set."""
        self._most = most
        self._ticks = ticks
        self._took = most
        self._fell = 0.0

    @property
    def now(self) -> int:
        """How many may be tried: twice as many after each good while."""
        if self._took == self._most:
            return self._most
        doublings = int((self._ticks() - self._fell) / _AGAIN_SECONDS)
        return min(self._most, self._took << min(doublings, self._most.bit_length()))

    def fall(self, took: int) -> None:
        """It refused one more than that; 1 at least will be tried."""
        self._took = max(1, min(self.now, took))
        self._fell = self._ticks()

"""How many mails a minute a server takes, learnt from what it says.

It falls at once to what the server has taken lately, and rises again slowly for as long as the
server takes everything (additive increase, multiplicative decrease). A server that never said that
it is too much is sent to as fast as it answers.
"""

from collections import deque
from collections.abc import Iterable
from math import ceil, floor

from app.delivery.replies import LATELY, Meaning

UNLIMITED = 50  # mails in one batch of a server without a known limit: all that is reserved
_MINUTE = 60.0
_FALL = 0.8  # of the pace, where what was taken lately does not say less
_RISE = 0.1  # of the pace, and at least one mail a minute more, after each good minute
_FAST = 3_000.0  # mails a minute; past it there is no limit worth keeping
_SLOWEST = 1.0
_LONGEST_REST = 300.0  # seconds, of a server that takes nothing at all
_FROM = 10  # fewer replies tell nothing
_HEARD = frozenset(Meaning) - {Meaning.NOT_ATTEMPTED, Meaning.LATER_ALL, Meaning.LIMIT}


class Pace:
    """One server's pace. `ticks` counts seconds and is never set."""

    def __init__(self, per_minute: float | None = None) -> None:
        self.per_minute = per_minute
        self._heard: deque[float] = deque()  # mails that the server dealt with in the last minute
        self._accepted: deque[float] = deque()
        self._put_off: deque[bool] = deque(maxlen=LATELY)
        self._changed = 0.0
        self._rests_until = 0.0
        self._in_vain = 0  # limits in a row with nothing taken between them

    def room(self, *, ticks: float) -> int:
        """How many mails may be tried now."""
        if ticks < self._rests_until:
            return 0
        if self.per_minute is None:
            return UNLIMITED
        self._forget(ticks)
        seconds = max(1.0, _MINUTE / self.per_minute)
        burst = ceil(self.per_minute * seconds / _MINUTE)
        lately = sum(ticks - at < seconds for at in self._heard)
        in_minute = floor(max(_SLOWEST, self.per_minute)) - len(self._heard)
        return max(0, min(in_minute, burst - lately, UNLIMITED))

    def hear(self, meanings: Iterable[Meaning], *, ticks: float) -> bool:
        """Learn from the replies of one batch; whether the pace is another one now."""
        meanings = list(meanings)
        self._heard += [ticks] * sum(meaning in _HEARD for meaning in meanings)
        accepted = sum(meaning is Meaning.ACCEPTED for meaning in meanings)
        self._accepted += [ticks] * accepted
        self._put_off += [meaning is Meaning.LATER for meaning in meanings if meaning in _HEARD]
        self._forget(ticks)
        self._in_vain = 0 if accepted else self._in_vain
        if Meaning.LIMIT in meanings or self._puts_most_off():
            self._fall(ticks)
            return True
        return self._rise(ticks)

    def _puts_most_off(self) -> bool:
        """It took some a moment ago, and puts most of them off now: it names no limit, and has one.

        A server that puts everybody off at first (greylisting) took nobody before.
        """
        are_most = sum(self._put_off) * 2 > len(self._put_off) >= _FROM
        return are_most and bool(self._accepted)

    def _fall(self, ticks: float) -> None:
        took = float(len(self._accepted))
        before = self.per_minute
        if before is None:
            self.per_minute = max(_SLOWEST, took)
        else:
            self.per_minute = max(_SLOWEST, min(before * _FALL, took or before / 2))
        rest = _MINUTE / self.per_minute * 2**self._in_vain
        self._in_vain = min(self._in_vain + 1, 8)
        self._rests_until = ticks + min(rest, _LONGEST_REST)
        self._changed = ticks
        self._put_off.clear()

    def _rise(self, ticks: float) -> bool:
        if self.per_minute is None or ticks - self._changed < _MINUTE:
            return False
        if len(self._accepted) * 2 < self.per_minute:
            return False  # too few were sent to know
        self._changed = ticks
        faster = self.per_minute + max(1.0, self.per_minute * _RISE)
        self.per_minute = None if faster > _FAST else faster
        return True

    def _forget(self, ticks: float) -> None:
        for moments in (self._heard, self._accepted):
            while moments and ticks - moments[0] >= _MINUTE:
                moments.popleft()

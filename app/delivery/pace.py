"""How many mails a minute a server takes, learnt from what it says.

It falls at once to what the server has taken lately, and rises again slowly for as long as the
server takes most of what it is given (additive increase, multiplicative decrease). A server that
never said that it is too much is sent to as fast as it answers.

A limit that nobody named is a guess, so it is on trial: where a server puts off as many of those
who come slowly, each for a reason of their own, slowness helps nobody and is taken back.
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
_UNTRIED = 3_600.0  # seconds without another guess, after one that helped nothing
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
        self._on_trial = False  # a pace that was guessed, and has not shown that it helps
        self._before = per_minute  # the pace before it
        self._guesses_from = 0.0

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
        if Meaning.LIMIT in meanings:
            self._on_trial = False
            self._fall(ticks)
            return True
        if self._on_trial:
            return self._judge(ticks)
        if ticks >= self._guesses_from and self._stopped_taking():
            self._on_trial, self._before = True, self.per_minute
            self._fall(ticks)
            return False  # not worth keeping yet
        return self._rise(ticks)

    def _judge(self, ticks: float) -> bool:
        """Whether a guessed pace helps: most are taken by it, or it is taken back.

        While nobody at all is taken nothing is known, and faster would help nobody.
        """
        puts_most_off = sum(self._put_off) * 2 > len(self._put_off)
        if len(self._put_off) < (LATELY if puts_most_off else _FROM):
            return False
        if all(self._put_off):
            self._put_off.clear()
            return False
        self._on_trial = False
        if puts_most_off:
            self.per_minute = self._before
            self._guesses_from = ticks + _UNTRIED
        return not puts_most_off

    def _stopped_taking(self) -> bool:
        """It took some a moment ago, and nobody since: it names no limit, and seems to have one.

        A server that puts everybody off at first (greylisting) took nobody before, and one that
        puts off many, for reasons of their own, takes others between them.
        """
        return len(self._put_off) == LATELY and all(self._put_off) and bool(self._accepted)

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
        if len(self._accepted) * 5 < len(self._heard) * 4:
            return False  # more than a fifth is put off already
        self._changed = ticks
        faster = self.per_minute + max(1.0, self.per_minute * _RISE)
        self.per_minute = None if faster > _FAST else faster
        return True

    def _forget(self, ticks: float) -> None:
        for moments in (self._heard, self._accepted):
            while moments and ticks - moments[0] >= _MINUTE:
                moments.popleft()

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

_MINUTE = 60.0
_FALL = 0.8  # of the pace, where what was taken lately does not say less
_RISE = 0.1  # of the pace, and at least one mail a minute more, after each good minute
_FAST = 3_000.0  # mails a minute; past it there is no limit worth keeping
_SLOWEST = 1.0
_LONGEST_REST = 300.0  # seconds, of a server that takes nothing at all
_FROM = 10  # fewer replies tell nothing
_UNTRIED = 3_600.0  # seconds without another guess, after one that helped nothing
_HEARD = frozenset(Meaning) - {Meaning.NOT_ATTEMPTED, Meaning.LATER_ALL, Meaning.LIMIT}


FEWEST, MOST = 50, 400  # reserved sends at a time; decision 4
_SHORT_SECONDS, _LONG_SECONDS = 0.5, 1.0  # of a batch; whom it holds is looked at as often


class Size:
    """How many sends to reserve at a time: as many as leave in a moment, and few where they do not.

    Who is uncertain after a crash is told by the journal. Only of a machine that is lost with its
    disk nobody knows whom it had attempted: then it is everybody whom it held.
    """

    def __init__(self) -> None:
        self.now = FEWEST

    def learn(self, accepted: int, *, seconds: float) -> None:
        """So many of a batch were taken, in so long."""
        if seconds > _LONG_SECONDS:
            self.now = max(FEWEST, self.now // 2)
        elif seconds < _SHORT_SECONDS and accepted >= self.now:
            self.now = min(MOST, self.now * 2)


class _Lately:
    """How many of something there were in the last minute; those of a moment are one number."""

    def __init__(self) -> None:
        self._moments: deque[tuple[float, int]] = deque()
        self.number = 0

    def add(self, number: int, *, ticks: float) -> None:
        """So many more."""
        if number:
            self._moments.append((ticks, number))
            self.number += number

    def within(self, seconds: float, *, ticks: float) -> int:
        """How many in the last so many seconds."""
        return sum(number for at, number in self._moments if ticks - at < seconds)

    def forget(self, ticks: float) -> None:
        """Those that are a minute old."""
        while self._moments and ticks - self._moments[0][0] >= _MINUTE:
            self.number -= self._moments.popleft()[1]


class Pace:
    """One server's pace. `ticks` counts seconds and is never set."""

    def __init__(self, per_minute: float | None = None) -> None:
        self.per_minute = per_minute
        self._heard = _Lately()  # mails that the server dealt with
        self._accepted = _Lately()
        self._put_off: deque[bool] = deque(maxlen=LATELY)
        self._size = Size()
        self._changed = 0.0
        self._rests_until = 0.0
        self._in_vain = 0  # limits in a row with nothing taken between them
        self._on_trial = False  # a pace that was guessed, and has not shown that it helps
        self._before = per_minute  # the pace before it
        self._guesses_from = 0.0

    @property
    def size(self) -> int:
        """How many at a time, while nothing limits how many a minute."""
        return self._size.now

    @property
    def is_quick(self) -> bool:
        """Whole batches are taken in a moment."""
        return self._size.now > FEWEST

    def room(self, *, ticks: float) -> int:
        """How many mails may be tried now."""
        if ticks < self._rests_until:
            return 0
        if self.per_minute is None:
            return self._size.now
        self._forget(ticks)
        seconds = max(1.0, _MINUTE / self.per_minute)
        burst = ceil(self.per_minute * seconds / _MINUTE)
        lately = self._heard.within(seconds, ticks=ticks)
        in_minute = floor(max(_SLOWEST, self.per_minute)) - self._heard.number
        return max(0, min(in_minute, burst - lately, self._size.now))

    def hear(self, meanings: Iterable[Meaning], *, ticks: float, seconds: float = 0.0) -> bool:
        """Learn from the replies of a batch that took so long; whether the pace is another now."""
        meanings = list(meanings)
        self._heard.add(sum(meaning in _HEARD for meaning in meanings), ticks=ticks)
        accepted = sum(meaning is Meaning.ACCEPTED for meaning in meanings)
        self._accepted.add(accepted, ticks=ticks)
        self._size.learn(accepted, seconds=seconds)
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
        return len(self._put_off) == LATELY and all(self._put_off) and self._accepted.number > 0

    def _fall(self, ticks: float) -> None:
        took = float(self._accepted.number)
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
        if self._accepted.number * 2 < self.per_minute:
            return False  # too few were sent to know
        if self._accepted.number * 5 < self._heard.number * 4:
            return False  # more than a fifth is put off already
        self._changed = ticks
        faster = self.per_minute + max(1.0, self.per_minute * _RISE)
        self.per_minute = None if faster > _FAST else faster
        return True

    def _forget(self, ticks: float) -> None:
        self._heard.forget(ticks)
        self._accepted.forget(ticks)

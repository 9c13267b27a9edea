"""Every process goes by the clock of the database, which all machines share.

What one machine writes another compares with moments of its own: releases with hits, leases with
now, the last word of a folder with a minute ago. So none of them is by a machine's own clock. A
process asks the database at its first transaction, now and then, and whenever its own clock was
set; while the database is away it goes by what it found last. Who decides something by the time
asks `Database.now`, which gives no moment before the database was asked.
"""

import time
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from app.platform import clock, figures

MOST = timedelta(seconds=5)  # a machine further off is told: without a database it goes by its own
_AGAIN_SECONDS = 10.0  # the database's clock is noticed to be set that soon
_SET_MICROS = 1_000_000  # further from its ticks than that, this machine's clock was set
_THEIRS = text("""
    -- One row: microseconds since 1970, now and not when the transaction began.
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
""")


class Agreement:
    """What a process knows of the clock of one database."""

    def __init__(self) -> None:
        self._next = float("-inf")
        self._base = 0  # the machine's moment at which its ticks began

    def is_due(self) -> bool:
        """Whether what was found last may be wrong by now."""
        return time.monotonic() >= self._next or abs(_base() - self._base) > _SET_MICROS

    def keep(self, session: Session) -> None:
        """Ask, if it is time, in a transaction that has just begun."""
        if self.is_due():
            clock.agree(*_measured(session))
            self._next, self._base = time.monotonic() + _AGAIN_SECONDS, _base()


def far_in_words() -> str | None:
    """What to do where this machine's clock is too far off; None where it is not."""
    if (off := abs(clock.ahead())) <= MOST:
        return None
    seconds = figures.plural(round(off.total_seconds()), "second")
    return f"This machine and the database are {seconds} apart: set both by NTP."


def _base() -> int:
    return clock.machine_micros() - time.monotonic_ns() // 1000


def _measured(session: Session) -> tuple[timedelta, timedelta]:
    """How far its clock is before this machine's, at least and at most: asking takes time, too."""
    before = clock.machine_micros()
    theirs = session.execute(_THEIRS).scalar_one()
    after = clock.machine_micros()
    return timedelta(microseconds=theirs - after), timedelta(microseconds=theirs - before)

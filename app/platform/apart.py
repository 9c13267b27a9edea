"""Every process goes by the clock of the database, which all machines share.

What one machine writes another compares with moments of its own: releases with hits, leases with
now, the last word of a folder with a minute ago. So none of them is by a machine's own clock. A
process asks the database at its first transaction and then now and then; while the database is
away it goes by what it found last.
"""

import time
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from app.platform import clock

MOST = timedelta(seconds=5)  # a machine further off is told: without a database it goes by its own
_AGAIN_SECONDS = 10.0  # a clock that somebody sets is noticed that soon
_THEIRS = text("""
    -- One row: microseconds since 1970, now and not when the transaction began.
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
""")


class Agreement:
    """What a process knows of the clock of one database."""

    def __init__(self) -> None:
        self._next = float("-inf")

    def keep(self, session: Session) -> None:
        """Ask, if it is time, in a transaction that has just begun."""
        ticks = time.monotonic()
        if ticks >= self._next:
            self._next = ticks + _AGAIN_SECONDS
            clock.agree(*_measured(session))


def _measured(session: Session) -> tuple[timedelta, timedelta]:
    """How far its clock is before this machine's, at least and at most: asking takes time, too."""
    before = clock.machine_micros()
    theirs = session.execute(_THEIRS).scalar_one()
    after = clock.machine_micros()
    return timedelta(microseconds=theirs - after), timedelta(microseconds=theirs - before)

"""How far this machine's clock is from the database's, which all machines share.

What machines tell each other, like when one was last heard of, is kept by the database's clock:
two machines an hour apart then still agree on what a minute ago was.
"""

import time
from datetime import timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlmodel import Session

from app.platform import clock

LEAST = timedelta(seconds=1)  # nearer ones are alike: asking takes time, too
MOST = timedelta(seconds=5)  # verdicts compare moments of several machines to the second
_GOOD_FOR = 60.0  # seconds; clocks are set seldom

_found: WeakKeyDictionary[Engine, tuple[float, timedelta]] = WeakKeyDictionary()


def of(session: Session) -> timedelta:
    """What to add to this machine's time to have the database's; zero where they are alike."""
    engine = session.get_bind().engine
    ticks, kept = time.monotonic(), _found.get(engine)
    if kept is None or ticks - kept[0] > _GOOD_FOR:
        kept = _found[engine] = (ticks, measured(session))
    return kept[1] if abs(kept[1]) >= LEAST else timedelta(0)


def measured(session: Session) -> timedelta:
    """The same, asked now and told to the last microsecond. SQLite is on this machine."""
    if session.get_bind().dialect.name == "sqlite":
        return timedelta(0)
    before = clock.micros()
    theirs = float(
        session.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    )
    between = (before + clock.micros()) / 2
    return timedelta(microseconds=theirs * 1_000_000 - between)

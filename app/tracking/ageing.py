"""What is old is let go: browsers shrink to a family, raw hits go, aggregates stay.

Every round is short and goes on where the last one ended, whichever process does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.platform.db import Database
from app.tracking import ageing_rows
from app.tracking.user_agents import family

BROWSERS_KEPT = timedelta(days=30)  # then their family is left of them
_AT_A_TIME = 500  # hits a transaction


@dataclass(frozen=True, slots=True)
class Age:
    """When hits lose what."""

    browsers_before: datetime
    hits_before: datetime

    @classmethod
    def at(cls, now: datetime, *, months: int) -> "Age":
        """Where raw events are kept for so many months."""
        return cls(now - BROWSERS_KEPT, now - kept_for(months))


def kept_for(months: int) -> timedelta:
    """Months of average length."""
    return timedelta(days=round(months * 365.2425 / 12))


def let_go(database: Database, *, months: int, now: datetime) -> int:
    """One short round; how many hits. 0: nothing is old any more."""
    age = Age.at(now, months=months)
    gone = _drop_hits(database, age.hits_before)
    return gone or _shrink_browsers(database, age.browsers_before, now=now)


def _drop_hits(database: Database, before: datetime) -> int:
    """The oldest stand first. Their sends are not judged again: what was counted stays."""
    with database.read() as session:
        old = ageing_rows.oldest(session, before=before, limit=_AT_A_TIME)
    if not old:
        return 0
    with database.write() as session:
        ageing_rows.drop(session, old, before=before)
    return len(old)


def _shrink_browsers(database: Database, before: datetime, *, now: datetime) -> int:
    """Hits come in about the order of their numbers; who is young ends the round."""
    with database.read() as session:
        after = ageing_rows.looked_at(session)
        rows = ageing_rows.following(session, after=after, limit=_AT_A_TIME)
    old = list(_until_young(rows, before))
    with database.write() as session:
        ageing_rows.shrink(session, [(row, family(row.user_agent)) for row in old])
        ageing_rows.note(session, old[-1].id if old else after, now=now)
    return len(old)


def _until_young(
    rows: Sequence[ageing_rows.Browser], before: datetime
) -> Sequence[ageing_rows.Browser]:
    young = next((place for place, row in enumerate(rows) if row.at >= before), len(rows))
    return rows[:young]

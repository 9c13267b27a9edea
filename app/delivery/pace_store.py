"""The SQL of relays: what was learnt of one outlives a start, and is there for whoever watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from app.delivery.models import ServerPace

_KEPT = timedelta(days=1)  # a server's limits of yesterday tell little of today's


@dataclass(frozen=True, slots=True)
class Away:
    """Since when a relay was away each time it was asked, and what it said last."""

    since: datetime
    said: str


def pace_of(session: Session, server: str, *, now: datetime) -> float | None:
    """Mails a minute that a server takes; None where nothing is known of late."""
    row = session.get(ServerPace, server)
    return row.per_minute if row and abs(now - row.learnt_at) < _KEPT else None


def is_away(session: Session, server: str) -> bool:
    """Whether it was when it was asked last."""
    row = session.get(ServerPace, server)
    return row is not None and row.away_since is not None


def away(session: Session, servers: Sequence[str]) -> dict[str, Away]:
    """Those of some relays that were away when they were asked last."""
    question = select(
        col(ServerPace.server), col(ServerPace.away_since), col(ServerPace.said)
    ).where(col(ServerPace.server).in_(servers), col(ServerPace.away_since).is_not(None))
    return {row[0]: Away(row[1], row[2] or "") for row in session.execute(question)}


def keep(
    session: Session,
    server: str,
    per_minute: float | None,
    *,
    away: str | None = None,
    now: datetime,
) -> None:
    """Remember what a server takes; None: there is no limit that we know of.

    `away`: what it said, where it takes nothing just now.
    """
    row = session.get(ServerPace, server) or ServerPace(server=server, learnt_at=now)
    row.per_minute, row.learnt_at = per_minute, now
    row.away_since = (row.away_since or now) if away is not None else None
    row.said = away
    session.add(row)

"""The SQL of paces: what was learnt of a server outlives a start."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery.models import ServerPace

_KEPT = timedelta(days=1)  # a server's limits of yesterday tell little of today's


def pace_of(session: Session, server: str, *, now: datetime) -> float | None:
    """Mails a minute that a server takes; None where nothing is known of late."""
    row = session.get(ServerPace, server)
    return row.per_minute if row and abs(now - row.learnt_at) < _KEPT else None


def keep(session: Session, server: str, per_minute: float | None, *, now: datetime) -> None:
    """Remember what a server takes; None: there is no limit that we know of."""
    session.merge(ServerPace(server=server, per_minute=per_minute, learnt_at=now))

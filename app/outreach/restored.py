"""In a restored copy: what others may have been told since is not told again by itself."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col

from app.allocation import opening
from app.analysis import verdicts
from app.outreach import digests, pushes, team_mails
from app.platform.events import Event


def leave_to_people(session: Session, *, why: str, zone: ZoneInfo, now: datetime) -> None:
    """Stop what is owed to other systems, and count this week's mails to the team as sent.

    A push that is stopped can be replayed on its page.
    """
    session.execute(update(Event).where(col(Event.told_at).is_(None)).values(told_at=now))
    for connector_id in pushes.owed_anything(session):
        pushes.stop_all(session, connector_id, why=why, now=now)
    verdicts.pass_over(session, zone=zone, now=now)
    digests.pass_over(session, zone=zone, now=now)
    opening.open_due(session, zone=zone, now=now)
    team_mails.pass_over(session, now=now)

"""What a worker tried again and again in vain, told once to those whom it concerns."""

from datetime import datetime

from sqlmodel import Session

from app.outreach import troubles
from app.platform import events, put_off
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.put_off import Work

STUCK = "work.stuck"
_TRIES = 4  # for a minute and a half; our choice: what is over sooner needs nobody
_CONCERNS = troubles.OF_EXPERIMENTS | {Work.IMPORT}


def duty(database: Database) -> Duty:
    """Record each piece of work that is stuck as something that happened to what it is about."""

    def tell(row_id: str, now: datetime) -> int:
        with database.write() as session:
            return _tell(session, row_id, now=now)

    return Duty(
        work=Work.STUCK,
        items=lambda session, _now: [
            row.id for row in put_off.untold(session, _CONCERNS, tries=_TRIES)
        ],
        do=tell,
    )


def _tell(session: Session, row_id: str, *, now: datetime) -> int:
    """Once, whoever tries: the mark and the event are one transaction."""
    if not put_off.tell(session, row_id, now=now):
        return 0
    trouble = troubles.of(session, row_id)
    facts = {"what": trouble.what, "reason": trouble.reason}
    events.record(session, STUCK, subject=trouble.subject, now=now, facts=facts)
    return 1

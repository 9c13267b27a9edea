"""The SQL of removing an audience."""

from collections.abc import Sequence

from sqlalchemy import delete, or_
from sqlmodel import Session, col, select

from app.audience.models import Audience, AudienceQuery, Import, Membership, Note, Refusal
from app.audience.store import waits


def running(session: Session, audience_id: str) -> Sequence[str]:
    """Imports into an audience whose files are here: being read, or waiting for a word."""
    mine = select(Import.id).where(
        Import.audience_id == audience_id, or_(col(Import.status) == "running", waits())
    )
    return session.exec(mine.order_by(Import.id)).all()


def remove(session: Session, row: Audience) -> None:
    """An audience, its members' columns, and what is known of its files."""
    files = select(Import.id).where(Import.audience_id == row.id)
    session.execute(delete(Note).where(col(Note.import_id).in_(files)))
    session.execute(delete(Refusal).where(col(Refusal.import_id).in_(files)))
    session.execute(delete(Import).where(col(Import.audience_id) == row.id))
    session.execute(delete(AudienceQuery).where(col(AudienceQuery.audience_id) == row.id))
    session.execute(delete(Membership).where(col(Membership.audience_id) == row.id))
    session.delete(row)
    session.flush()

"""All SQL of invitations."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.identity.models import TeamInvitation
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_ORDER = Order("invitations", is_descending=True)
_MOST = 200  # on the page; a team is smaller


def of(session: Session, invitation_id: str) -> TeamInvitation:
    """One by id. Raises NotFound."""
    row = session.get(TeamInvitation, invitation_id)
    if row is None:
        raise NotFound("There is no invitation with this id.")
    return row


def by_hash(session: Session, hashed: str) -> TeamInvitation | None:
    """The one of a link."""
    question = select(TeamInvitation).where(TeamInvitation.hash == hashed)
    return session.exec(question).one_or_none()


def open_for(session: Session, email: str) -> Sequence[TeamInvitation]:
    """Those of an address that were neither accepted nor taken back."""
    waiting = col(TeamInvitation.accepted_at).is_(None) & col(TeamInvitation.revoked_at).is_(None)
    question = select(TeamInvitation).where(TeamInvitation.email == email, waiting)
    return session.exec(question).all()


def end_of(session: Session, user_id: str, *, now: datetime) -> None:
    """Take back what somebody made and nobody accepted yet."""
    waiting = col(TeamInvitation.accepted_at).is_(None) & col(TeamInvitation.revoked_at).is_(None)
    theirs = update(TeamInvitation).where(col(TeamInvitation.created_by_id) == user_id, waiting)
    session.execute(theirs.values(revoked_at=now))


def listed(session: Session) -> Sequence[TeamInvitation]:
    """Those that were not taken back, newest first."""
    kept = select(TeamInvitation).where(col(TeamInvitation.revoked_at).is_(None))
    return session.exec(kept.order_by(col(TeamInvitation.id).desc()).limit(_MOST)).all()


def page(session: Session, *, cursor: str | None, limit: int) -> Part[TeamInvitation]:
    """The same, page by page."""
    kept = select(TeamInvitation).where(col(TeamInvitation.revoked_at).is_(None))
    return part(session, kept, _ORDER, col(TeamInvitation.id), cursor=cursor, limit=limit)


def take(session: Session, invitation_id: str, *, now: datetime) -> bool:
    """Use it up; False where it was accepted or taken back meanwhile."""
    waiting = col(TeamInvitation.accepted_at).is_(None) & col(TeamInvitation.revoked_at).is_(None)
    taken = update(TeamInvitation).where(col(TeamInvitation.id) == invitation_id, waiting)
    answer = session.execute(taken.values(accepted_at=now).returning(col(TeamInvitation.id)))
    return answer.first() is not None

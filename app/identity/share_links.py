"""Links by which somebody without a log-in reads one readout: they end by themselves, or sooner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from app.identity.callers import Principal
from app.identity.models import ShareLink
from app.identity.secrets import fresh, kept
from app.platform import figures
from app.platform.errors import Conflict, Invalid, NotFound
from app.platform.paging import Order, Part, part

USUAL_DAYS, MOST_DAYS = 30, 366
_MOST = 50  # that are open of one experiment: who needs more has lost count of whom they let in
_HINT = 6
_ORDER = Order("share links", is_descending=True)
_DEAD = "This link is not valid any more. Ask whoever gave it to you for a new one."


@dataclass(frozen=True, slots=True)
class Made:
    """A new link. Its secret is told this once."""

    row: ShareLink
    secret: str


def make(session: Session, experiment_id: str, *, days: int, by: Principal, now: datetime) -> Made:
    """A link of so many days. Raises Invalid, and Conflict where there are many already."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid.at("days", f"A link lasts 1 to {MOST_DAYS} days.")
    if _count(session, experiment_id, now=now) >= _MOST:
        raise Conflict(
            f"{figures.count(_MOST)} links to this readout are open. End some of them first."
        )
    secret = fresh()
    row = ShareLink(
        experiment_id=experiment_id,
        hash=kept(secret),
        hint=secret[:_HINT],
        created_at=now,
        created_by=by.name,
        created_by_id=by.user_id,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return Made(row, secret)


def opened_by(session: Session, secret: str, *, now: datetime) -> ShareLink:
    """What a link opens. Raises NotFound for one that ended, or never was: both say the same."""
    question = select(ShareLink).where(ShareLink.hash == kept(secret), _is_open(now))
    row = session.exec(question).one_or_none()
    if row is None:
        raise NotFound(_DEAD)
    return row


def listed(session: Session, experiment_id: str, *, now: datetime) -> Sequence[ShareLink]:
    """Those that are open, newest first."""
    question = select(ShareLink).where(ShareLink.experiment_id == experiment_id, _is_open(now))
    return session.exec(question.order_by(col(ShareLink.id).desc())).all()


def page(
    session: Session, experiment_id: str, *, cursor: str | None, limit: int, now: datetime
) -> Part[ShareLink]:
    """The same, page by page."""
    question = select(ShareLink).where(ShareLink.experiment_id == experiment_id, _is_open(now))
    return part(session, question, _ORDER, ShareLink.id, cursor=cursor, limit=limit)


def revoke(session: Session, experiment_id: str, link_id: str, *, now: datetime) -> ShareLink:
    """It opens nothing from now on. Raises NotFound."""
    row = session.get(ShareLink, link_id)
    if row is None or row.experiment_id != experiment_id or row.revoked_at is not None:
        raise NotFound("There is no open link with this id.")
    row.revoked_at = now
    session.add(row)
    return row


def end_of(session: Session, user_id: str, *, now: datetime) -> None:
    """End what somebody made who may make none any more."""
    theirs = (col(ShareLink.created_by_id) == user_id) & col(ShareLink.revoked_at).is_(None)
    session.execute(update(ShareLink).where(theirs).values(revoked_at=now))


def _count(session: Session, experiment_id: str, *, now: datetime) -> int:
    mine = ShareLink.experiment_id == experiment_id
    return session.exec(
        select(func.count()).select_from(ShareLink).where(mine, _is_open(now))
    ).one()


def _is_open(now: datetime) -> ColumnElement[bool]:
    return col(ShareLink.revoked_at).is_(None) & (col(ShareLink.expires_at) > now)

"""People who are asked by mail to log in here: a link each, good for once and for seven days."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.identity import audit, store, users
from app.identity import invitation_store as rows
from app.identity.callers import Principal
from app.identity.models import TeamInvitation, User
from app.identity.passwords import Hashed
from app.identity.roles import role_named
from app.identity.secrets import fresh, kept
from app.platform.errors import Conflict, Invalid
from app.platform.paging import Part

LASTS = timedelta(days=7)
_MOST = 100  # addresses at once: a team, not a mailing list
_BETWEEN = re.compile(r"[\s,;]+")
_DEAD = (
    "This invitation was used, taken back, replaced by a newer one, or is older than seven days."
    " Ask whoever invited you for another."
)


class What(StrEnum):
    """What became of an address."""

    INVITED = "invited"
    AGAIN = "invited again"  # the link of before opens nothing any more
    HERE = "already here"
    WRONG = "no address"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One address, and what became of it. `secret` is for its mail alone."""

    email: str
    what: What
    because: str = ""
    row: TeamInvitation | None = None
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An invitation as an admin reads of it."""

    row: TeamInvitation
    state: str


def addresses_in(text: str) -> list[str]:
    """Each address of a field once, as typed, between commas, blanks or lines."""
    found = list(dict.fromkeys(one for one in _BETWEEN.split(text) if one))
    if not found:
        raise Invalid.at("emails", "Type at least one email address.")
    if len(found) > _MOST:
        raise Invalid.at("emails", f"At most {_MOST} addresses at once.")
    return found


def invite(
    session: Session, emails: Sequence[str], *, role: str, by: Principal, now: datetime
) -> list[Outcome]:
    """Ask each of them; whoever was asked before gets a new link. None hinders another."""
    wanted = role_named(role)
    once: dict[str, str] = {}
    for typed in emails:  # the same in another case is the same
        once.setdefault(_folded(typed), typed)
    return [_invite(session, typed, role=wanted, by=by, now=now) for typed in once.values()]


def _folded(typed: str) -> str:
    try:
        return users.address_of(typed)
    except Invalid:
        return typed


def _invite(session: Session, typed: str, *, role: str, by: Principal, now: datetime) -> Outcome:
    try:
        email = users.address_of(typed)
    except Invalid as error:
        return Outcome(typed, What.WRONG, because=str(error))
    if store.user_by_email(session, email):
        return Outcome(email, What.HERE)
    before = rows.open_for(session, email)
    for row in before:
        row.revoked_at = now
        session.add(row)
    row, secret = _made(session, email, role=role, by=by, now=now)
    return Outcome(email, What.AGAIN if before else What.INVITED, row=row, secret=secret)


def again(session: Session, invitation_id: str, *, by: Principal, now: datetime) -> Outcome:
    """A new link for seven days more; the one of before is dead."""
    row = _open(session, invitation_id)
    return _invite(session, row.email, role=row.role, by=by, now=now)


def revoke(session: Session, invitation_id: str, *, now: datetime) -> TeamInvitation:
    """Its link opens nothing from now on."""
    row = _open(session, invitation_id)
    row.revoked_at = now
    session.add(row)
    return row


def listed(session: Session, *, now: datetime) -> list[Told]:
    """All that were not taken back, newest first."""
    return [Told(row, _state(row, now=now)) for row in rows.listed(session)]


def page(session: Session, *, cursor: str | None, limit: int, now: datetime) -> Part[Told]:
    """The same, page by page."""
    found = rows.page(session, cursor=cursor, limit=limit)
    return Part([Told(row, _state(row, now=now)) for row in found], found.next)


def check(session: Session, secret: str, *, now: datetime) -> TeamInvitation:
    """The invitation of a link. Raises Conflict where it opens nothing."""
    row = rows.by_hash(session, kept(secret))
    if row is None or _state(row, now=now) != "open":
        raise Conflict(_DEAD)
    return row


def accept(session: Session, secret: str, *, name: str, password: Hashed, now: datetime) -> User:
    """Somebody who can log in from now on; of two who try at once, one."""
    row = check(session, secret, now=now)
    if not rows.take(session, row.id, now=now):
        raise Conflict(_DEAD)
    user = users.add(session, email=row.email, name=name, role=row.role, password=password, now=now)
    _note(session, user, row, method="password", now=now)
    return user


def settle(session: Session, user: User, *, now: datetime) -> None:
    """Whoever was invited and came by the identity provider has accepted."""
    for row in rows.open_for(session, user.email):
        if rows.take(session, row.id, now=now):
            _note(session, user, row, method="identity provider", now=now)


def is_awaited(session: Session, email: str, *, now: datetime) -> bool:
    """Whether somebody of this address was asked in."""
    return any(_state(row, now=now) == "open" for row in rows.open_for(session, email))


def _note(session: Session, user: User, row: TeamInvitation, *, method: str, now: datetime) -> None:
    audit.note(
        session,
        actor=user.name,
        actor_id=user.id,
        action="invitation accepted",
        subject=row.id,
        details={"method": method, "role": user.role},
        now=now,
    )


def _made(
    session: Session, email: str, *, role: str, by: Principal, now: datetime
) -> tuple[TeamInvitation, str]:
    secret = fresh("inv_")
    row = TeamInvitation(
        email=email,
        role=role,
        hash=kept(secret),
        created_at=now,
        created_by=by.name,
        created_by_id=by.user_id,
        expires_at=now + LASTS,
    )
    session.add(row)
    session.flush()
    return row, secret


def _open(session: Session, invitation_id: str) -> TeamInvitation:
    row = rows.of(session, invitation_id)
    if row.accepted_at is not None or row.revoked_at is not None:
        raise Conflict("This invitation was accepted or taken back already.")
    return row


def _state(row: TeamInvitation, *, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.accepted_at is not None:
        return "accepted"
    return "open" if now < row.expires_at else "expired"

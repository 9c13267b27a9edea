"""Browsers that are logged in. The cookie carries a secret; the server keeps everything else."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.identity import passwords, store
from app.identity.models import LoginSession, User
from app.identity.secrets import fresh, kept
from app.platform.errors import Invalid
from app.platform.paging import Order, Part, part_of

LASTS = timedelta(days=14)  # since it was last used
_WRONG = "The address or the password is wrong."
PROLONGED_EVERY = timedelta(minutes=15)  # a look at a page is not a write each time


@dataclass(frozen=True, slots=True)
class Came:
    """From where a session begins, and by which identity provider; by a password where by none."""

    device: str = ""
    network: str = ""
    issuer: str | None = None
    sid: str | None = None
    id_token: str | None = None  # sealed


UNSEEN = Came()


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What the cookie has to carry, and whose it is."""

    secret: str
    user: User


def owner_of(session: Session, *, email: str, password: str) -> User:
    """Whose password this is. One sentence for a wrong address and a wrong password alike."""
    user = store.user_by_email(session, email)
    if not passwords.matches(password, user.password_hash if user else None) or user is None:
        raise Invalid.at("password", _WRONG)
    return user


def confirmed(session: Session, user: User) -> User:
    """The same person, in the transaction that acts on their password.

    It takes long to check, and meanwhile it may have been changed, or they were removed.
    """
    row = session.get(User, user.id)
    if row is None or row.password_hash != user.password_hash:
        raise Invalid.at("password", _WRONG)
    return row


def begin(session: Session, user: User, *, now: datetime, came: Came = UNSEEN) -> LoggedIn:
    """A session for somebody of whom it is known that it is them."""
    secret = fresh()
    store.forget_ended_sessions(session, now=now)
    row = LoginSession(
        id=kept(secret),
        user_id=user.id,
        csrf=fresh(),
        created_at=now,
        expires_at=now + LASTS,
        **asdict(came),
    )
    session.add(row)
    return LoggedIn(secret, user)


_ORDER = Order("sessions", (datetime, str), is_descending=True)


@dataclass(frozen=True, slots=True)
class Open:
    """A browser that is logged in, as its owner reads of it."""

    id: str
    device: str
    network: str
    started_at: datetime
    seen_at: datetime  # to a quarter of an hour
    method: str
    is_this: bool


def open_of(session: Session, user_id: str, *, this: str | None, now: datetime) -> list[Open]:
    """Where somebody is logged in; `this` is the session that asks."""
    return [_told(row, this) for row in store.sessions_of(session, user_id, now=now)]


def page(
    session: Session, user_id: str, *, cursor: str | None, limit: int, now: datetime
) -> Part[Open]:
    """The same, page by page, by when they began: that never changes."""
    found = open_of(session, user_id, this=None, now=now)
    return part_of(found, _ORDER, lambda one: (one.started_at, one.id), cursor=cursor, limit=limit)


def _told(row: LoginSession, this: str | None) -> Open:
    return Open(
        id=row.id,
        device=row.device or "A browser",
        network=row.network,
        started_at=row.created_at,
        seen_at=row.expires_at - LASTS,
        method="password" if row.issuer is None else "identity provider",
        is_this=row.id == this,
    )


def log_out(session: Session, secret: str) -> None:
    """End the session of this cookie."""
    store.end_session(session, kept(secret))

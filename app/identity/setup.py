"""The first start: a one-time token opens the page at which the first person sets a password."""

from datetime import datetime

from sqlmodel import Session

from app.identity import sessions, store, users
from app.identity.models import SetupToken
from app.identity.passwords import Hashed
from app.identity.secrets import fresh, kept
from app.identity.sessions import UNSEEN, Came, LoggedIn
from app.platform.errors import Forbidden

_REFUSED = (
    "This address has been used, or a newer one was printed. Start Thinslice again (or run"
    " `thinslice migrate`) and open the address that it prints; if somebody can log in already,"
    " ask them."
)


def issue(session: Session, *, now: datetime) -> str | None:
    """A new token while nobody can log in; earlier ones die. None once somebody can."""
    if store.anybody(session):
        return None
    store.forget_setup_tokens(session)
    secret = fresh("set_")
    session.add(SetupToken(hash=kept(secret), created_at=now))
    return secret


def check(session: Session, secret: str) -> None:
    """Refuse a token that opens nothing."""
    if store.anybody(session) or store.setup_token(session, kept(secret)) is None:
        raise Forbidden(_REFUSED)


def complete(
    session: Session,
    *,
    secret: str,
    email: str,
    name: str,
    password: Hashed,
    now: datetime,
    came: Came = UNSEEN,
) -> LoggedIn:
    """The first person, an admin, logged in; the token is dead."""
    check(session, secret)
    if not store.take_setup_token(session, kept(secret)):
        raise Forbidden(_REFUSED)
    user = users.add(session, email=email, name=name, role="admin", password=password, now=now)
    store.forget_setup_tokens(session)
    return sessions.begin(session, user, now=now, came=came)

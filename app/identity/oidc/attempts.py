"""Sent to the provider and expected back: one row an attempt, for ten minutes, good for once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.identity.models import LogInAttempt
from app.identity.oidc import store
from app.identity.secrets import fresh, kept
from app.platform.errors import Invalid

LASTS = timedelta(minutes=10)
_NOT_BEGUN = (
    "This log-in was not begun in this browser, took longer than ten minutes, or was finished"
    " already. Begin again."
)


class Unexpected(Invalid):
    """Somebody came back whom this browser did not send."""

    title = "This log-in was not begun here"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser takes along: `secret` in a cookie, the rest in the provider's address."""

    secret: str
    state: str
    nonce: str
    verifier: str


def draw(secret: str) -> Sent:
    """A new attempt of a browser; one that has an attempt under way keeps its `secret`."""
    return Sent(secret or fresh(), state=fresh(), nonce=fresh(), verifier=fresh())


def keep(session: Session, sent: Sent, *, onward: str, now: datetime) -> None:
    """Expect this browser back."""
    store.forget_old(session, now=now)
    session.add(
        LogInAttempt(
            id=_id(sent.secret, sent.state),
            nonce=sent.nonce,
            verifier=sent.verifier,
            onward=onward,
            expires_at=now + LASTS,
        )
    )


def refuse_without(secret: str, state: str) -> None:
    """Who carries no cookie or no state was not sent: no row needs to be looked for."""
    if not secret or not state:
        raise Unexpected(_NOT_BEGUN)


def take(session: Session, *, secret: str, state: str, now: datetime) -> LogInAttempt:
    """The attempt of this browser and this state, used up. Raises Unexpected."""
    refuse_without(secret, state)
    row = store.take_attempt(session, _id(secret, state))
    if row is None or row.expires_at <= now:
        raise Unexpected(_NOT_BEGUN)
    return row


def _id(secret: str, state: str) -> str:
    return kept(f"{secret} {state}")

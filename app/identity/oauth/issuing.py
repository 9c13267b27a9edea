"""Tokens for a code, new tokens for an old one, and their end (RFC 6749, 7009, 7636).

A code and a refresh token are good for once, by one UPDATE whoever asks at the same moment. Whoever
comes with one that was used, or with a code and something else wrong, may be a thief: what it was
given for ends, with every token of it.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from sqlmodel import Session

from app.identity import throttle
from app.identity.models import AgentGrant, AgentToken
from app.identity.oauth import grants, offered, store
from app.identity.secrets import fresh, kept
from app.platform.config import Settings
from app.platform.db import Database

ACCESS, REFRESH = "tsa_", "tsr_"
ACCESS_LASTS = timedelta(minutes=30)
REFRESH_LASTS = timedelta(days=30)  # since it was last used
GRANT_LASTS = timedelta(days=90)  # then the person is asked again, however much it is used
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1


@dataclass(frozen=True, slots=True)
class Issued:
    """What a program gets, this once."""

    access: str
    refresh: str
    scope: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it gets nothing; returned, not raised, for what ended has to stay ended."""

    error: str
    sentence: str


def answer(
    database: Database, sent: Mapping[str, str], settings: Settings, *, now: datetime
) -> Issued | Refusal:
    """What a request for tokens gets. Raises TooMany."""
    kind = sent.get("grant_type")
    if kind not in _KINDS:
        return Refusal("unsupported_grant_type", "Send a code or a refresh token.")
    if "resource" in sent and not offered.is_ours(sent["resource"], settings):
        return Refusal("invalid_target", "Tokens of this server open another resource.")
    needed, exchange = _KINDS[kind]
    if missing := [name for name in needed if not sent.get(name)]:
        return Refusal("invalid_request", f"Send {', '.join(missing)}, too.")
    with database.read() as session:
        row = _known(session, sent)
    if row is None:
        return _NEITHER
    if kind == "refresh_token":
        throttle.check_renewing(row.id)
    with database.write() as session:
        return exchange(session, sent, now=now)


def _known(session: Session, sent: Mapping[str, str]) -> AgentGrant | None:
    """What it was given for. Guesses cost a look, and make nobody who writes wait."""
    if sent["grant_type"] == "authorization_code":
        return store.grant_of_code(session, kept(sent["code"]))
    found = store.token(session, kept(sent["refresh_token"]))
    return found[1] if found else None


def _for_code(session: Session, sent: Mapping[str, str], *, now: datetime) -> Issued | Refusal:
    hashed = kept(sent["code"])
    is_first = store.take_code(session, hashed, now=now)
    row = store.grant_of_code(session, hashed)
    if row is None:
        return _NEITHER
    if why := "its code came twice" if not is_first else _wrong_with(row, sent, now=now):
        grants.end_for(session, row, why, now=now)
        return _NEITHER
    return _issued(session, row, now=now)


def _wrong_with(row: AgentGrant, sent: Mapping[str, str], *, now: datetime) -> str | None:
    if row.until <= now:
        return "its code came too late"
    if row.client != sent["client_id"]:
        return "another program came with its code"
    if row.redirect != sent["redirect_uri"]:
        return "its code came with another address"
    if not _is_verifier_of(row.challenge, sent["code_verifier"]):
        return "its code came without the verifier"
    return None


def _is_verifier_of(challenge: str, verifier: str) -> bool:
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def _for_refresh(session: Session, sent: Mapping[str, str], *, now: datetime) -> Issued | Refusal:
    hashed = kept(sent["refresh_token"])
    is_first = store.take_refresh(session, hashed, now=now)
    found = store.token(session, hashed)
    if found is None or found[0].kind != "refresh":
        return _NEITHER
    old, row = found
    if old.expires_at <= now or row.ended_at is not None or row.until <= now:
        return _NEITHER
    if why := _why_stolen(row, sent, is_first=is_first):
        grants.end_for(session, row, why, now=now)
        return _NEITHER
    return _issued(session, row, now=now)


def _why_stolen(row: AgentGrant, sent: Mapping[str, str], *, is_first: bool) -> str | None:
    if not is_first:
        return "its refresh token came twice"
    return "another program came with its token" if row.client != sent["client_id"] else None


def _issued(session: Session, row: AgentGrant, *, now: datetime) -> Issued:
    issued = Issued(fresh(ACCESS), fresh(REFRESH), row.scope, _seconds(ACCESS_LASTS))
    row.until = min(now + REFRESH_LASTS, row.created_at + GRANT_LASTS)
    session.add(row)
    store.forget_tokens(session, now=now)
    for kind, secret, until in (
        ("access", issued.access, min(now + ACCESS_LASTS, row.until)),
        ("refresh", issued.refresh, row.until),
    ):
        session.add(AgentToken(hash=kept(secret), grant_id=row.id, kind=kind, expires_at=until))
    return issued


def revoke(database: Database, sent: Mapping[str, str], *, now: datetime) -> Refusal | None:
    """A program gives its tokens back: all of them end. An unknown one has ended already."""
    if missing := [name for name in ("token", "client_id") if not sent.get(name)]:
        return Refusal("invalid_request", f"Send {', '.join(missing)}, too.")
    with database.read() as session:
        found = store.token(session, kept(sent["token"]))
    if found is None:
        return None
    if found[1].client != sent["client_id"]:
        return Refusal("invalid_client", "This token was given to another program.")
    with database.write() as session:
        grants.end_for(session, found[1], "its program gave it back", now=now)
    return None


def _seconds(lasts: timedelta) -> int:
    return int(lasts.total_seconds())


_NEITHER = Refusal(
    "invalid_grant", "This code or token opens nothing: it is wrong, used, ended or too old."
)
_KINDS = {
    "authorization_code": (("code", "redirect_uri", "client_id", "code_verifier"), _for_code),
    "refresh_token": (("refresh_token", "client_id"), _for_refresh),
}

"""Out both ways: a browser goes on to the provider's log-out, and the provider tells us of its own.

Sources: OpenID Connect RP-Initiated Logout 1.0; Back-Channel Logout 1.0, sections 2.4 to 2.6.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlmodel import Session

from app.identity import audit
from app.identity.models import LoginSession
from app.identity.oidc import id_token, store
from app.identity.oidc.arrivals import BY
from app.identity.oidc.id_token import Claims, Untrue
from app.platform.config import Settings
from app.platform.errors import AppError
from app.platform.vault import Vault

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_REMEMBERED = timedelta(days=1)  # longer than such a token may be good for
_LONGEST = 255


def sealed(raw: str, vault: Vault) -> str:
    """An id_token as it is kept with a session."""
    return vault.seal({"id_token": raw}, owner="login_session")


def sid_of(claims: Claims) -> str | None:
    """What the provider calls its session, where a log-out could name it."""
    sid = claims.get("sid")
    return sid if isinstance(sid, str) and sid and _is_name(sid) else None


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST and text.isprintable()


def address(row: LoginSession, end_session_endpoint: str, settings: Settings, vault: Vault) -> str:
    """Where a browser ends the provider's session, too."""
    asked = {
        "client_id": settings.oidc_client_id,
        "post_logout_redirect_uri": f"{settings.public_url}/login",
        **_hint(row, vault),
    }
    joint = "&" if "?" in end_session_endpoint else "?"
    return f"{end_session_endpoint}{joint}{urlencode(asked)}"


def _hint(row: LoginSession, vault: Vault) -> Mapping[str, str]:
    try:
        opened = vault.open(row.id_token, owner="login_session") if row.id_token else {}
    except AppError:  # sealed with a key that is gone: the provider asks the person instead
        return {}
    return {"id_token_hint": opened["id_token"]} if opened else {}


def check_told(claims: Claims, *, issuer: str, client_id: str, now: datetime) -> None:
    """Refuse what is no log-out of this provider, told now. Raises Untrue."""
    id_token.check_source(claims, issuer=issuer, client_id=client_id)
    id_token.check_times({"exp": now.timestamp() + 1, **claims}, now=now)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise Untrue("This is no log-out token (events).")
    if "nonce" in claims:
        raise Untrue("This is an id_token, and no log-out token (nonce).")
    for name in ("jti", "sid", "sub"):
        value = claims.get(name, "")
        if not isinstance(value, str) or not _is_name(value):
            raise Untrue(f"This log-out token has a {name} that cannot be read.")
    if not claims.get("jti") or not (claims.get("sid") or claims.get("sub")):
        raise Untrue("This log-out token does not say whose log-out it is, or has no jti.")


def end(session: Session, claims: Claims, *, now: datetime) -> int:
    """End the sessions that a checked log-out names; how many. Raises Untrue when told twice."""
    issuer, sid, sub = claims["iss"], claims.get("sid") or None, claims.get("sub") or None
    store.forget_old(session, now=now)
    hashed = hashlib.sha256(f"{issuer} {claims['jti']}".encode()).hexdigest()
    if not store.note_told(session, hashed, until=now + _REMEMBERED):
        raise Untrue("This log-out was told before (jti).")
    user = store.user_of(session, issuer=issuer, subject=sub) if sub else None
    if sub and user is None:
        return 0
    user_id = user.id if user else None
    ended = store.end_sessions(session, issuer=issuer, sid=sid, user_id=user_id)
    audit.note(
        session,
        actor=BY,
        action="session ended",
        subject=user_id or "",
        details={"by": "back-channel", "sessions": ended},
        now=now,
    )
    return ended

"""What the provider signed, checked claim by claim (OpenID Connect Core 1.0, 3.1.3.7)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.platform.errors import Invalid
from app.platform.texts import why_unstorable

Claims = Mapping[str, Any]

# Signed with a key that only the provider has: neither `none` nor a shared secret is among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = timedelta(seconds=60)  # between two machines' clocks
_OLDEST = timedelta(minutes=10)  # as long as a log-in may take
_LONGEST = 16_000  # characters; a browser's header takes less
_LONGEST_SUB = 255  # by the standard
_UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)  # the last: nested too deep


class Untrue(Invalid):
    """What came is not what the provider signed for us, now, for this log-in."""

    title = "This log-in cannot be trusted"


def opened(raw: str, keys: KeySet, newer: Callable[[], KeySet | None]) -> Claims:
    """The claims under a signature that holds. `newer` gives keys where the token's is unknown."""
    if len(raw) > _LONGEST:
        raise Untrue("The identity provider's token is too long.")
    try:
        return jwt.decode(raw, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError as error:
        again = newer()
        if again is None:
            raise Untrue(_UNKNOWN_KEY) from error
    except _UNREADABLE as error:
        raise Untrue(_NOT_SIGNED) from error
    try:
        return jwt.decode(raw, again, algorithms=ALGORITHMS).claims
    except _UNREADABLE as error:
        raise Untrue(_UNKNOWN_KEY) from error


def check(claims: Claims, *, issuer: str, client_id: str, nonce: str, now: datetime) -> None:
    """Refuse a token that is not for us, not for this log-in, or not of now. Raises Untrue."""
    check_source(claims, issuer=issuer, client_id=client_id)
    check_times(claims, now=now)
    if not compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise Untrue("The identity provider's token belongs to another log-in.")
    sub = _text(claims, "sub")
    if not sub or len(sub) > _LONGEST_SUB or why_unstorable(sub):
        raise Untrue("The identity provider's token does not say who this is (sub).")


def check_source(claims: Claims, *, issuer: str, client_id: str) -> None:
    """By whom and for whom."""
    if _text(claims, "iss") != issuer:
        raise Untrue("The token was issued by somebody else (iss).")
    aud = claims.get("aud")
    audiences = [aud] if isinstance(aud, str) else aud
    if not isinstance(audiences, list) or client_id not in audiences:
        raise Untrue("The token is meant for another application (aud).")
    azp = claims.get("azp")
    if (azp is None and len(audiences) > 1) or (azp is not None and azp != client_id):
        raise Untrue("The token was given to another application (azp).")


def check_times(claims: Claims, *, now: datetime) -> None:
    """Not over, and issued within the last ten minutes, give or take one."""
    instant, leeway = now.timestamp(), LEEWAY.total_seconds()
    if instant - leeway >= _number(claims, "exp"):
        raise Untrue("The token's time is over (exp). Log in again; are both clocks right?")
    issued = _number(claims, "iat")
    if not -leeway <= instant - issued <= _OLDEST.total_seconds() + leeway:
        raise Untrue("The token was not issued just now (iat): are both clocks right?")
    if "nbf" in claims and _number(claims, "nbf") > instant + leeway:
        raise Untrue("The token's time has not come (nbf): are both clocks right?")


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or why_unstorable(value):
        raise Untrue(f"The identity provider's token has no {name} that can be read.")
    return value


def _number(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e12:
        raise Untrue(f"The identity provider's token has no {name} that can be read.")
    return value


_NOT_SIGNED = (
    "The token's signature does not hold: it is not the identity provider's, or was changed."
)
_UNKNOWN_KEY = "The token is signed with a key that the identity provider does not name."

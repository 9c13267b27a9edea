"""A browser that the provider sent back: what it carries, and what that proves."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.identity.models import LogInAttempt
from app.identity.oidc import arrivals, id_token
from app.identity.oidc.id_token import Untrue
from app.identity.oidc.provider import Metadata, Provider, Tokens

_WORD = re.compile(r"[a-z_]{1,60}")  # an error's code (RFC 6749, 4.1.2.1)
_LONGEST_CODE = 4000


def single(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What the address carries, each once. Raises Untrue."""
    said: dict[str, str] = {}
    for name, value in parameters:
        if name in said:
            raise Untrue("The identity provider's answer says something twice.")
        said[name] = value
    return said


def code_of(said: Mapping[str, str], metadata: Metadata) -> str:
    """The code that the provider gave. Raises Untrue: another provider's (RFC 9207), or none."""
    if said.get("iss", metadata.issuer) != metadata.issuer or (
        metadata.names_itself and "iss" not in said
    ):
        raise Untrue("This answer does not come from the identity provider that was asked (iss).")
    if "error" in said:
        word = said["error"] if _WORD.fullmatch(said["error"]) else "no reason given"
        raise Untrue(f"The identity provider let nobody in ({word}).")
    code = said.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise Untrue("The identity provider gave no code.")
    return code


def proven(
    provider: Provider, attempt: LogInAttempt, code: str, *, now: datetime
) -> tuple[Mapping[str, Any], str]:
    """What the provider says of whoever came back, and the id_token that proves it.

    Raises:
        Untrue: what it says does not hold.
        ProviderAway: it cannot be asked.
    """
    tokens = provider.tokens_for(code, verifier=attempt.verifier, now=now)
    claims = id_token.opened(
        tokens.id_token, provider.keys(now=now), lambda: provider.newer_keys(now=now)
    )
    id_token.check(
        claims,
        issuer=provider.settings.oidc_issuer,
        client_id=provider.settings.oidc_client_id,
        nonce=attempt.nonce,
        now=now,
    )
    return _filled(provider, claims, tokens, now=now), tokens.id_token


def _filled(
    provider: Provider, claims: Mapping[str, Any], tokens: Tokens, *, now: datetime
) -> Mapping[str, Any]:
    """What the id_token leaves out, the provider may say elsewhere, of the same person only."""
    if not arrivals.lacks(claims, provider.settings):
        return claims
    more = provider.userinfo(tokens.access_token, now=now)
    if more and more.get("sub") != claims["sub"]:
        raise Untrue("The identity provider speaks of somebody else (userinfo).")
    # Whether an address is verified is said where the address is, and nowhere else.
    if "email" in claims:
        return {**_without_address(more), **claims}
    return {**more, **_without_address(claims)}


def _without_address(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: said[name] for name in said.keys() - {"email", "email_verified"}}

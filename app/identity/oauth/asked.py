"""What a program asks of a person, read before the person is asked anything."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.identity.oauth import offered, redirects
from app.platform.config import Settings
from app.platform.errors import AppError

_FIELDS = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
    "code_challenge_method", "resource", "prompt", "response_mode", "request", "request_uri",
)  # fmt: skip
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of SHA-256 (RFC 7636, 4.2)
_VISIBLE = re.compile(r"[ -~]{1,2000}")  # a state (RFC 6749, A.5)


class BadRequest(AppError):
    """A program asks in a way that nobody can answer safely. Nothing is sent back to it."""

    status = 400
    title = "This agent cannot be let in"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, whole."""

    client_id: str
    redirect: str
    state: str
    challenge: str
    wants_drafts: bool
    fields: Mapping[str, str]  # as they came, for the form that carries them on


def read(pairs: Iterable[tuple[str, str]], settings: Settings) -> Asked:
    """The question that an address or a form holds. Raises BadRequest or BadRedirect."""
    sent = _once(pairs)
    if sent.get("response_type") != "code":
        raise BadRequest("The program asks for another answer than a code (response_type).")
    if "request" in sent or "request_uri" in sent:
        raise BadRequest("The program sends its question in a way that is not read here (request).")
    if sent.get("response_mode", "query") != "query" or sent.get("prompt", "") == "none":
        raise BadRequest("The program wants an answer without asking you, or not in an address.")
    if sent.get("code_challenge_method") != "S256":
        raise BadRequest("The program must send code_challenge_method=S256 (PKCE).")
    if not _CHALLENGE.fullmatch(sent.get("code_challenge", "")):
        raise BadRequest("The program sends no code_challenge that is a SHA-256 (PKCE).")
    if not _VISIBLE.fullmatch(sent.get("state", "")):
        raise BadRequest("The program sends no state, or one that it would not know again.")
    if "resource" in sent and not offered.is_ours(sent["resource"], settings):
        raise BadRequest("The program asks for a token for another service than this one.")
    redirect = redirects.check(sent.get("redirect_uri", ""))
    if offered.is_on_our_host(redirect, settings):
        raise BadRequest("The program wants the answer at an address of this service itself.")
    return Asked(
        client_id=sent.get("client_id", ""),
        redirect=redirect,
        state=sent["state"],
        challenge=sent["code_challenge"],
        wants_drafts=offered.DRAFT in sent.get("scope", "").split(),
        fields=sent,
    )


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Twice is refused: two readers could take either."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in _FIELDS:
            continue
        if name in found:
            raise BadRequest(f"The program sends {name} twice.")
        found[name] = value
    return found

"""Tokens of other systems: `tsl_` and 256 bits, shown once."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.identity import store
from app.identity.models import ApiToken
from app.identity.roles import Role, role_named
from app.identity.secrets import fresh, kept
from app.platform.errors import Conflict, Invalid, NotFound
from app.platform.texts import why_unstorable

PREFIX = "tsl_"
_HINT_CHARS = 8  # the prefix and four of 43: nothing to guess from


@dataclass(frozen=True, slots=True)
class Made:
    """A new token; `secret` is not to be had again."""

    row: ApiToken
    secret: str


def add(
    session: Session,
    *,
    name: str,
    role: str,
    by: str,
    by_id: str | None = None,
    may_draft: bool = False,
    now: datetime,
) -> Made:
    """Make a token for another system; an agent drafts with it only if it may, and is an editor."""
    if may_draft and not role_named(role).may(Role.EDITOR):
        raise Invalid.at("may_draft", "A viewer's token only reads. Make it an editor's to draft.")
    if not name.strip() or why_unstorable(name):
        raise Invalid.at("name", "Give the token a name that says who uses it.")
    secret = fresh(PREFIX)
    row = ApiToken(
        name=name.strip(),
        role=role_named(role),
        hash=kept(secret),
        hint=secret[:_HINT_CHARS],
        created_at=now,
        created_by=by,
        created_by_id=by_id,
        may_draft=may_draft,
    )
    session.add(row)
    session.flush()
    return Made(row, secret)


def revoke(session: Session, token_id: str, *, now: datetime) -> ApiToken:
    """It opens nothing from now on."""
    row = store.token_of(session, token_id)
    row.revoked_at = now
    session.add(row)
    return row


def named(session: Session, key: str) -> ApiToken:
    """By id or by name; a name that several have is refused."""
    api_tokens = [token for token in store.tokens(session) if key in {token.id, token.name}]
    if not api_tokens:
        raise NotFound(f"There is no token “{key}”. `thinslice token list` names them.")
    if len(api_tokens) > 1:
        raise Conflict(f"{len(api_tokens)} tokens are called “{key}”. Name one by its id.")
    return api_tokens[0]

"""Who logs in and which tokens open something, as a list is asked for them."""

from typing import Any

from sqlmodel import col, select

from app.identity.models import ApiToken, User
from app.platform.listing import Listing

HERE: Any = select(User).where(col(User.removed_at).is_(None))
USERS = Listing(
    name="users page",
    key=col(User.id),
    usual="email",
    sorts={
        "email": col(User.email),
        "name": col(User.name),
        "role": col(User.role),
        "since": col(User.created_at),
    },
    words=(col(User.email), col(User.name), col(User.role)),
)
IN_USE: Any = select(ApiToken).where(col(ApiToken.revoked_at).is_(None))
TOKENS = Listing(
    name="tokens page",
    key=col(ApiToken.id),
    usual="-made",
    sorts={
        "made": col(ApiToken.id),
        "name": col(ApiToken.name),
        "role": col(ApiToken.role),
        "used": col(ApiToken.last_used_at),
    },
    words=(col(ApiToken.name), col(ApiToken.role), col(ApiToken.created_by)),
)

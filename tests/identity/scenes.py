"""People who log in; argon2 is slow on purpose, so one hash does for all of them."""

from datetime import UTC, datetime
from functools import cache

from sqlmodel import Session

from app.identity import passwords
from app.identity.models import User
from app.identity.passwords import Hashed

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PASSWORD = "a sentence nobody guesses"
AS_SERVED = passwords._hasher  # tests keep passwords more quickly (`tests.conftest`)


@cache
def hashed_password() -> Hashed:
    return passwords.hashed(PASSWORD)


def given_user(session: Session, name: str = "Ann", role: str = "admin") -> User:
    user = User(
        email=f"{name.lower()}@halvern.example",
        name=name,
        role=role,
        password_hash=hashed_password(),
        created_at=NOW,
    )
    session.add(user)
    session.flush()
    return user

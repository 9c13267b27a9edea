"""One after the other, whatever the machine: until the transaction ends.

PostgreSQL runs transactions side by side, so that what one of them looked at may have changed when
it commits. SQLite has one writer at a time anyway.
"""

from sqlalchemy import text
from sqlmodel import Session

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_TOGETHER = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")


def take(session: Session, name: str) -> None:
    """Wait until nobody else has a turn of this name, and keep the next ones waiting."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ALONE, {"name": name})


def share(session: Session, name: str) -> None:
    """Wait until nobody has taken the turn for himself; others may share it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TOGETHER, {"name": name})

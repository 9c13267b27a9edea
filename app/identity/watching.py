"""Who wants to be told of what happens to an experiment, a feature or a key result."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.identity import users
from app.identity.models import User, Watch
from app.platform.statements import added_once

_LAUNCH = "/experiments/{experiment_id}/launch"  # what the audit calls it, by page and by API
_ACTING = "identity.acting"  # of a session: the user who asks, or who is behind what asks


def acts(session: Session, user_id: str | None) -> None:
    """Note for whom this transaction does what it does."""
    session.info[_ACTING] = user_id


def begin(session: Session, subject: str, *, now: datetime) -> None:
    """Whoever acts watches what they made, launched or spoke of; once they said no, that holds."""
    user_id: str | None = session.info.get(_ACTING)
    if user_id is not None:
        values = {"subject": subject, "user_id": user_id, "is_on": True, "at": now}
        added_once(session, Watch, values, unless=("subject", "user_id"))


def put(session: Session, subject: str, user_id: str, *, is_on: bool, now: datetime) -> None:
    """Watch, or stop."""
    session.merge(Watch(subject=subject, user_id=user_id, is_on=is_on, at=now))


def watchers(session: Session, subject: str) -> Sequence[User]:
    """Who watches a thing and is still here, by name; whoever launched it, unless they said no."""
    said = select(User, Watch.is_on).join(Watch, col(Watch.user_id) == User.id)
    rows = session.exec(said.where(Watch.subject == subject, col(User.removed_at).is_(None))).all()
    found = {user.id: user for user, is_on in rows if is_on}
    launcher = users.who_did(session, ending=_LAUNCH, subject=subject)
    if launcher is not None and launcher.id not in {user.id for user, _ in rows}:
        found[launcher.id] = launcher
    return sorted(found.values(), key=lambda user: (user.name, user.id))


def forget(session: Session, subject: str) -> None:
    """A thing is gone: nobody watches it."""
    session.execute(delete(Watch).where(col(Watch.subject) == subject))

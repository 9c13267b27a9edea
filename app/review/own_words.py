"""What is kept of one of the team: for them to take along."""

from typing import Any

from sqlmodel import Session, select

from app.identity import store as identity
from app.identity.models import News, NoticeChoice, Watch
from app.platform.held import plain
from app.review.models import Comment, Seen


def of(session: Session, user_id: str) -> dict[str, Any]:
    """Who they are here, what they said, watch and chose, and what they were told."""
    user = identity.user_of(session, user_id)
    said = session.exec(select(Comment).where(Comment.by_id == user_id).order_by(Comment.id))
    found: dict[str, Any] = {name: plain(getattr(user, name)) for name in _OF_USER}
    found["comments"] = [_shown(row, "about", "subject", "text", "at", "edited_at") for row in said]
    for name, model, columns in _THEIRS:
        rows = session.exec(select(model).where(model.user_id == user_id)).all()
        found[name] = [_shown(row, *columns) for row in rows]
    return found


_OF_USER = ("email", "name", "role", "created_at")
_THEIRS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("watches", Watch, ("subject", "is_on", "at")),
    ("notices", News, ("kind", "sentence", "href", "at", "read_at")),
    ("seen", Seen, ("check_in_id", "at")),
    ("choices", NoticeChoice, ("kind", "by_mail")),
)


def _shown(row: Any, *columns: str) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in columns}

"""What the team says of a feature, an experiment or a key result."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.experiments import feature_store
from app.experiments import store as experiments
from app.identity import store as identity
from app.identity import watching
from app.identity.callers import Principal
from app.identity.roles import Role
from app.okr import closed
from app.okr import store as okr
from app.platform import events
from app.platform.errors import Forbidden, NotFound, TooMany
from app.platform.paging import Order, Part, part
from app.review import mentions
from app.review.models import Comment
from app.review.schemas import CommentDraft

MADE, NAMED = "comment.made", "comment.named"
_ORDER = Order("comments")
_MOST, _WITHIN = 30, timedelta(minutes=10)  # of one person; chosen by us, against slips and scripts
_SHOWN = 280  # characters of one in a notice


@dataclass(frozen=True, slots=True)
class About:
    """What can be spoken of. `find` raises NotFound."""

    page: str
    find: Callable[[Session, str], Any]
    called: str  # the field that holds its name


ABOUT: Mapping[str, About] = {
    "feature": About("/features", feature_store.feature_of, "title"),
    "experiment": About("/experiments", experiments.experiment_of, "name"),
    "key_result": About("/key-results", okr.key_result_of, "title"),
}


def add(
    session: Session, about: str, subject: str, draft: CommentDraft, *, by: Principal, now: datetime
) -> Comment:
    """Say something; whoever it names is told, and its author watches from then on.

    Raises NotFound, Conflict where its cycle is closed, TooMany past thirty in ten minutes.
    """
    name = name_of(session, about, subject)
    _refuse_closed(session, about, subject)
    _refuse_flood(session, by, now=now)
    row = Comment(about=about, subject=subject, text=draft.text, by=by.name, by_id=by.user_id,
                  mentions=_named(session, draft.text), at=now)  # fmt: skip
    session.add(row)
    session.flush()
    watching.begin(session, subject, now=now)
    _record(session, MADE, row, name, row.mentions, now=now)
    return row


def change(
    session: Session, comment_id: str, draft: CommentDraft, *, by: Principal, now: datetime
) -> Comment:
    """Say it otherwise: one's own only. Whoever is named now and was not before is told."""
    row = of(session, comment_id)
    _refuse_other(row, by)
    _refuse_closed(session, row.about, row.subject)
    before, row.mentions = row.mentions, _named(session, draft.text)
    row.text, row.edited_at = draft.text, now
    session.add(row)
    if new := [one for one in row.mentions if one not in before]:
        name = name_of(session, row.about, row.subject)
        _record(session, NAMED, row, name, new, now=now)
    return row


def remove(session: Session, comment_id: str, *, by: Principal) -> Comment:
    """Take back what one said; an admin takes back anybody's."""
    row = of(session, comment_id)
    if not by.role.may(Role.ADMIN):
        _refuse_other(row, by)
    _refuse_closed(session, row.about, row.subject)
    session.delete(row)
    return row


def forget(session: Session, subject: str) -> None:
    """A thing is gone, and with it what was said of it and who watched it."""
    session.execute(delete(Comment).where(col(Comment.subject) == subject))
    watching.forget(session, subject)


def of(session: Session, comment_id: str) -> Comment:
    """One by id, held against others. Raises NotFound."""
    question = select(Comment).where(Comment.id == comment_id).with_for_update()
    row = session.exec(question).one_or_none()
    if row is None:
        raise NotFound("There is no such comment any more.")
    return row


def page(session: Session, subject: str, *, cursor: str | None, limit: int) -> Part[Comment]:
    """What was said of a thing, the oldest first."""
    mine = select(Comment).where(Comment.subject == subject)
    return part(session, mine, _ORDER, Comment.id, cursor=cursor, limit=limit)


def calls_nobody(session: Session, rows: Collection[Comment]) -> dict[str, list[str]]:
    """Of each of these, by id, the names in it that tell nobody."""
    asked = [row for row in rows if "@" in row.text]
    team = identity.users(session) if asked else ()
    found = {row.id: mentions.named_nobody(row.text, team) for row in asked}
    return {key: names for key, names in found.items() if names}


def name_of(session: Session, about: str, subject: str) -> str:
    """What it is called. Raises NotFound."""
    kind = ABOUT[about]
    return str(getattr(kind.find(session, subject), kind.called))


def href_of(about: str, subject: str) -> str:
    """The page on which it is spoken of."""
    return f"{ABOUT[about].page}/{subject}/comments"


def shortened(text: str) -> str:
    """The beginning of what was said, in one line."""
    said = " ".join(text.split())
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"


def is_own(row: Comment, who: Principal) -> bool:
    """Whether somebody wrote it."""
    return row.by_id is not None and row.by_id == who.user_id


def _named(session: Session, text: str) -> list[str]:
    return mentions.named_in(text, identity.users(session)) if "@" in text else []


def _record(
    session: Session,
    kind: str,
    row: Comment,
    name: str,
    named: Collection[str],
    *,
    now: datetime,
) -> None:
    facts: dict[str, Any] = {"about": row.about, "name": name, "comment_id": row.id, "by": row.by}
    facts |= {"by_id": row.by_id, "mentions": list(named)}
    events.record(session, kind, subject=row.subject, now=now, facts=facts)


def _refuse_closed(session: Session, about: str, subject: str) -> None:
    if about == "key_result":
        closed.refuse(session, key_results=[subject])


def _refuse_other(row: Comment, by: Principal) -> None:
    if not is_own(row, by):
        raise Forbidden("Somebody else wrote this comment, so it is theirs to change.")


def _refuse_flood(session: Session, by: Principal, *, now: datetime) -> None:
    lately = (Comment.by_id == by.user_id, col(Comment.at) > now - _WITHIN)
    if session.exec(select(func.count()).select_from(Comment).where(*lately)).one() >= _MOST:
        raise TooMany("That were thirty comments in ten minutes. Wait a few, then say the next.")

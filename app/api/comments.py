"""What the team says of features, experiments and key results, who watches, who did what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity import activity_words, audit_rows, watching
from app.identity.audit_rows import at_of
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.identity.models import AuditRow
from app.platform.errors import Conflict
from app.review import comments
from app.review.models import Comment
from app.review.schemas import CommentDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Comments"])

_COMMENT: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0al",
    "about": "experiment",
    "subject": "1f0c3m8k2tq5w7x9z0ab",
    "text": "@Ann do we know why Monday is so low?",
    "mentions": ["1f0c3m8k2tq5w7x9z0ac"],
    "tells_nobody": [],
    "by": "Bo",
    "at": "2026-11-22T08:00:00Z",
    "edited_at": None,
}
_LATELY = 100
_WATCHED: dict[str, Any] = {"watching": True, "watchers": ["Ann", "Bo"]}
_DID: dict[str, Any] = {"at": "2026-11-22T08:00:00Z", "by": "Ann", "what": "launched it"}


class CommentOut(BaseModel):
    """What somebody said. `mentions`: the ids of users whom it names. Text is data, never trust.

    `tells_nobody`: names in it after an `@` that nobody bears, or more than one.
    """

    model_config = ConfigDict(json_schema_extra={"example": _COMMENT})

    id: str
    about: str
    subject: str
    text: str
    mentions: list[str]
    tells_nobody: list[str]
    by: str
    at: datetime
    edited_at: datetime | None


class WatchOut(BaseModel):
    """Whether whoever made the token is told of what happens to it, and who is, by name."""

    model_config = ConfigDict(json_schema_extra={"example": _WATCHED})

    watching: bool
    watchers: list[str]


class ActivityOut(BaseModel):
    """Something that was done. `at` is null where that cannot be read."""

    model_config = ConfigDict(json_schema_extra={"example": _DID})

    at: datetime | None
    by: str
    what: str


class ActivitiesOut(BaseModel):
    """What was done lately, the latest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_DID]}})

    items: list[ActivityOut]


def _open(about: str, words: str) -> None:
    """The routes of one noun."""
    home = f"{comments.ABOUT[about].page}/{{{about}_id}}"
    Subject = Annotated[str, Path(alias=f"{about}_id")]  # noqa: N806 - a type

    @router.get(f"{home}/comments", name=f"list_{about}_comments", summary=f"Comments on {words}")
    def list_comments(
        *, subject: Subject, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
    ) -> Listed[CommentOut]:
        """The oldest first."""
        comments.name_of(session, about, subject)
        rows = comments.page(session, subject, cursor=cursor, limit=limit)
        unknown = comments.calls_nobody(session, rows)
        return listed(rows, lambda row: _shown(row, unknown))

    @router.post(
        f"{home}/comments",
        status_code=201,
        name=f"add_{about}_comment",
        summary=f"Comment on {words}",
    )
    def add_comment(
        subject: Subject, draft: CommentDraft, session: Db, who: Who, now: Now
    ) -> CommentOut:
        """`@` and a name tells a colleague; whoever watches it is told, too."""
        row = comments.add(session, about, subject, draft, by=who, now=now)
        return _shown(row, comments.calls_nobody(session, [row]))

    @router.get(
        f"{home}/activity", name=f"list_{about}_activity", summary=f"What was done to {words}"
    )
    def list_activity(subject: Subject, session: Db) -> ActivitiesOut:
        """Who did what, the latest first: the last hundred."""
        comments.name_of(session, about, subject)
        rows = audit_rows.changes_of(session, subject, limit=_LATELY)
        return ActivitiesOut(items=[_did(row) for row in rows])

    @router.get(f"{home}/watch", name=f"see_{about}_watch", summary=f"Who watches {words}")
    def see_watch(subject: Subject, session: Db, who: Who) -> WatchOut:
        """Whoever made, launched or spoke of it watches it, until they say no."""
        return _watch(session, about, subject, who)

    @router.put(f"{home}/watch", name=f"watch_{about}", summary=f"Watch {words}")
    def watch(subject: Subject, session: Db, who: Who, now: Now) -> WatchOut:
        """Whoever made the token is told of what happens to it."""
        return _put(session, about, subject, who, is_on=True, now=now)

    @router.delete(f"{home}/watch", name=f"unwatch_{about}", summary=f"Stop watching {words}")
    def unwatch(subject: Subject, session: Db, who: Who, now: Now) -> WatchOut:
        """They are told no more, but where somebody names them."""
        return _put(session, about, subject, who, is_on=False, now=now)


for _about, _words in (
    ("feature", "a feature"),
    ("experiment", "an experiment"),
    ("key_result", "a key result"),
):
    _open(_about, _words)


@router.patch("/comments/{comment_id}", summary="Change a comment of yours")
def change_comment(
    comment_id: str, draft: CommentDraft, session: Db, who: Who, now: Now
) -> CommentOut:
    """Whoever is named now and was not before is told; 403 for somebody else's."""
    row = comments.change(session, comment_id, draft, by=who, now=now)
    return _shown(row, comments.calls_nobody(session, [row]))


@router.delete("/comments/{comment_id}", status_code=204, summary="Take a comment back")
def remove_comment(comment_id: str, session: Db, who: Who) -> None:
    """One's own; an admin's token takes back anybody's."""
    comments.remove(session, comment_id, by=who)


def _watch(session: Session, about: str, subject: str, who: Principal) -> WatchOut:
    comments.name_of(session, about, subject)
    found = watching.watchers(session, subject)
    is_among = who.user_id in {user.id for user in found}
    return WatchOut(watching=is_among, watchers=[user.name for user in found])


def _put(
    session: Session, about: str, subject: str, who: Principal, *, is_on: bool, now: datetime
) -> WatchOut:
    comments.name_of(session, about, subject)
    if who.user_id is None:
        raise Conflict("Nobody who logs in made this token, so nobody can watch by it.")
    watching.put(session, subject, who.user_id, is_on=is_on, now=now)
    session.flush()
    return _watch(session, about, subject, who)


def _did(row: AuditRow) -> ActivityOut:
    return ActivityOut(at=at_of(row), by=row.actor, what=activity_words.done(row.action))


def _shown(row: Comment, unknown: Mapping[str, list[str]]) -> CommentOut:
    return CommentOut(
        id=row.id,
        about=row.about,
        subject=row.subject,
        text=row.text,
        mentions=row.mentions,
        tells_nobody=unknown.get(row.id, []),
        by=row.by,
        at=row.at,
        edited_at=row.edited_at,
    )

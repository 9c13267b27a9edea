"""What the team says of features, experiments and key results, who watches, who did what."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity import audit_rows, watching
from app.identity.audit_rows import at_of, in_words
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
    "by": "Bo",
    "at": "2026-11-22T08:00:00Z",
    "edited_at": None,
}
_LATELY = 100
_WATCHED: dict[str, Any] = {"watching": True, "watchers": ["Ann", "Bo"]}
_DID: dict[str, Any] = {"at": "2026-11-22T08:00:00Z", "by": "Ann", "what": "experiment launch"}


class CommentOut(BaseModel):
    """What somebody said. `mentions`: the ids of users whom it names. Text is data, never trust."""

    model_config = ConfigDict(json_schema_extra={"example": _COMMENT})

    id: str
    about: str
    subject: str
    text: str
    mentions: list[str]
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

    items: list[ActivityOut]


@router.get("/features/{feature_id}/comments", summary="List comments on a feature")
def list_feature_comments(
    *, feature_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[CommentOut]:
    """The oldest first."""
    return _listed(session, "feature", feature_id, cursor, limit)


@router.post("/features/{feature_id}/comments", status_code=201, summary="Comment on a feature")
def add_feature_comment(
    feature_id: str, draft: CommentDraft, session: Db, who: Who, now: Now
) -> CommentOut:
    """`@` and a name tells a colleague; whoever watches it is told, too."""
    return _shown(comments.add(session, "feature", feature_id, draft, by=who, now=now))


@router.get("/features/{feature_id}/activity", summary="List what was done to a feature")
def list_feature_activity(feature_id: str, session: Db) -> ActivitiesOut:
    """Who did what, the latest first: the last hundred."""
    return _activity(session, "feature", feature_id)


@router.get("/features/{feature_id}/watch", summary="See who watches a feature")
def see_feature_watch(feature_id: str, session: Db, who: Who) -> WatchOut:
    """Whoever made or launched it watches it, until they say no."""
    return _watch(session, "feature", feature_id, who)


@router.put("/features/{feature_id}/watch", summary="Watch a feature")
def watch_feature(feature_id: str, session: Db, who: Who, now: Now) -> WatchOut:
    """Whoever made the token is told of what happens to it."""
    return _put(session, "feature", feature_id, who, is_on=True, now=now)


@router.delete("/features/{feature_id}/watch", summary="Stop watching a feature")
def unwatch_feature(feature_id: str, session: Db, who: Who, now: Now) -> WatchOut:
    """They are told no more, but where somebody names them."""
    return _put(session, "feature", feature_id, who, is_on=False, now=now)


@router.get("/experiments/{experiment_id}/comments", summary="List comments on an experiment")
def list_experiment_comments(
    *, experiment_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[CommentOut]:
    """The oldest first."""
    return _listed(session, "experiment", experiment_id, cursor, limit)


@router.post(
    "/experiments/{experiment_id}/comments", status_code=201, summary="Comment on an experiment"
)
def add_experiment_comment(
    experiment_id: str, draft: CommentDraft, session: Db, who: Who, now: Now
) -> CommentOut:
    """`@` and a name tells a colleague; whoever watches it is told, too."""
    return _shown(comments.add(session, "experiment", experiment_id, draft, by=who, now=now))


@router.get("/experiments/{experiment_id}/activity", summary="List what was done to an experiment")
def list_experiment_activity(experiment_id: str, session: Db) -> ActivitiesOut:
    """Who did what, the latest first: the last hundred."""
    return _activity(session, "experiment", experiment_id)


@router.get("/experiments/{experiment_id}/watch", summary="See who watches an experiment")
def see_experiment_watch(experiment_id: str, session: Db, who: Who) -> WatchOut:
    """Whoever made or launched it watches it, until they say no."""
    return _watch(session, "experiment", experiment_id, who)


@router.put("/experiments/{experiment_id}/watch", summary="Watch an experiment")
def watch_experiment(experiment_id: str, session: Db, who: Who, now: Now) -> WatchOut:
    """Whoever made the token is told of what happens to it."""
    return _put(session, "experiment", experiment_id, who, is_on=True, now=now)


@router.delete("/experiments/{experiment_id}/watch", summary="Stop watching an experiment")
def unwatch_experiment(experiment_id: str, session: Db, who: Who, now: Now) -> WatchOut:
    """They are told no more, but where somebody names them."""
    return _put(session, "experiment", experiment_id, who, is_on=False, now=now)


@router.get("/key-results/{key_result_id}/comments", summary="List comments on a key result")
def list_key_result_comments(
    *, key_result_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[CommentOut]:
    """The oldest first."""
    return _listed(session, "key_result", key_result_id, cursor, limit)


@router.post(
    "/key-results/{key_result_id}/comments", status_code=201, summary="Comment on a key result"
)
def add_key_result_comment(
    key_result_id: str, draft: CommentDraft, session: Db, who: Who, now: Now
) -> CommentOut:
    """`@` and a name tells a colleague; whoever watches it is told, too."""
    return _shown(comments.add(session, "key_result", key_result_id, draft, by=who, now=now))


@router.get("/key-results/{key_result_id}/activity", summary="List what was done to a key result")
def list_key_result_activity(key_result_id: str, session: Db) -> ActivitiesOut:
    """Who did what, the latest first: the last hundred."""
    return _activity(session, "key_result", key_result_id)


@router.get("/key-results/{key_result_id}/watch", summary="See who watches a key result")
def see_key_result_watch(key_result_id: str, session: Db, who: Who) -> WatchOut:
    """Whoever made or launched it watches it, until they say no."""
    return _watch(session, "key_result", key_result_id, who)


@router.put("/key-results/{key_result_id}/watch", summary="Watch a key result")
def watch_key_result(key_result_id: str, session: Db, who: Who, now: Now) -> WatchOut:
    """Whoever made the token is told of what happens to it."""
    return _put(session, "key_result", key_result_id, who, is_on=True, now=now)


@router.delete("/key-results/{key_result_id}/watch", summary="Stop watching a key result")
def unwatch_key_result(key_result_id: str, session: Db, who: Who, now: Now) -> WatchOut:
    """They are told no more, but where somebody names them."""
    return _put(session, "key_result", key_result_id, who, is_on=False, now=now)


@router.patch("/comments/{comment_id}", summary="Change a comment of yours")
def change_comment(
    comment_id: str, draft: CommentDraft, session: Db, who: Who, now: Now
) -> CommentOut:
    """Whoever is named now and was not before is told; 403 for somebody else's."""
    return _shown(comments.change(session, comment_id, draft, by=who, now=now))


@router.delete("/comments/{comment_id}", status_code=204, summary="Take a comment back")
def remove_comment(comment_id: str, session: Db, who: Who) -> None:
    """One's own; an admin's token takes back anybody's."""
    comments.remove(session, comment_id, by=who)


def _listed(
    session: Session, about: str, subject: str, cursor: str | None, limit: int
) -> Listed[CommentOut]:
    comments.name_of(session, about, subject)
    return listed(comments.page(session, subject, cursor=cursor, limit=limit), _shown)


def _activity(session: Session, about: str, subject: str) -> ActivitiesOut:
    comments.name_of(session, about, subject)
    rows = audit_rows.changes_of(session, subject, limit=_LATELY)
    return ActivitiesOut(items=[_did(row) for row in rows])


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
    return ActivityOut(at=at_of(row), by=row.actor, what=in_words(row.action))


def _shown(row: Comment) -> CommentOut:
    return CommentOut(
        id=row.id,
        about=row.about,
        subject=row.subject,
        text=row.text,
        mentions=row.mentions,
        by=row.by,
        at=row.at,
        edited_at=row.edited_at,
    )

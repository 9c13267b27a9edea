"""Who has read a check-in of a key result, and said so."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.okr import store as okr
from app.platform.errors import Conflict
from app.review import seen

_AT = "/key-results/{key_result_id}/check-ins/{check_in_id}/seen"
router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Key results"])

_READER: dict[str, Any] = {"name": "Ada", "at": "2026-11-23T08:00:00Z"}


class ReaderOut(BaseModel):
    """Somebody who has read it, and when they said so."""

    model_config = ConfigDict(json_schema_extra={"example": _READER})

    name: str
    at: datetime


class SeenOut(BaseModel):
    """Whether whoever made the token has read it, and everybody who has, the first first."""

    model_config = ConfigDict(json_schema_extra={"example": {"seen": True, "by": [_READER]}})

    seen: bool
    by: list[ReaderOut]


@router.get(_AT, summary="Who has seen a check-in")
def get_seen(key_result_id: str, check_in_id: str, session: Db, who: Who) -> SeenOut:
    """`check_in_id` stands beside each value that somebody put. 404 where there is none such."""
    okr.check_in_of(session, key_result_id, check_in_id)
    return _seen(session, check_in_id, who)


@router.put(_AT, summary="Say that you have seen a check-in")
def say_seen(key_result_id: str, check_in_id: str, session: Db, who: Who, now: Now) -> SeenOut:
    """Whoever made the token has; any role may. 409 where another value took its place."""
    seen.say(session, key_result_id, check_in_id, _user_id(who), now=now)
    return _seen(session, check_in_id, who)


@router.delete(_AT, summary="Take it back")
def take_seen_back(key_result_id: str, check_in_id: str, session: Db, who: Who) -> SeenOut:
    """They have not, after all."""
    seen.take_back(session, key_result_id, check_in_id, _user_id(who))
    return _seen(session, check_in_id, who)


def _user_id(who: Principal) -> str:
    if who.user_id is None:
        raise Conflict("Nobody who logs in made this token, so nobody can have seen it by it.")
    return who.user_id


def _seen(session: Session, check_in_id: str, who: Principal) -> SeenOut:
    found = seen.readers(session, (check_in_id,)).get(check_in_id, [])
    return SeenOut(
        seen=who.user_id in {one.user_id for one in found},
        by=[ReaderOut(name=one.name, at=one.at) for one in found],
    )

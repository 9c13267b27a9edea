"""Weeks that will be unlike others: marked before they begin, and left out of what weeks say."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now, Who
from app.okr import unusual
from app.okr.models import UnusualWeek
from app.okr.schemas import UnusualWeekDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Key results"])

_MARKED: dict[str, Any] = {
    "week": "2026-W53",
    "key_result_id": None,
    "reason": "Christmas: the bakeries are closed",
    "marked_at": "2026-11-22T08:00:00Z",
    "marked_by": "Ann",
}


class UnusualWeekOut(BaseModel):
    """A week that is left out; `key_result_id` is null where it is so for every key result."""

    model_config = ConfigDict(json_schema_extra={"example": _MARKED})

    week: str
    key_result_id: str | None
    reason: str
    marked_at: datetime
    marked_by: str


@router.get("/unusual-weeks", summary="List unusual weeks")
def list_unusual_weeks(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[UnusualWeekOut]:
    """Every mark in order of its week: of one key result, or of all."""
    return listed(unusual.page(session, cursor=cursor, limit=limit), _shown)


@router.put("/unusual-weeks/{week}", summary="Mark a coming week as unusual")
def put_unusual_week(
    *, week: str, draft: UnusualWeekDraft, request: Request, session: Db, who: Who, now: Now
) -> UnusualWeekOut:
    """Its values are left out when weeks say closer or further, and of forecasts.

    Only before the week begins where the organisation is; from then on nobody can mark it or take
    the mark back (409). Marked again, it gets the new reason.
    """
    zone = request.app.state.settings.zone
    return _shown(unusual.mark(session, week, draft, by=who.name, zone=zone, now=now))


@router.delete("/unusual-weeks/{week}", status_code=204, summary="Let a coming week count")
def remove_unusual_week(
    week: str, request: Request, session: Db, now: Now, key_result_id: str | None = None
) -> None:
    """Only before it begins (else 409). Without `key_result_id`: the mark for every key result."""
    zone = request.app.state.settings.zone
    unusual.take_back(session, week, key_result_id, zone=zone, now=now)


def _shown(row: UnusualWeek) -> UnusualWeekOut:
    return UnusualWeekOut(
        week=row.week,
        key_result_id=row.key_result_id or None,
        reason=row.reason,
        marked_at=row.marked_at,
        marked_by=row.marked_by,
    )

"""Who is asked on Friday, and when."""

import secrets
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.allocation import roster, store
from app.allocation.schemas import RespondentChanges, RespondentDraft, SettingsDraft
from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Time allocation"])

_RESPONDENT: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "Ann",
    "email": "ann@example.com",
    "team_id": "1f0c3m8k2tq5w7x9z0ac",
    "fte": 1.0,
    "active": True,
    "asked_time": True,
    "language": "de",
}


class RespondentOut(BaseModel):
    """Somebody who says where a week went; without `asked_time`, how their key results stand."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _RESPONDENT})

    id: str
    name: str
    email: str
    team_id: str | None
    fte: float
    active: bool
    asked_time: bool
    language: str


class AllocationSettingsOut(SettingsDraft):
    """Who answers, and when a week opens, reminds and closes, in the organisation's zone."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "mode": "team",
                "opens": "friday 14:00",
                "reminds": "next monday 09:00",
                "closes": "next monday 10:00",
            }
        }
    )


@router.get("/allocation/respondents", summary="List respondents")
def list_respondents(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[RespondentOut]:
    """In the order they were added; those who left, too."""
    rows = store.respondents_page(session, cursor=cursor, limit=limit)
    return listed(rows, RespondentOut.model_validate)


@router.post("/allocation/respondents", status_code=201, summary="Add a respondent")
def add_respondent(draft: RespondentDraft, session: Db, now: Now) -> RespondentOut:
    """Asked from the next opening on. An address that is taken is refused (409)."""
    number = secrets.randbits(roster.NUMBER_BITS)
    return RespondentOut.model_validate(
        roster.add_respondent(session, draft, number=number, now=now)
    )


@router.patch("/allocation/respondents/{respondent_id}", summary="Change a respondent")
def change_respondent(
    respondent_id: str, changes: RespondentChanges, session: Db, now: Now
) -> RespondentOut:
    """`{"active": false}` asks and reminds them no longer; given answers stay."""
    return RespondentOut.model_validate(
        roster.change_respondent(session, respondent_id, changes, now=now)
    )


@router.get("/allocation/settings", summary="Look at the survey's settings")
def get_settings(session: Db) -> AllocationSettingsOut:
    """As they hold for the next opening."""
    return AllocationSettingsOut.model_validate(roster.settings_shown(session).model_dump())


@router.put("/allocation/settings", summary="Set who answers, and when")
def put_settings(draft: SettingsDraft, session: Db) -> AllocationSettingsOut:
    """From the next opening on. Times out of order are refused (422)."""
    roster.put_settings(session, draft)
    return get_settings(session)

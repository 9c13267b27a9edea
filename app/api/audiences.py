"""Audiences: named sets of people."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, page_of
from app.audience import store
from app.audience.models import Audience
from app.audience.schemas import AudienceDraft
from app.identity.guard import Db, Now, Who

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Audiences"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "Bakers in Norway",
    "people": 600,
    "columns": [{"name": "country", "filled": 600, "examples": ["NO", "SE"]}],
    "created_at": "2026-11-22T08:00:00Z",
}


class AudienceOut(BaseModel):
    """An audience. `people` and `columns` are counted at the end of each import."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    name: str
    people: int
    columns: list[dict[str, Any]] = Field(description="what was found in each column")
    created_at: datetime


@router.post("/audiences", status_code=201, summary="Make an audience")
def add_audience(draft: AudienceDraft, session: Db, who: Who, now: Now) -> AudienceOut:
    """It is empty until a file is imported into it. A name that is taken is refused (409)."""
    return shown(store.add_audience(session, draft.name, by=who.name, now=now))


@router.get("/audiences", summary="List audiences")
def list_audiences(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[AudienceOut]:
    """Newest first."""
    rows = store.audiences(session, cursor=cursor, limit=limit + 1)
    return page_of(rows, limit, show=shown, key=lambda row: row.id)


@router.get("/audiences/{audience_id}", summary="Look at an audience")
def get_audience(audience_id: str, session: Db) -> AudienceOut:
    """How many people, and which columns they have."""
    return shown(store.audience_of(session, audience_id))


def shown(row: Audience) -> AudienceOut:
    """As the contract writes it."""
    return AudienceOut.model_validate(row, from_attributes=True)

"""Suppressions: addresses that get no mail."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.audience import suppression_store
from app.audience.models import Suppression
from app.audience.schemas import SuppressionDraft
from app.identity.guard import Db, Now, Who

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Suppressions"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@example.com",
    "reason": "asked by telephone",
    "created_at": "2026-11-22T08:00:00Z",
}


class SuppressionOut(BaseModel):
    """An address that gets no mail, and why."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    email: str
    reason: str
    created_at: datetime


@router.post("/suppressions", status_code=201, summary="Send an address nothing any more")
def add_suppression(draft: SuppressionDraft, session: Db, who: Who, now: Now) -> SuppressionOut:
    """In force at once, for every experiment. Said twice, the first stands."""
    return _shown(
        suppression_store.suppress(session, draft.email, draft.reason, by=who.name, now=now)
    )


@router.get("/suppressions", summary="List suppressions")
def list_suppressions(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[SuppressionOut]:
    """Newest first."""
    rows = suppression_store.suppressions(session, cursor=cursor, limit=limit)
    return listed(rows, _shown)


@router.delete("/suppressions/{suppression_id}", status_code=204, summary="Lift a suppression")
def lift_suppression(suppression_id: str, session: Db) -> None:
    """Mail may go to this address again."""
    suppression_store.lift(session, suppression_id)


def _shown(row: Suppression) -> SuppressionOut:
    return SuppressionOut(
        id=row.id, email=row.email_key, reason=row.reason, created_at=row.created_at
    )

"""Pushes: what other systems were told, what they still are owed, and what went wrong."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now
from app.outreach import connecting
from app.outreach import pushes as store
from app.outreach.models import Push, State
from app.platform import garbled
from app.platform.errors import NotFound

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Pushes"])

EXAMPLE: dict[str, Any] = {
    "id": "12",
    "event_id": "1f0c3m8k2tq5w7x9z0ab",
    "connector_id": "1f0c3m8k2tq5w7x9z0ac",
    "kind": "key_result.valued",
    "subject": "1f0c3m8k2tq5w7x9z0ad",
    "state": "waiting",
    "attempts": 1,
    "due_at": "2026-11-22T08:00:05Z",
    "last_status": 503,
    "last_error": "Operately answered 503; it is tried again.",
    "created_at": "2026-11-22T08:00:00Z",
    "done_at": None,
}


class PushOut(BaseModel):
    """One event owed to one connector."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: str
    event_id: str
    connector_id: str
    kind: str
    subject: str
    state: State
    attempts: int
    due_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime
    done_at: datetime | None


@router.get("/pushes", summary="List pushes")
def list_pushes(
    *,
    session: Db,
    state: State | None = None,
    connector_id: str | None = None,
    subject: str | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[PushOut | GarbledOut]:
    """Newest first."""
    rows = store.pushes(
        session,
        state=state,
        connector_id=connector_id,
        subject=subject,
        cursor=cursor,
        limit=limit,
    )
    return listed(
        rows, lambda row: garbled.read(shown, row) or GarbledOut(id=str(row.id), name=row.kind)
    )


@router.post("/pushes/{push_id}/replay", status_code=202, summary="Send a push again")
def replay_push(push_id: str, session: Db, now: Now) -> PushOut:
    """From its first try, with the same id."""
    if not (push_id.isascii() and push_id.isdigit() and len(push_id) < 20):
        raise NotFound("There is no push with this id.")
    row = store.push_of(session, int(push_id))
    connecting.replay(session, row, now=now)
    return shown(row)


def shown(row: Push) -> PushOut:
    """A push as the API tells it."""
    told = {name: getattr(row, name) for name in PushOut.model_fields}
    return PushOut.model_validate(told | {"id": str(row.id)})

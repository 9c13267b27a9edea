"""Put off: work that failed and waits, tried again by itself, now by a person, or no more."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now, Who
from app.outreach import troubles
from app.outreach.troubles import Trouble

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Put off"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "work": "start",
    "subject": "1f0c3m8k2tq5w7x9z0ac",
    "what": "Starting “Waste in euros by email”",
    "reason": "“amount”: is not a number.",
    "attempts": 3,
    "since": "2026-11-22T08:00:00Z",
    "tried_at": "2026-11-22T08:00:20Z",
    "next_at": "2026-11-22T08:01:20Z",
    "cancelled_at": None,
    "cancelled_by": None,
}


class PutOffOut(BaseModel):
    """One piece of work that failed; the others go on. It is tried again at `next_at`."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    work: str
    subject: str
    what: str
    reason: str
    attempts: int
    since: datetime
    tried_at: datetime | None
    next_at: datetime
    cancelled_at: datetime | None
    cancelled_by: str | None


@router.get("/put-off", summary="List what was put off")
def list_put_off(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[PutOffOut]:
    """The oldest first. What is done, or due no longer, leaves the list."""
    return listed(troubles.page(session, cursor=cursor, limit=limit), _out)


@router.post("/put-off/{put_off_id}/retry", status_code=202, summary="Try it now")
def retry_put_off(put_off_id: str, session: Db, now: Now) -> PutOffOut:
    """At the worker's next opportunity, one that was cancelled too."""
    return _out(troubles.retry(session, put_off_id, now=now))


@router.post("/put-off/{put_off_id}/cancel", summary="Try it no more")
def cancel_put_off(put_off_id: str, session: Db, who: Who, now: Now) -> PutOffOut:
    """An experiment that could not start is cancelled with it; an import ends as `failed`."""
    return _out(troubles.cancel(session, put_off_id, by=who.name, now=now))


def _out(trouble: Trouble) -> PutOffOut:
    return PutOffOut(
        id=trouble.id,
        work=trouble.work,
        subject=trouble.subject,
        what=trouble.what,
        reason=trouble.reason,
        attempts=trouble.attempts,
        since=trouble.since,
        tried_at=trouble.tried_at,
        next_at=trouble.next_at,
        cancelled_at=trouble.cancelled_at,
        cancelled_by=trouble.cancelled_by or None,
    )

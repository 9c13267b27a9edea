"""A query over a database that the operator named, which fills an audience by itself."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.audience import fetch_store, fetching, store
from app.audience.models import AudienceQuery
from app.audience.schemas import AudienceSource
from app.identity.guard import Db, Now, Who
from app.outreach import troubles
from app.platform.errors import NotFound

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Audiences"])

_EXAMPLE: dict[str, Any] = {
    "connection": "WAREHOUSE",
    "query": "SELECT email, bakery, waste FROM insights WHERE week = current_week()",
    "every": "daily",
    "due_at": "2026-11-23T08:00:00Z",
    "read_at": "2026-11-22T08:00:00Z",
    "import_id": "1f0c3m8k2tq5w7x9z0ab",
    "created_by": "Ann",
    "trouble": None,
}


class AudienceQueryOut(BaseModel):
    """What fills the audience. `import_id` is its last run: `GET /imports/{id}` is the report.

    `trouble` says why the last run failed; it is tried again by itself.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    connection: str
    query: str
    every: Literal["hourly", "daily"]
    due_at: datetime
    read_at: datetime | None
    import_id: str | None
    created_by: str
    trouble: str | None = None


@router.put("/audiences/{audience_id}/query", summary="Fill an audience from a database")
def put_query(
    audience_id: str, wanted: AudienceSource, session: Db, who: Who, now: Now
) -> AudienceQueryOut:
    """A worker runs it at once, then every hour or day. Admins only: its rows are people.

    The connection is one that the operator named (`THINSLICE_SQL_<NAME>`), with a user that may
    only read. Rows are taken as those of a file; nobody leaves the audience by it.
    """
    return _shown(session, fetching.keep(session, audience_id, wanted, by=who.name, now=now))


@router.get("/audiences/{audience_id}/query", summary="Look at what fills an audience")
def get_query(audience_id: str, session: Db) -> AudienceQueryOut:
    """404 where people come by files alone."""
    store.audience_of(session, audience_id)
    row = fetch_store.query_of(session, audience_id)
    if row is None:
        raise NotFound("No query fills this audience.")
    return _shown(session, row)


@router.delete(
    "/audiences/{audience_id}/query", status_code=204, summary="Fill an audience no more"
)
def drop_query(audience_id: str, session: Db) -> None:
    """Who is in it stays."""
    store.audience_of(session, audience_id)
    fetching.drop(session, audience_id)


@router.post("/audiences/{audience_id}/query/run", status_code=202, summary="Fill it soon")
def run_query(audience_id: str, session: Db, now: Now) -> AudienceQueryOut:
    """A worker runs it within seconds. 409 where nothing fills the audience."""
    store.audience_of(session, audience_id)
    return _shown(session, fetching.run_soon(session, audience_id, now=now))


def _shown(session: Db, row: AudienceQuery) -> AudienceQueryOut:
    found = [one for one in troubles.about(session, row.audience_id) if one.work == "fetch_people"]
    shown = AudienceQueryOut.model_validate(row)
    return shown.model_copy(update={"trouble": found[0].reason if found else None})

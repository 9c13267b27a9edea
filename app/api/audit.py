"""The audit: who did what, and whether the rows are as they were written."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.identity import audit_rows
from app.identity.audit import Head, Seals
from app.identity.audit_rows import Days, in_words
from app.identity.guard import Db
from app.identity.models import AuditRow
from app.platform.days import Moment
from app.platform.listing import Asked

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Audit"])

_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "number": 118,
    "at": "2026-11-25T09:00:00Z",
    "actor": "Ada",
    "actor_id": "1f0c3m8k2tq5w7x9z0aa",
    "what": "experiment launch",
    "action": "POST /api/v1/experiments/{experiment_id}/launch",
    "subject": "1f0c3m8k2tq5w7x9z0ac",
    "details": {},
}
_Words = Annotated[str, Query(max_length=200, description="each of them in any of the fields")]
_Since = Annotated[Moment | None, Query(description="no earlier than this")]
_Until = Annotated[Moment | None, Query(description="earlier than this")]
_Head = Annotated[
    str, Query(max_length=100, description="`head` of an earlier answer: rows cut off since show")
]


class AuditOut(BaseModel):
    """One thing that somebody did.

    `number` is null in rows from before they were sealed, `at` where what is stored is damaged.
    """

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    number: int | None
    at: datetime | None
    actor: str
    actor_id: str
    what: str
    action: str
    subject: str
    details: dict[str, Any]


class AuditVerified(BaseModel):
    """Whether every row is as it was written. Keep `head` elsewhere, and ask with it."""

    is_whole: bool
    rows: int
    unsealed: int  # from before rows were sealed
    erased: int  # rows that somebody was erased from
    head: str
    faults: list[str]


@router.get("/audit", summary="Search the audit")
def list_audit(
    session: Db,
    *,
    words: _Words = "",
    since: _Since = None,
    until: _Until = None,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[AuditOut]:
    """The newest first, or sorted by `at`, `who`, `what` or `about`."""
    asked = Asked(words=words, sort=sort, cursor=cursor)
    return listed(audit_rows.page(session, asked, Days(since, until), limit=limit), _out)


@router.get("/audit/verified", summary="Verify the audit")
def verify_audit(request: Request, session: Db, head: _Head = "") -> AuditVerified:
    """Look at every row: was one changed, taken out or put in by whoever has no key?"""
    noted = Head.of(head) if head else None
    found = Seals(request.app.state.keyring.seals).verified(session, noted=noted)
    return AuditVerified(
        is_whole=not found.faults,
        rows=found.rows,
        unsealed=found.unsealed,
        erased=found.erased,
        head=str(found.head),
        faults=found.faults,
    )


def _out(row: AuditRow) -> AuditOut:
    made: dict[str, Any] = {
        "at": audit_rows.at_of(row),
        "what": in_words(row.action),
        "details": audit_rows.details_of(row),
    }
    kept = {name: getattr(row, name) for name in AuditOut.model_fields if name not in made}
    return AuditOut(**made, **kept)

"""Conversions: what people did elsewhere, told by other systems."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.audience.people_lookup import KnownPeople
from app.delivery.facts import DeliveryEnrolments
from app.identity.guard import Db, Now
from app.platform.listing import Asked
from app.tracking import conversion_rows, conversions
from app.tracking.conversions import Recorded
from app.tracking.models import Conversion
from app.tracking.schemas import EXAMPLE, RECORDED, ConversionDraft, ConversionDrafts

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Conversions"])

_ONE = {"summary": "One", "value": EXAMPLE}
_MANY = {"summary": "Up to 1,000", "value": {"conversions": [EXAMPLE]}}


class RecordedAll(BaseModel):
    """One row for each that was sent, in their order."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [RECORDED]}})

    items: list[Recorded]


class ConversionOut(BaseModel):
    """One conversion as it is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": EXAMPLE
            | {"external_id": None, "matched": True, "received_at": "2026-11-22T08:00:02Z"}
        }
    )

    id: str
    event: str
    email: str | None
    external_id: str | None
    value: float
    occurred_at: datetime
    received_at: datetime
    matched: bool


@router.post("/conversions", status_code=201, summary="Tell what people did")
def add_conversions(
    draft: Annotated[
        ConversionDraft | ConversionDrafts, Body(openapi_examples={"one": _ONE, "many": _MANY})
    ],
    request: Request,
    session: Db,
    now: Now,
) -> Recorded | RecordedAll:
    """All are kept, or none; each id counts once.

    It counts for everybody enrolled, the holdout too, whose window holds it. An id that was sent
    before with another body is refused (409). Of people who were erased nothing is kept.
    """
    many = isinstance(draft, ConversionDrafts)
    recorded = conversions.record(
        session,
        draft.conversions if isinstance(draft, ConversionDrafts) else [draft],
        people=KnownPeople(request.app.state.keyring.marks),
        enrolments=DeliveryEnrolments(),
        now=now,
    )
    return RecordedAll(items=recorded) if many else recorded[0]


@router.get("/conversions", summary="List conversions")
def list_conversions(
    *,
    session: Db,
    event: Annotated[str | None, Query(description="only these")] = None,
    matched: Annotated[bool | None, Query(description="of people we know, or of others")] = None,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[ConversionOut]:
    """The last received first, or by `received`, `event`, `person`, `value`, `when`."""
    asked = Asked(sort=sort, cursor=cursor)
    rows = conversion_rows.page(session, asked, limit=limit, event=event, matched=matched)
    return listed(rows, _kept)


def _kept(row: Conversion) -> ConversionOut:
    return ConversionOut(
        id=row.id,
        event=row.event,
        email=row.email_key,
        external_id=row.external_id,
        value=row.value,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        matched=row.person_id is not None,
    )

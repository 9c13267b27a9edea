"""Audiences: named sets of people."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.audience import profile, store
from app.audience.columns import Type, without_cells
from app.audience.models import Audience
from app.audience.schemas import AudienceDraft, ColumnChange
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.platform import garbled
from app.platform.listing import Asked
from app.review import removal

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Audiences"])

_COLUMN: dict[str, Any] = {
    "name": "waste",
    "as_written": "Waste €/week",
    "type": "number",
    "format": "decimal_comma",
    "unit": "€",
    "examples": ["61,3 €", "58 €", "1.200,50 €"],
    "filled": 588,
    "empty": 12,
    "missing": 12,
    "kind": "number",
    "misfits": 1,
    "misfit_examples": [{"line": 17, "value": "many"}],
    "choices": [],
    "decided_by": "cells",
}
_EXAMPLE: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "Bakers in Norway",
    "people": 600,
    "columns": [_COLUMN],
    "created_at": "2026-11-22T08:00:00Z",
}


class Stray(BaseModel):
    """A cell that is not what its column holds, and on which line of the last file it was."""

    line: int | None
    value: str


class Choice(BaseModel):
    """A way to read a column."""

    type: Type
    format: str | None


class ColumnOut(BaseModel):
    """What a column's cells are. Where `choices` is not empty, its author is asked which it is."""

    model_config = ConfigDict(json_schema_extra={"example": _COLUMN})

    name: str
    as_written: str | None = Field(default=None, description="in the file, where it differs")
    type: Type = Type.TEXT
    format: str | None = Field(
        default=None,
        description="number: decimal_point, decimal_comma. date: day_first, month_first,"
        " year_first, excel_days, unix_seconds, unix_milliseconds. boolean: yes_no. text: null, or"
        " verbatim where a word such as NULL is somebody's name. Null: its author is asked.",
    )
    unit: str = ""
    examples: list[str] = []
    filled: int = 0
    empty: int = Field(default=0, description="nothing, or a word that means it: NULL, n/a, #N/A")
    missing: int = Field(default=0, description="as `empty`")
    kind: str = Field(default="text", description="number or text; `type` says more")
    misfits: int = Field(default=0, description="cells that mails which use them leave out")
    misfit_examples: list[Stray] = []
    choices: list[Choice] = []
    decided_by: str = Field(default="cells", description="cells, or author")


class AudienceOut(BaseModel):
    """An audience. `people` and `columns` are counted at the end of each import."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    name: str
    people: int
    columns: list[ColumnOut] = Field(description="what each column holds, and how it is read")
    created_at: datetime


@router.post("/audiences", status_code=201, summary="Make an audience")
def add_audience(draft: AudienceDraft, session: Db, who: Who, now: Now) -> AudienceOut:
    """It is empty until a file is imported into it. A name that is taken is refused (409)."""
    return shown(store.add_audience(session, draft.name, by=who.name, now=now), who)


@router.get("/audiences", summary="List audiences")
def list_audiences(
    *, session: Db, who: Who, sort: Sort = "", cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[AudienceOut | GarbledOut]:
    """Newest first, or by `made`, `name`, `people`. What is damaged is listed by its name."""
    rows = store.audiences(session, Asked(sort=sort, cursor=cursor), limit=limit)
    return listed(
        rows,
        lambda row: garbled.read(shown, row, who) or GarbledOut(id=row.id, name=row.name),
    )


@router.get("/audiences/{audience_id}", summary="Look at an audience")
def get_audience(audience_id: str, session: Db, who: Who) -> AudienceOut:
    """How many people, and which columns they have; a viewer reads none of their cells."""
    return shown(store.audience_of(session, audience_id), who)


@router.patch("/audiences/{audience_id}/columns/{name}", summary="Say how a column is read")
def change_column(audience_id: str, name: str, changes: ColumnChange, session: Db) -> ColumnOut:
    """Filters, Liquid and analyses read its cells so from now on; later files don't unsay it.

    Experiments that were launched keep what they were launched with.
    """
    found = profile.change(session, audience_id, name, type_=changes.type, format_=changes.format)
    return ColumnOut.model_validate(found)


@router.delete("/audiences/{audience_id}", status_code=204, summary="Remove an audience")
def remove_audience(audience_id: str, session: Db) -> None:
    """With its columns and imports. Only while no experiment names it (else 409, naming them)."""
    removal.audience_(session, audience_id).remove()


def shown(row: Audience, who: Principal) -> AudienceOut:
    """As the contract writes it; cells are people's, and shown to those who mail them."""
    answer = AudienceOut.model_validate(row, from_attributes=True)
    if who.sees_addresses:
        return answer
    told = [ColumnOut.model_validate(without_cells(column)) for column in row.columns]
    return answer.model_copy(update={"columns": told})

"""The past of a key result, pasted as text: the same look and the same refusals as on the page."""

from datetime import date as Date
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.identity.guard import Db, Now, Who
from app.okr import past, store
from app.okr.past import Becomes
from app.okr.schemas import PastDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Key results"])

_ROW: dict[str, Any] = {
    "line": 1,
    "raw": "2026-W32; 1.240,5",
    "becomes": "new",
    "date": "2026-08-09",
    "week": "2026-W32",
    "cycle_week": -7,
    "value": 1240.5,
    "replaces": None,
    "why": "",
}
_PLAN: dict[str, Any] = {
    "rows": [_ROW],
    "asks": [],
    "last_week": None,
    "saves": 1,
    "refused": 0,
    "saved": True,
}


class PastIn(PastDraft):
    """Lines as they are pasted from a sheet."""

    dry_run: bool = Field(default=False, description="only say what each line would become")


class PastRowOut(BaseModel):
    """A line and what becomes of it. `cycle_week` 0 is the week before the cycle begins."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _ROW})

    line: int
    raw: str
    becomes: Becomes
    date: Date | None
    week: str | None
    cycle_week: int | None
    value: float | None
    replaces: float | None
    why: str


class PastOut(BaseModel):
    """Every line. `asks` names what must be said (`dates`, `decimals`) before any is saved."""

    model_config = ConfigDict(json_schema_extra={"example": _PLAN})

    rows: list[PastRowOut]
    asks: list[str]
    last_week: str | None
    saves: int
    refused: int
    saved: bool


@router.post("/key-results/{key_result_id}/past", summary="Put past weeks, pasted as text")
def put_past(
    *,
    key_result_id: str,
    draft: PastIn,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
) -> PastOut:
    """A day or ISO week and a number in each line, or numbers alone: a week each, the last last.

    Lines that are refused are left out and say why. What can be read in two ways is asked for, not
    guessed: `asks` says so in a dry run, and 422 otherwise. Frozen weeks stay as they were told.
    """
    zone = request.app.state.settings.zone
    if draft.dry_run:
        row = store.key_result_of(session, key_result_id)
        found = past.plan(session, row, draft, zone=zone, now=now)
    else:
        found = past.save(
            session, key_result_id, draft, source="api", by=who.name, zone=zone, now=now
        )
    return PastOut(
        rows=[PastRowOut.model_validate(row) for row in found.rows],
        asks=list(found.asks),
        last_week=found.last_week,
        saves=found.saves,
        refused=found.count(Becomes.REFUSED),
        saved=not draft.dry_run,
    )

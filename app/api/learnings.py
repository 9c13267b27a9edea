"""Learnings: what was decided, searched by its words, and how fast."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from app.analysis.claims import Claim
from app.analysis.readout_types import State
from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import Cursor, Limit, Listed, Sort
from app.identity.guard import Db, Now
from app.okr import calibration
from app.okr.calibration import Calibrations
from app.review import learnings, throughput
from app.review.learnings import Learning, Wanted
from app.review.models import Choice

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Learnings"])

Words = Annotated[str, Query(max_length=500, description="every word begins one of theirs")]
_WEEK: dict[str, Any] = {"week": "2026-W47", "build": 1, "iterate": 0, "stop": 1, "total": 2}


class RecordOut(BaseModel):
    """Decided results and the forecasts made before them; `brier` 0 is always right and sure."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "results": 12,
                "validated": 5,
                "share": 0.42,
                "low": 0.18,
                "high": 0.68,
                "forecasts": 6,
                "brier": 0.18,
                "claim": {"effects": 4, "measured": 0.12, "expected": 0.1},
            }
        },
    )

    results: int = 0
    validated: int = 0
    share: float = 0.0
    low: float = 0.0
    high: float = 1.0
    forecasts: int = 0
    brier: float | None = None
    claim: Claim | None = None


class ThroughputWeekOut(BaseModel):
    """What was decided in a week."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _WEEK})

    week: str
    build: int
    iterate: int
    stop: int
    total: int


class ThroughputOut(BaseModel):
    """The last weeks, the oldest first; and the weeks of building that stops have avoided."""

    model_config = ConfigDict(json_schema_extra={"example": {"weeks": [_WEEK], "avoided": 8}})

    weeks: list[ThroughputWeekOut]
    avoided: float


@router.get("/learnings", summary="Search learnings")
def search_learnings(
    session: Db,
    *,
    q: Words = "",
    decision: Choice | None = None,
    call: State | None = None,
    feature_id: str | None = None,
    key_result_id: str | None = None,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Listed[Learning]:
    """Best first, or without words the latest first; or by `decided`, `name`, `result`, `decision`.

    A cursor goes on in the same search and order.
    """
    wanted = Wanted(q, decision, call, feature_id, key_result_id, sort)
    found = learnings.search(session, wanted, cursor=cursor, limit=limit)
    return Listed(items=list(found.learnings), next=found.learnings.next)


@router.get("/learnings/record", summary="Were we right?")
def get_record(session: Db) -> RecordOut:
    """How many results were validated, and how good forecasts were; zeros before the first."""
    record = learnings.track_record(session)
    claim = learnings.claim(session)
    told = RecordOut.model_validate(record) if record else RecordOut()
    return told.model_copy(update={"claim": claim})


@router.get("/learnings/confidence", summary="Said against came")
def get_confidence(session: Db) -> Calibrations:
    """How sure owners were at mid-cycle, and our chances, against what came in closed cycles."""
    return calibration.calibrations(session)


@router.get("/throughput", summary="Slices decided, week by week")
def get_throughput(
    request: Request, session: Db, now: Now, weeks: Annotated[int, Query(ge=1, le=104)] = 12
) -> ThroughputOut:
    """How fast a team learns, with the weeks of building avoided so far."""
    zone = request.app.state.settings.zone
    found = throughput.weekly_throughput(session, weeks=weeks, zone=zone, now=now)
    return ThroughputOut(
        weeks=[ThroughputWeekOut.model_validate(week) for week in found],
        avoided=learnings.weeks_avoided(session),
    )

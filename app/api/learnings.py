"""Learnings: what was decided, searched by its words, and how fast."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from app.analysis.readout_types import State
from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now
from app.okr import calibration
from app.review import learnings, throughput
from app.review.learnings import Wanted
from app.review.models import Choice

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Learnings"])

Words = Annotated[str, Query(max_length=500, description="every word begins one of theirs")]
_LEARNING: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ab",
    "name": "Waste in euros by email",
    "feature": "Waste insights",
    "slice": "Waste in euros",
    "believe": "Bakers will act on waste told in euros.",
    "verify": "Mail 600 bakeries their own number.",
    "measure": "People who follow the link within 72 hours.",
    "right_if": "More than 8 % do.",
    "call": "validated",
    "sentence": "Validated: 72 of 600 people (12.0 %) clicked.",
    "decision": "build",
    "learning": "Money moves bakers where products did not.",
    "reason": None,
    "next_slice": "Next week's bake list",
    "next_slice_id": "1f0c3m8k2tq5w7x9z0ac",
    "decided_by": "Ann",
    "decided_at": "2026-11-20T12:00:00Z",
}
_CALIBRATION: dict[str, Any] = {
    "owner": "",
    "n": 14,
    "needed": 10,
    "expected": 8.2,
    "came": 7,
    "brier": 0.19,
    "base": 0.25,
    "agreement": "agree",
    "sentence": "said and came agree as far as we can tell (n = 14)",
}
_WEEK: dict[str, Any] = {"week": "2026-W47", "build": 1, "iterate": 0, "stop": 1, "total": 2}


class LearningOut(BaseModel):
    """A decided experiment: what was believed, seen and done."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _LEARNING})

    experiment_id: str
    name: str
    feature: str | None
    slice: str | None
    believe: str
    verify: str
    measure: str
    right_if: str
    call: str
    sentence: str
    decision: str
    learning: str
    reason: str | None
    next_slice: str | None
    next_slice_id: str | None
    decided_by: str
    decided_at: datetime


class ClaimOut(BaseModel):
    """Effects of compared rates, summed, in shares: measured, and to be expected without luck."""

    model_config = ConfigDict(from_attributes=True)

    effects: int
    measured: float
    expected: float


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
    claim: ClaimOut | None = None


class CalibrationOut(BaseModel):
    """What was said against what came; scores and `agreement` are null while too few are closed."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _CALIBRATION})

    owner: str
    n: int
    needed: int
    expected: float
    came: int
    brier: float | None
    base: float | None
    agreement: Literal["less", "more", "agree"] | None
    sentence: str


class CalibrationsOut(BaseModel):
    """Everybody together, each owner by name (never a ranking), and our own chances."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "everybody": _CALIBRATION,
                "owners": [_CALIBRATION | {"owner": "ann@example.com"}],
                "ours": _CALIBRATION | {"needed": 20, "n": 24},
            }
        },
    )

    everybody: CalibrationOut
    owners: list[CalibrationOut]
    ours: CalibrationOut


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
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Listed[LearningOut]:
    """Best first, or without words the latest first."""
    wanted = Wanted(q, decision, call, feature_id, key_result_id)
    found = learnings.search(session, wanted, cursor=cursor, limit=limit)
    return listed(found.learnings, LearningOut.model_validate)


@router.get("/learnings/record", summary="Were we right?")
def get_record(session: Db) -> RecordOut:
    """How many results were validated, and how good forecasts were; zeros before the first."""
    record = learnings.track_record(session)
    claim = learnings.claim(session)
    told = RecordOut.model_validate(record) if record else RecordOut()
    return told.model_copy(update={"claim": ClaimOut.model_validate(claim) if claim else None})


@router.get("/learnings/confidence", summary="Said against came")
def get_confidence(session: Db) -> CalibrationsOut:
    """How sure owners were at mid-cycle, and our chances, against what came in closed cycles."""
    return CalibrationsOut.model_validate(calibration.calibrations(session))


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

"""Key results: numbers with dated values, and the experiments that should move them."""

from datetime import date as Date
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.analysis import readout
from app.analysis.shapes import Estimate, State
from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, number_of, page_of
from app.experiments import store as experiments
from app.experiments.models import Experiment, Status
from app.experiments.terms import Mode
from app.identity.guard import Db, Now, Who
from app.okr import outcomes, store, values, views
from app.okr.models import CheckIn, KeyResult
from app.okr.progress import Pace
from app.okr.schemas import KeyResultDraft, ValueDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Key results"])

_SET: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "objective_id": "1f0c3m8k2tq5w7x9z0aa",
    "title": "Weekly active bakers",
    "kind": "increase",
    "unit": "number",
    "start": 1200,
    "target": 2000,
    "low": None,
    "high": None,
    "stretch": 2400,
    "weight": 1,
    "cadence": "weekly",
    "source": "manual",
    "owner": "ann@example.com",
    "created_at": "2026-11-22T08:00:00Z",
}
_LINK: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ac",
    "name": "Waste in euros by email",
    "status": "measuring",
    "mode": "evidence",
    "call": "validated",
    "estimate": None,
}
_SEEN: dict[str, Any] = _SET | {
    "current": 1400,
    "as_of": "2026-11-22",
    "progress": 0.25,
    "expected": 0.57,
    "pace": "yellow",
    "confidence": 6,
    "stale": False,
    "change": 40,
    "forecast": None,
    "warning": None,
    "links": [_LINK],
}
_VALUE: dict[str, Any] = {
    "date": "2026-11-22",
    "value": 1400,
    "comment": "after the launch in Sweden",
    "confidence": 6,
    "source": "api",
    "recorded_at": "2026-11-22T08:00:00Z",
    "recorded_by": "nightly job",
}


class KeyResultOut(BaseModel):
    """What was set: a business outcome in a number."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _SET})

    id: str
    objective_id: str
    title: str
    kind: str
    unit: str
    start: float
    target: float
    low: float | None
    high: float | None
    stretch: float | None
    weight: float
    cadence: str
    source: str
    owner: str
    created_at: datetime


class LinkOut(BaseModel):
    """An experiment that should move this key result. Its call is null before it started."""

    model_config = ConfigDict(json_schema_extra={"example": _LINK})

    experiment_id: str
    name: str
    status: Status
    mode: Mode
    call: State | None
    estimate: Estimate | None


class KeyResultSeen(KeyResultOut):
    """A key result with what follows from its values. Shares are 0..1."""

    model_config = ConfigDict(json_schema_extra={"example": _SEEN})

    current: float | None
    as_of: Date | None
    progress: float
    expected: float
    pace: Pace
    confidence: int | None
    stale: bool
    change: float | None
    forecast: None
    warning: str | None
    links: list[LinkOut]


class ValueOut(BaseModel):
    """The value that holds for a day."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _VALUE})

    date: Date
    value: float
    comment: str
    confidence: int | None
    source: str
    recorded_at: datetime
    recorded_by: str


@router.post("/key-results", status_code=201, summary="Add a key result")
def add_key_result(draft: KeyResultDraft, session: Db, now: Now) -> KeyResultOut:
    """`maintain` takes `low` and `high`; `percent` holds what people type (12 is 12 %)."""
    return _shown(outcomes.add_key_result(session, draft, now=now))


@router.get("/key-results", summary="List key results")
def list_key_results(
    session: Db,
    objective_id: str | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[KeyResultOut]:
    """In the order in which they were set; of one objective, or of all."""
    rows = store.key_results(session, objective_id=objective_id, cursor=cursor, limit=limit + 1)
    return page_of(rows, limit, show=_shown, key=lambda row: row.id)


@router.get("/key-results/{key_result_id}", summary="Look at a key result")
def get_key_result(key_result_id: str, request: Request, session: Db, now: Now) -> KeyResultSeen:
    """Where it stands today, and the experiments linked to it."""
    row = store.key_result_of(session, key_result_id)
    today = now.astimezone(request.app.state.settings.zone).date()
    seen = views.view(session, row, today=today)
    linked = experiments.linked_to(session, key_result_id)
    return KeyResultSeen(
        **_shown(row).model_dump(),
        current=seen.current,
        as_of=seen.as_of,
        progress=seen.progress,
        expected=seen.expected,
        pace=seen.pace,
        confidence=seen.confidence,
        stale=seen.stale,
        change=seen.change,
        forecast=None,
        warning=seen.warning,
        links=[_link(session, one, key_result_id, now=now) for one in linked],
    )


@router.put("/key-results/{key_result_id}/values/{date}", summary="Put the value of a day")
def put_value(
    *,
    key_result_id: str,
    date: Date,
    draft: ValueDraft,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
) -> ValueOut:
    """The same again changes nothing; another value replaces it, and the first stays as history."""
    zone = request.app.state.settings.zone
    row = values.put(
        session, key_result_id, date, draft, source="api", by=who.name, zone=zone, now=now
    )
    return _value(row)


@router.get("/key-results/{key_result_id}/values", summary="List the values of a key result")
def list_values(
    key_result_id: str, session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[ValueOut]:
    """In order of date, each with its source."""
    store.key_result_of(session, key_result_id)
    start = number_of(cursor)
    rows = store.values(session, key_result_id)
    following = str(start + limit) if len(rows) > start + limit else None
    return Listed(items=[_value(row) for row in rows[start : start + limit]], next=following)


def _shown(row: KeyResult) -> KeyResultOut:
    return KeyResultOut.model_validate(row)


def _value(row: CheckIn) -> ValueOut:
    return ValueOut.model_validate(row)


def _link(
    session: Session, experiment: Experiment, key_result_id: str, *, now: datetime
) -> LinkOut:
    links = experiment.design["key_results"]
    mode = next(one["mode"] for one in links if one["key_result_id"] == key_result_id)
    begun = experiment.started_at is not None
    found = readout.of(session, experiment, now=now) if begun else None
    return LinkOut(
        experiment_id=experiment.id,
        name=experiment.name,
        status=Status(experiment.status),
        mode=mode,
        call=found.call.state if found else None,
        estimate=found.estimates[0] if found and found.estimates else None,
    )

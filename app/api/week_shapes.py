"""A week's review as the API shows it."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.api.key_result_shapes import LANDING, STATEMENT
from app.okr.forecast import Forecast
from app.okr.sayings import Statement

_ITEM: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "text": "Ask the bakers who clicked",
    "owner": "ann@example.com",
    "kept": None,
    "by": "Ann",
}
_KEY_RESULT: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ac",
    "title": "Weekly active bakeries",
    "unit": "number",
    "kind": "increase",
    "start": 1240,
    "target": 1800,
    "low": None,
    "high": None,
    "current": 1515,
    "change": 35,
    "closer": True,
    "progress": 0.491,
    "expected": 0.57,
    "pace": "green",
    "confidence": 7,
    "comment": "The insight brings them back.",
    "stale": False,
    "as_of": "2026-11-20",
    "owner": "ann@example.com",
    "statement": STATEMENT,
    "is_new": True,
    "ends": "2026-12-31",
    "forecast": LANDING,
}
_WEEK: dict[str, Any] = {
    "week": "2026-W47",
    "starts": "2026-11-16",
    "ends": "2026-11-22",
    "headline": "Closer on 1 of 1. New: Weekly active bakeries.",
    "sentence": "Closer on 1 of 1. New: Weekly active bakeries. 1 slice decided.",
    "key_results": [_KEY_RESULT],
    "decided": [
        {
            "experiment_id": "1f0c3m8k2tq5w7x9z0ad",
            "name": "Waste in euros",
            "feature": "Waste insights",
            "slice": "Say it in euros",
            "call": "validated",
            "sentence": "72 of 600 clicked: 12.0 %, at least 9.9 %. The threshold was 8 %.",
            "decision": "build",
            "learning": "Money moves them, weight did not.",
            "decided_by": "Ann",
        }
    ],
    "weeks_avoided": 8,
    "starting": [],
    "time": {
        "asked": 3,
        "answered": 3,
        "non_elective": 0.44,
        "buckets": [
            {
                "name": "Build new",
                "elective": True,
                "of_all": 0.28,
                "of_elective": 0.5,
                "target": 0.6,
            }
        ],
        "rising": False,
    },
    "overdue": [],
    "blockers": [],
    "decisions": [],
    "commitments": [_ITEM],
    "last_commitments": [],
    "frozen_at": None,
    "frozen_by": "",
    "unusual": [],
}


class ItemOut(BaseModel):
    """A line of a week: a blocker, a decision, or a commitment and what became of it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _ITEM})

    id: str
    text: str
    owner: str
    kept: str | None
    by: str


class KeyResultLineOut(BaseModel):
    """A key result on the week's last day, or today. `change`: since an earlier week's value.

    `statement` says what the last whole week of its cycle can tell; null for a milestone.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _KEY_RESULT})

    id: str
    title: str
    unit: str
    kind: str
    start: float
    target: float
    low: float | None
    high: float | None
    current: float | None
    change: float | None
    closer: bool | None
    progress: float | None
    expected: float
    pace: str
    confidence: int | None
    comment: str
    stale: bool
    as_of: date | None
    owner: str
    statement: Statement | None
    is_new: bool
    ends: date | None
    forecast: Forecast | None


class DecidedOut(BaseModel):
    """A slice that got its decision in this week."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"example": _WEEK["decided"][0]}
    )

    experiment_id: str
    name: str
    feature: str | None
    slice: str | None
    call: str
    sentence: str
    decision: str
    learning: str
    decided_by: str


class StartingOut(BaseModel):
    """An experiment that began in this week, or is to begin before the next one ends."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "experiment_id": "1f0c3m8k2tq5w7x9z0ad",
                "name": "Waste in euros",
                "status": "scheduled",
                "starts_at": "2026-11-24T08:00:00Z",
            }
        },
    )

    experiment_id: str
    name: str
    status: str
    starts_at: datetime


class BucketShareOut(BaseModel):
    """A kind of work. Its target is a share of elective time, or of all time if not elective."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"example": _WEEK["time"]["buckets"][0]}
    )

    name: str
    elective: bool
    of_all: float
    of_elective: float | None
    target: float | None


class TimeSplitOut(BaseModel):
    """Where the week's time went; null shares where too few answered to be shown."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _WEEK["time"]})

    asked: int
    answered: int
    non_elective: float | None
    buckets: list[BucketShareOut]
    rising: bool


class OverdueOut(BaseModel):
    """Something that waits for somebody. `kind`: decision, value or commitment."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "kind": "value",
                "id": "1f0c3m8k2tq5w7x9z0ac",
                "name": "Weekly active bakeries",
                "owner": "ann@example.com",
                "sentence": "Its last value is from 2026-11-06.",
            }
        },
    )

    kind: str
    id: str
    name: str
    owner: str
    sentence: str


class UnusualOut(BaseModel):
    """That the week was marked as unusual before it began; without a key result, for all."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"key_result_id": None, "reason": "Christmas", "marked_by": "Ann"}
        },
    )

    key_result_id: str | None
    reason: str
    marked_by: str


class ReviewOut(BaseModel):
    """The agenda of the weekly review. Once frozen, later edits do not change it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _WEEK})

    week: str
    starts: date
    ends: date
    headline: str
    sentence: str
    key_results: list[KeyResultLineOut]
    decided: list[DecidedOut]
    weeks_avoided: float
    starting: list[StartingOut]
    time: TimeSplitOut | None
    overdue: list[OverdueOut]
    blockers: list[ItemOut]
    decisions: list[ItemOut]
    commitments: list[ItemOut]
    last_commitments: list[ItemOut]
    frozen_at: datetime | None
    frozen_by: str
    unusual: list[UnusualOut]

"""How key results are written in JSON, with an example of each."""

from datetime import date as Date
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.analysis.readout_types import Estimate, Movement, State
from app.experiments.models import Status
from app.experiments.vocabulary import Mode
from app.okr.examples import LANDING, STATEMENT, UNUSUAL_WEEK
from app.okr.forecast import Forecast
from app.okr.progress import Pace
from app.okr.sayings import Statement
from app.okr.schemas import HttpSource, SqlSource
from app.okr.unusual import Mark

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
    "kept_because": "",
    "running_total": None,
    "score": None,
    "score_comment": "",
    "created_at": "2026-11-22T08:00:00Z",
}
_LINK: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ac",
    "name": "Waste in euros by email",
    "status": "measuring",
    "mode": "evidence",
    "call": "validated",
    "estimate": None,
    "projected": None,
    "realised": {"movement": 40, "low": 40, "high": 40},
    "reason": None,
    "undone": False,
    "rehearsal": False,
    "linked_at": None,
}
_LEDGER_LINE: dict[str, Any] = {
    "experiment_id": "1f0c3m8k2tq5w7x9z0ac",
    "date": "2026-11-22",
    "amount": 14,
    "low": -3,
    "high": 31,
    "people": 1000,
    "event": "signed up",
    "counted": True,
    "added": 13.5,
    "shared": 36,
    "overlaps": ["1f0c3m8k2tq5w7x9z0ad"],
    "posted_by": "Ann",
    "cannot_be_read": None,
}
_READ: dict[str, Any] = {
    "http": {"url": "https://numbers.example/active.json", "pointer": "/week", "every": "daily"},
    "sql": None,
    "due_at": "2026-11-23T08:00:00Z",
    "read_at": "2026-11-22T08:00:00Z",
    "failed_at": None,
    "error": "",
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
    "forecast": LANDING,
    "statement": STATEMENT,
    "stretched": False,
    "warning": None,
    "ledger": [],
    "reads": None,
    "links": [_LINK],
    "unusual_weeks": [UNUSUAL_WEEK],
}
_VALUE: dict[str, Any] = {
    "check_in_id": "1f0c3m8k2tq5w7x9z0ae",
    "date": "2026-11-22",
    "value": 1400,
    "comment": "after the launch in Sweden",
    "confidence": 6,
    "source": "api",
    "recorded_at": "2026-11-22T08:00:00Z",
    "recorded_by": "nightly job",
    "confirms": False,
    "entered_later": False,
    "counts": True,
    "remark": "",
    "seen_by": ["Ada"],
    "experiment_id": None,
    "observed": None,
    "estimate": None,
    "low": None,
    "high": None,
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
    kept_because: str
    running_total: bool | None
    score: float | None
    score_comment: str
    created_at: datetime


class LinkOut(BaseModel):
    """An experiment that should move this key result. Its call is null before it started.

    `linked_at` says that it was tied to it after its launch: it was not planned to move it.
    A `rehearsal` mailed nobody: what it says is evidence of nothing.

    Its status is null where it cannot be read.
    """

    model_config = ConfigDict(json_schema_extra={"example": _LINK})

    experiment_id: str
    name: str
    status: Status | None
    mode: Mode
    call: State | None
    estimate: Estimate | None
    projected: Movement | None
    realised: Movement | None
    reason: str | None
    undone: bool
    rehearsal: bool
    linked_at: datetime | None


class LedgerLine(BaseModel):
    """What one experiment added.

    People who were in the open windows of several, for the same event, are added once, with the
    larger: `shared` of this one's `people` are counted by larger ones, `added` is what the rest
    brings, and `counted` is false where nobody is left. Where whom one shares with others
    cannot be read, `cannot_be_read` says so, and nothing of it is added.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _LEDGER_LINE})

    experiment_id: str
    date: Date
    amount: float
    low: float
    high: float
    people: int
    event: str
    counted: bool
    added: float
    shared: int
    overlaps: list[str]
    posted_by: str
    cannot_be_read: str | None


class ReadOut(BaseModel):
    """Where we read the values, and how the last time went."""

    model_config = ConfigDict(json_schema_extra={"example": _READ})

    http: HttpSource | None
    sql: SqlSource | None
    due_at: datetime
    read_at: datetime | None
    failed_at: datetime | None
    error: str


class KeyResultSeen(KeyResultOut):
    """A key result with what follows from its values. Shares are 0..1, no value is null."""

    model_config = ConfigDict(json_schema_extra={"example": _SEEN})

    current: float | None
    as_of: Date | None
    progress: float | None
    expected: float
    pace: Pace
    confidence: int | None
    stale: bool
    change: float | None
    forecast: Forecast | None
    statement: Statement | None
    stretched: bool
    warning: str | None
    ledger: list[LedgerLine]
    reads: ReadOut | None
    links: list[LinkOut]
    unusual_weeks: list[Mark]


class ValueOut(BaseModel):
    """A value, by whom or what. `confirms`: nobody put or measured it that day, it still stood.

    `seen_by` names who said that they have read it; without a `check_in_id` nobody can.
    """

    model_config = ConfigDict(json_schema_extra={"example": _VALUE})

    check_in_id: str | None
    date: Date
    value: float
    comment: str
    confidence: int | None
    source: str
    recorded_at: datetime
    recorded_by: str
    confirms: bool
    entered_later: bool
    counts: bool
    remark: str
    seen_by: list[str]
    experiment_id: str | None
    observed: int | None
    estimate: float | None
    low: float | None
    high: float | None


class PutOut(ValueOut):
    """A value as it was put; `replaced_at` says when another took its place."""

    model_config = ConfigDict(json_schema_extra={"example": _VALUE | {"replaced_at": None}})

    replaced_at: datetime | None

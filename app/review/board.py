"""The board: every slice from idea to decided, the riskiest assumption first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.analysis import list_calls
from app.experiments import store as experiments
from app.experiments.models import Status
from app.okr import list_rows as okr
from app.okr.models import KeyResult
from app.review import tried_store

_COLUMNS = ("idea", "testing", "decided")  # a slice that says another is damaged: see it first
GARBLED = "cannot_be_read"  # the state of one
_DECIDED_SHOWN = 30  # of the column that only grows; the learnings hold them all
_NO_CALL_YET = {Status.DRAFT, Status.SCHEDULED, Status.CANCELLED}


@dataclass(frozen=True, slots=True)
class Card:
    """A slice with what it should move, and how far its last experiment is."""

    slice_id: str
    title: str
    assumption: str
    riskiest: str | None
    feature_id: str
    feature: str
    key_result_id: str | None
    key_result: str | None
    experiment_id: str | None
    experiment: str | None
    status: str | None  # of the experiment
    call: str | None  # what its rule says now, or said when it was decided
    decision: str | None


@dataclass(frozen=True, slots=True)
class Board:
    """Three columns. `more`: decided ones that are not shown."""

    idea: tuple[Card, ...]
    testing: tuple[Card, ...]
    decided: tuple[Card, ...]
    more: int


def board_of(session: Session, *, zone: ZoneInfo, now: datetime) -> Board:
    """The board as it stands."""
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for row in tried_store.tried(session):
        columns.get(row.column, columns["idea"]).append(row)
    columns["decided"].sort(key=_decided_at, reverse=True)
    more = len(columns["decided"][_DECIDED_SHOWN:])
    columns["decided"] = columns["decided"][:_DECIDED_SHOWN]
    shown = [row for rows in columns.values() for row in rows]
    calls = _calls(session, shown, zone=zone, now=now)
    aims = okr.some(session, {row.key_result_id for row in shown if row.key_result_id})
    cards = {
        name: tuple(_card(row, calls.get(row.experiment_id), aims) for row in rows)
        for name, rows in columns.items()
    }
    return Board(**cards, more=more)


def _calls(
    session: Session, rows: Sequence[Any], *, zone: ZoneInfo, now: datetime
) -> dict[str, str]:
    """What the rules say of experiments that began and are not decided."""
    ids = [
        row.experiment_id
        for row in rows
        if row.experiment_id and row.decision is None and row.status not in _NO_CALL_YET
    ]
    calls = list_calls.calls_of(session, experiments.some(session, ids), now=now, zone=zone)
    return {key: call.state for key, call in calls.items()}


def _decided_at(row: Any) -> str:
    return row.decided_at.isoformat() if row.decided_at else ""


def _card(row: Any, call: str | None, aims: Mapping[str, KeyResult]) -> Card:
    aim = aims.get(row.key_result_id)
    return Card(
        slice_id=row.id,
        title=row.title,
        assumption=row.assumption,
        riskiest=row.riskiest,
        feature_id=row.feature_id,
        feature=row.feature,
        key_result_id=row.key_result_id,
        key_result=aim.title if aim else None,
        experiment_id=row.experiment_id,
        experiment=row.experiment,
        status=row.status if row.column in _COLUMNS else GARBLED,
        call=row.call or call,
        decision=row.decision,
    )

"""Cycles: how they end, with a score for every key result."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.objectives import CycleOut
from app.api.once import OnceRoute
from app.identity.guard import Db, Now, Who
from app.okr import closing, outcomes, store
from app.okr.models import Cycle
from app.okr.progress import Grade, grade
from app.okr.schemas import CloseDraft, CycleChanges

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Objectives"])

_SCORED: dict[str, Any] = {
    "key_result_id": "1f0c3m8k2tq5w7x9z0ab",
    "title": "Weekly active bakers",
    "current": 1720,
    "suggested": 0.65,
    "score": 0.7,
    "grade": "green",
    "comment": "the fair fell away",
}


class ScoredOut(BaseModel):
    """How a key result ended. `suggested` is its progress; `score` is null until the close."""

    model_config = ConfigDict(json_schema_extra={"example": _SCORED})

    key_result_id: str
    title: str
    current: float | None
    suggested: float
    score: float | None
    grade: Grade | None
    comment: str


class CycleSeen(CycleOut):
    """A cycle with its scores, and their weighted mean."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0aa",
                "name": "2026 Q4",
                "starts": "2026-10-01",
                "ends": "2026-12-31",
                "closed_at": "2027-01-04T09:00:00Z",
                "closed_by": "Ann",
                "score": 0.7,
                "key_results": [_SCORED],
            }
        }
    )

    score: float | None
    key_results: list[ScoredOut]


@router.get("/cycles/{cycle_id}", summary="Look at a cycle")
def get_cycle(cycle_id: str, session: Db) -> CycleSeen:
    """With every key result as it stood on the last day, and its score."""
    return _shown(session, store.cycle_of(session, cycle_id))


@router.patch("/cycles/{cycle_id}", summary="Change a cycle")
def change_cycle(cycle_id: str, changes: CycleChanges, session: Db) -> CycleSeen:
    """Its name and its days, while it is open (else 409)."""
    return _shown(
        session, outcomes.change_cycle(session, store.cycle_of(session, cycle_id), changes)
    )


@router.delete("/cycles/{cycle_id}", status_code=204, summary="Remove a cycle")
def remove_cycle(cycle_id: str, session: Db) -> None:
    """Only while it has no objective (else 409)."""
    outcomes.remove_cycle(session, store.cycle_of(session, cycle_id))


@router.post("/cycles/{cycle_id}/close", summary="Close a cycle")
def close_cycle(cycle_id: str, draft: CloseDraft, session: Db, who: Who, now: Now) -> CycleSeen:
    """Scores by key result; those not sent are their progress, 0..1. Values are kept from then."""
    row = store.cycle_of(session, cycle_id)
    closing.close(session, row, draft, by=who.name, now=now)
    return _shown(session, row)


@router.post("/cycles/{cycle_id}/reopen", summary="Open a cycle again")
def reopen_cycle(cycle_id: str, session: Db) -> CycleSeen:
    """The scores go; they are asked for at the next close."""
    row = store.cycle_of(session, cycle_id)
    closing.reopen(session, row)
    return _shown(session, row)


def _shown(session: Session, row: Cycle) -> CycleSeen:
    found = closing.ended(session, row)
    return CycleSeen(
        **CycleOut.model_validate(row).model_dump(),
        score=closing.mean(ended.row for ended in found),
        key_results=[_scored(ended) for ended in found],
    )


def _scored(ended: closing.Ended) -> ScoredOut:
    return ScoredOut(
        key_result_id=ended.row.id,
        title=ended.row.title,
        current=ended.current,
        suggested=ended.suggested,
        score=ended.score,
        grade=grade(ended.score) if ended.score is not None else None,
        comment=ended.row.score_comment,
    )

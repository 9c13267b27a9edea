"""Goals of another tool from a file: the same look and the same refusals as on the page."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.identity import audit
from app.identity.guard import Db, Now, Who
from app.okr import goal_columns, goal_import
from app.okr.goal_import import Look
from app.okr.schemas import GoalsDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Objectives"])

_COUNTS: dict[str, int] = {
    "cycles": 0,
    "teams": 1,
    "objectives": 3,
    "key_results": 9,
    "check_ins": 41,
    "known": 0,
    "refused": 1,
}
_LOOK: dict[str, Any] = {
    "columns": [
        {"heading": "Aligned To (weight, Objective ID)", "becomes": "parent", "guess": "parent"}
    ],
    "counts": _COUNTS,
    "refused": [{"line": 7, "why": "“Migrate billing” has no target: a key result is a number."}],
    "asks": [],
    "imported": False,
}


class GoalsIn(GoalsDraft):
    """A file as text, its mapping, and whether it is only looked at."""

    dry_run: bool = Field(default=False, description="only say what would be made")


class ColumnOut(BaseModel):
    """A column, what it becomes, and what we would have guessed; null is left out."""

    heading: str
    becomes: goal_columns.Field | None
    guess: goal_columns.Field | None


class CountsOut(BaseModel):
    """How many are made; `known` are here already and stay as they are."""

    cycles: int
    teams: int
    objectives: int
    key_results: int
    check_ins: int
    known: int
    refused: int


class RefusedOut(BaseModel):
    """A line, or a part of it, that is left out."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    why: str


class GoalsOut(BaseModel):
    """`asks` names what must be said (`dates`, `decimals`) before anything is imported."""

    model_config = ConfigDict(json_schema_extra={"example": _LOOK})

    columns: list[ColumnOut]
    counts: CountsOut
    refused: list[RefusedOut]
    asks: list[str]
    imported: bool


@router.post("/goal-imports", summary="Import goals from another tool")
def import_goals(*, draft: GoalsIn, request: Request, session: Db, who: Who, now: Now) -> GoalsOut:
    """Objectives, key results and their check-ins, in one transaction; 1 MB of CSV at most.

    What is here already, by its name, stays as it is: the same file twice makes nothing twice.
    Rows that are refused are left out and say why. What can be read in two ways is asked for.
    """
    zone = request.app.state.settings.zone
    if draft.dry_run:
        return _told(goal_import.look(session, draft, zone=zone, now=now), imported=False)
    found = goal_import.take(session, draft, by=who.name, zone=zone, now=now)
    audit.note(
        session, actor=who.name, actor_id=who.id, action="goals imported", now=now,
        details=found.plan.counts | {"sha256": found.digest},
    )  # fmt: skip
    return _told(found, imported=True)


def _told(found: Look, *, imported: bool) -> GoalsOut:
    guessed = goal_columns.guess(found.sheet.headings)
    return GoalsOut(
        columns=[
            ColumnOut(heading=heading, becomes=becomes, guess=guess)
            for heading, becomes, guess in zip(
                found.sheet.headings, found.columns, guessed, strict=True
            )
        ],
        counts=CountsOut(**found.plan.counts),
        refused=[RefusedOut.model_validate(one) for one in found.plan.refused],
        asks=list(found.plan.asks),
        imported=imported,
    )

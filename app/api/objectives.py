"""Teams, cycles and objectives: who wants to be where, and by when."""

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity.guard import Db, Now
from app.okr import list_rows, outcomes, store
from app.okr.models import Objective, Team
from app.okr.schemas import CycleDraft, ObjectiveChanges, ObjectiveDraft, TeamChanges, TeamDraft

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Objectives"])


class TeamOut(BaseModel):
    """A team and its function."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"id": "1f0c3m8k2tq5w7x9z0ab", "name": "Growth", "function": "product"}
        },
    )

    id: str
    name: str
    function: str


class CycleOut(BaseModel):
    """A stretch of time; both days belong to it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0ab",
                "name": "2026 Q4",
                "starts": "2026-10-01",
                "ends": "2026-12-31",
                "closed_at": None,
                "closed_by": "",
            }
        },
    )

    id: str
    name: str
    starts: Date
    ends: Date
    closed_at: datetime | None
    closed_by: str


class ObjectiveOut(BaseModel):
    """Where several teams together want to be."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "1f0c3m8k2tq5w7x9z0ab",
                "title": "Bakers waste less",
                "cycle_id": "1f0c3m8k2tq5w7x9z0aa",
                "team_ids": ["1f0c3m8k2tq5w7x9z0ac"],
                "owner": "ann@example.com",
                "created_at": "2026-11-22T08:00:00Z",
            }
        }
    )

    id: str
    title: str
    cycle_id: str
    team_ids: list[str]
    owner: str
    created_at: datetime


@router.post("/teams", status_code=201, summary="Add a team")
def add_team(draft: TeamDraft, session: Db) -> TeamOut:
    """A name that is taken is refused (409)."""
    return TeamOut.model_validate(outcomes.add_team(session, draft))


@router.patch("/teams/{team_id}", summary="Change a team")
def change_team(team_id: str, changes: TeamChanges, session: Db) -> TeamOut:
    """Its name and its function. A name that is taken is refused (409)."""
    row = outcomes.change_team(session, store.team_of(session, team_id), changes)
    return TeamOut.model_validate(row)


@router.get("/teams", summary="List teams")
def list_teams(session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Listed[TeamOut]:
    """In the order in which they were added."""
    rows = list_rows.teams_page(session, cursor=cursor, limit=limit)
    return listed(rows, TeamOut.model_validate)


@router.post("/cycles", status_code=201, summary="Add a cycle")
def add_cycle(draft: CycleDraft, session: Db) -> CycleOut:
    """A quarter, usually. A name that is taken is refused (409)."""
    return CycleOut.model_validate(outcomes.add_cycle(session, draft))


@router.get("/cycles", summary="List cycles")
def list_cycles(
    session: Db, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[CycleOut]:
    """The last one added first."""
    rows = list_rows.cycles_page(session, cursor=cursor, limit=limit)
    return listed(rows, CycleOut.model_validate)


@router.post("/objectives", status_code=201, summary="Add an objective")
def add_objective(draft: ObjectiveDraft, session: Db, now: Now) -> ObjectiveOut:
    """Shared by its teams. The owner is a name or an address; a log-in is not needed."""
    return _seen(session, outcomes.add_objective(session, draft, now=now))


@router.get("/objectives", summary="List objectives")
def list_objectives(
    session: Db,
    cycle_id: str | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[ObjectiveOut]:
    """In the order in which they were set; of one cycle, or of all."""
    rows = list_rows.objectives_page(session, cycle_id=cycle_id, cursor=cursor, limit=limit)
    teams = list_rows.teams_by_objective(session, [row.id for row in rows])
    return listed(rows, lambda row: _shown(row, teams[row.id]))


@router.get("/objectives/{objective_id}", summary="Look at an objective")
def get_objective(objective_id: str, session: Db) -> ObjectiveOut:
    """With the teams that share it."""
    return _seen(session, store.objective_of(session, objective_id))


@router.patch("/objectives/{objective_id}", summary="Change an objective")
def change_objective(objective_id: str, changes: ObjectiveChanges, session: Db) -> ObjectiveOut:
    """The fields that are sent; `team_ids` replaces all of them."""
    row = store.objective_of(session, objective_id)
    return _seen(session, outcomes.change_objective(session, row, changes))


@router.delete("/objectives/{objective_id}", status_code=204, summary="Remove an objective")
def remove_objective(objective_id: str, session: Db) -> None:
    """Only while it has no key result (else 409)."""
    outcomes.remove_objective(session, store.objective_of(session, objective_id))


def _seen(session: Session, row: Objective) -> ObjectiveOut:
    return _shown(row, store.teams_of(session, row.id))


def _shown(row: Objective, teams: Iterable[Team]) -> ObjectiveOut:
    return ObjectiveOut(
        id=row.id,
        title=row.title,
        cycle_id=row.cycle_id,
        team_ids=[team.id for team in teams],
        owner=row.owner,
        created_at=row.created_at,
    )

"""Teams, cycles, objectives and key results: page by page, and many at once."""

from collections.abc import Collection, Sequence
from datetime import date as Date
from typing import Any

from sqlalchemy import Row
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.okr.models import (
    CheckIn,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveTeam,
    Team,
    UndoneLink,
    ValueSource,
)
from app.platform.paging import Order, Part, part

_TEAMS = Order("teams")
_CYCLES = Order("cycles", is_descending=True)
_OBJECTIVES = Order("objectives")


def teams_page(session: Session, *, cursor: str | None, limit: int) -> Part[Team]:
    """All teams, in the order they were added: a name may change meanwhile."""
    return part(session, select(Team), _TEAMS, Team.id, cursor=cursor, limit=limit)


def cycles_page(session: Session, *, cursor: str | None, limit: int) -> Part[Cycle]:
    """All cycles, the last one added first: its days may change meanwhile."""
    return part(session, select(Cycle), _CYCLES, Cycle.id, cursor=cursor, limit=limit)


def objectives_page(
    session: Session, *, cycle_id: str | None, cursor: str | None, limit: int
) -> Part[Objective]:
    """Objectives in the order they were set, of one cycle or of all."""
    query = select(Objective)
    if cycle_id:
        query = query.where(Objective.cycle_id == cycle_id)
    return part(session, query, _OBJECTIVES, Objective.id, cursor=cursor, limit=limit)


def some(session: Session, key_result_ids: Collection[str]) -> dict[str, KeyResult]:
    """These key results, by id."""
    query = select(KeyResult).where(col(KeyResult.id).in_(key_result_ids))
    return {row.id: row for row in session.exec(query)} if key_result_ids else {}


def by_objective(session: Session, objective_ids: Sequence[str]) -> dict[str, list[KeyResult]]:
    """The key results of each of these objectives, in the order they were set."""
    found: dict[str, list[KeyResult]] = {one: [] for one in objective_ids}
    query = select(KeyResult).where(col(KeyResult.objective_id).in_(objective_ids))
    for row in session.exec(query.order_by(KeyResult.id)):
        found[row.objective_id].append(row)
    return found


def teams_by_objective(session: Session, objective_ids: Sequence[str]) -> dict[str, list[Team]]:
    """The teams that share each of these objectives, by name."""
    found: dict[str, list[Team]] = {one: [] for one in objective_ids}
    query = (
        select(ObjectiveTeam.objective_id, Team)
        .join(Team, col(Team.id) == ObjectiveTeam.team_id)
        .where(col(ObjectiveTeam.objective_id).in_(objective_ids))
        .order_by(Team.name)
    )
    for objective_id, team in session.exec(query):
        found[objective_id].append(team)
    return found


def undone(session: Session, key_result_id: str) -> set[str]:
    """Experiments whose effect on a key result was taken back."""
    query = select(UndoneLink.experiment_id).where(UndoneLink.key_result_id == key_result_id)
    return set(session.exec(query))


def sources_of(session: Session, key_result_ids: Sequence[str]) -> dict[str, ValueSource]:
    """Where we read these key results' values, where we do."""
    query = select(ValueSource).where(col(ValueSource.key_result_id).in_(key_result_ids))
    return {row.key_result_id: row for row in session.exec(query)}


_ENTRY = tuple(col(getattr(CheckIn, name)) for name in CheckIn.model_fields)


def entries(
    session: Session, key_result_ids: Sequence[str], *, since: Date | None = None
) -> Sequence[Row[Any]]:
    """What `store.entries` finds (from a day on), as plain rows: a week is about thousands."""
    question = (
        sa_select(*_ENTRY)
        .where(col(CheckIn.key_result_id).in_(key_result_ids), col(CheckIn.replaced_at).is_(None))
        .order_by(col(CheckIn.date), col(CheckIn.id))
    )
    if since is not None:
        question = question.where(col(CheckIn.date) >= since)
    return session.execute(question).all()

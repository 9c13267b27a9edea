"""A closed cycle never changes. One guard, in front of every write to the rows of outcomes.

It stands where the session hands its changes to the database, so it also holds for code that has
not been written yet. The one thing that may touch a closed cycle is to open it again.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import event, inspect, or_, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from app.okr.models import (
    CheckIn,
    Contribution,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveTeam,
    UndoneLink,
    UnusualWeek,
    ValueSource,
)
from app.platform.errors import Conflict

# Every kind of row that belongs to a cycle, and the column that leads there.
_LEADS_BY: dict[type[SQLModel], str] = {
    Cycle: "id",
    Objective: "cycle_id",
    ObjectiveTeam: "objective_id",
    KeyResult: "objective_id",
    CheckIn: "key_result_id",
    Contribution: "key_result_id",
    UndoneLink: "key_result_id",
    UnusualWeek: "key_result_id",
    ValueSource: "key_result_id",
}


def refuse(
    session: Session,
    *,
    cycles: Collection[str] = (),
    objectives: Collection[str] = (),
    key_results: Collection[str] = (),
) -> None:
    """Raise Conflict if a cycle of these is closed; otherwise none closes in this transaction."""
    with session.no_autoflush:
        found = session.execute(_named(cycles, objectives, key_results)).all()
    for name, closed_at in found:
        if closed_at is not None:
            raise Conflict(
                f"“{name}” is closed and scored, so nothing in it changes. Open it again to change"
                " it, or go on in a cycle that is running."
            )


def _named(
    cycles: Collection[str], objectives: Collection[str], key_results: Collection[str]
) -> Any:
    """Name and end of each cycle; locked against being closed until the transaction ends."""
    above = select(col(KeyResult.objective_id)).where(col(KeyResult.id).in_(key_results))
    within = select(col(Objective.cycle_id)).where(
        or_(col(Objective.id).in_(objectives), col(Objective.id).in_(above))
    )
    return (
        select(col(Cycle.name), col(Cycle.closed_at))
        .where(or_(col(Cycle.id).in_(cycles), col(Cycle.id).in_(within)))
        .order_by(col(Cycle.id))
        .with_for_update(read=True)
    )


@event.listens_for(Session, "before_flush")
def _look_before_writing(session: Session, _context: object, _instances: object) -> None:
    changed = [
        row
        for row in (*session.new, *session.deleted, *(filter(session.is_modified, session.dirty)))
        if type(row) in _LEADS_BY and not _opens_again(row)
    ]
    if changed:
        refuse(session, **_touched(changed))


def _touched(rows: Iterable[Any]) -> dict[str, set[str]]:
    """Ids by what they name, before and after the change: a row may be moved out or in."""
    named: dict[str, set[str]] = {"cycles": set(), "objectives": set(), "key_results": set()}
    for row in rows:
        column = _LEADS_BY[type(row)]
        where = {"id": "cycles", "cycle_id": "cycles", "objective_id": "objectives"}
        history = inspect(row).attrs[column].history
        named[where.get(column, "key_results")].update(
            one for one in (*history.sum(), getattr(row, column)) if one
        )
    return named


def _opens_again(row: Any) -> bool:
    """Whether this change is the one that opens a closed cycle."""
    if not isinstance(row, Cycle) or row.closed_at is not None:
        return False
    return any(inspect(row).attrs.closed_at.history.deleted)

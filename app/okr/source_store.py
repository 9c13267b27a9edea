"""All SQL of where the values of key results are read from."""

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime

from sqlalchemy import ScalarSelect, Select, func, or_, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.okr.models import (
    Cycle,
    KeyResult,
    Objective,
    ValueSource,
)


def source_of(session: Session, key_result_id: str) -> ValueSource | None:
    """Where we read a key result's values, if we do."""
    return session.get(ValueSource, key_result_id)


def drop_source(session: Session, key_result_id: str) -> None:
    """Read a key result's values no more."""
    held = source_of(session, key_result_id)
    if held is not None:
        session.delete(held)
        session.flush()


def due_sources(session: Session, *, day: Date, now: datetime) -> Sequence[str]:
    """Key results whose values are to be read now, the longest due first; while the cycle runs."""
    return session.exec(
        select(ValueSource.key_result_id)
        .where(
            ValueSource.due_at <= now,
            or_(col(ValueSource.lease_until).is_(None), col(ValueSource.lease_until) < now),
            col(ValueSource.key_result_id).in_(_of_running_cycles(day)),
        )
        .order_by(col(ValueSource.due_at))
        .limit(100)
    ).all()


def lease_source(
    session: Session, key_result_id: str, *, until: datetime, day: Date, now: datetime
) -> bool:
    """Take a reading upon oneself; False where another worker was first, or the cycle is over."""
    taken = session.execute(
        update(ValueSource)
        .where(
            col(ValueSource.key_result_id) == key_result_id,
            col(ValueSource.key_result_id).in_(_of_running_cycles(day)),
            col(ValueSource.due_at) <= now,
            or_(col(ValueSource.lease_until).is_(None), col(ValueSource.lease_until) < now),
        )
        .values(lease_until=until)
        .returning(col(ValueSource.key_result_id))
    )
    return taken.first() is not None


def _of_running_cycles(day: Date) -> Select[str]:
    """Ids of key results whose cycle is open and not over."""
    return (
        sa_select(col(KeyResult.id))
        .join(Objective, col(Objective.id) == col(KeyResult.objective_id))
        .join(Cycle, col(Cycle.id) == col(Objective.cycle_id))
        .where(col(Cycle.ends) >= day, col(Cycle.closed_at).is_(None))
    )


def first_source_due(*, day: Date) -> ScalarSelect[datetime]:
    """When the value was to be read that waits longest; while its cycle runs."""
    runs = col(ValueSource.key_result_id).in_(_of_running_cycles(day))
    return sa_select(func.min(col(ValueSource.due_at))).where(runs).scalar_subquery()

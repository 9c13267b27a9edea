"""The SQL of weeks: which key results a week is about, and what follows from many at once."""

from collections.abc import Sequence
from datetime import date as Date

from sqlmodel import Session, col, or_, select

from app.okr.models import Cycle, KeyResult, Objective, ToldWeek, UnusualWeek


def key_results_between(session: Session, first: Date, last: Date) -> Sequence[KeyResult]:
    """Key results of the cycles that have a day in this stretch of days, both ends in it."""
    return session.exec(
        select(KeyResult)
        .join(Objective, col(Objective.id) == KeyResult.objective_id)
        .join(Cycle, col(Cycle.id) == Objective.cycle_id)
        .where(Cycle.starts <= last, Cycle.ends >= first)
        .order_by(Objective.id, KeyResult.id)
    ).all()


def owned_between(session: Session, first: Date, last: Date) -> list[tuple[KeyResult, str]]:
    """Key results of open cycles with a day in this stretch; who answers: owner, or objective's."""
    found = session.exec(
        select(KeyResult, Objective.owner)
        .join(Objective, col(Objective.id) == KeyResult.objective_id)
        .join(Cycle, col(Cycle.id) == Objective.cycle_id)
        .where(Cycle.starts <= last, Cycle.ends >= first, col(Cycle.closed_at).is_(None))
        .order_by(Objective.id, KeyResult.id)
    )
    return [(row, row.owner or owner) for row, owner in found]


def cycles_of(
    session: Session, key_result_ids: Sequence[str]
) -> dict[str, tuple[Cycle, frozenset[str]]]:
    """The cycle that each of many key results belongs to, and the weeks that it leaves out."""
    cycles: dict[str, Cycle] = {}
    weeks: dict[str, set[str]] = {}
    for row_id, cycle, week in session.exec(
        select(KeyResult.id, Cycle, UnusualWeek.week)
        .join(Objective, col(Objective.id) == KeyResult.objective_id)
        .join(Cycle, col(Cycle.id) == Objective.cycle_id)
        .join(
            UnusualWeek,
            or_(
                col(UnusualWeek.key_result_id) == KeyResult.id,
                col(UnusualWeek.key_result_id) == "",
            ),
            isouter=True,
        )
        .where(col(KeyResult.id).in_(key_result_ids))
    ):
        cycles[row_id] = cycle
        weeks.setdefault(row_id, set()).update([week] if week else [])
    return {row_id: (cycle, frozenset(weeks[row_id])) for row_id, cycle in cycles.items()}


def told_weeks(session: Session, key_result_ids: Sequence[str]) -> dict[str, list[ToldWeek]]:
    """What weeks that were frozen said of many key results, each in order."""
    found: dict[str, list[ToldWeek]] = {one: [] for one in key_result_ids}
    for row in session.exec(
        select(ToldWeek)
        .where(col(ToldWeek.key_result_id).in_(key_result_ids))
        .order_by(col(ToldWeek.week))
    ):
        found[row.key_result_id].append(row)
    return found


def keep(session: Session, rows: Sequence[ToldWeek]) -> None:
    """Add what a week said; what was kept before stays."""
    for row in rows:
        if session.get(ToldWeek, (row.key_result_id, row.week)) is None:
            session.add(row)
    session.flush()


def closed(session: Session) -> list[tuple[KeyResult, Cycle, str]]:
    """Every key result of a closed cycle, with who answers for its objective."""
    found = session.exec(
        select(KeyResult, Cycle, Objective.owner)
        .join(Objective, col(Objective.id) == KeyResult.objective_id)
        .join(Cycle, col(Cycle.id) == Objective.cycle_id)
        .where(col(Cycle.closed_at).is_not(None))
        .order_by(col(Cycle.starts), KeyResult.id)
    )
    return [(row[0], row[1], row[2]) for row in found]

"""The SQL of weeks: which key results a week is about, and what follows from many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, exists, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, or_, select

from app.okr.models import (
    CheckIn,
    Contribution,
    Cycle,
    KeyResult,
    Objective,
    ToldWeek,
    UnusualWeek,
)
from app.platform.errors import NotFound

Said = Any  # a row with the fields of a ToldWeek: hundreds are read, none is written
_SAID = tuple(col(getattr(ToldWeek, name)) for name in ToldWeek.model_fields)
_LATELY = timedelta(weeks=5)  # ours: a list reads at least so far back in any case


@dataclass(frozen=True, slots=True)
class Placed:
    """A key result in its cycle. `kept`: what frozen weeks said of it, in order.

    left_out: unusual weeks, its own and those of all. reaches_back: what is known of it rests on
    values from before the last weeks; it may do so without, too.
    """

    row: KeyResult
    objective: Objective
    cycle: Cycle
    left_out: frozenset[str]
    reaches_back: bool
    kept: list[Said]

    @property
    def owner(self) -> str:
        """Who answers for it, or for its objective."""
        return self.row.owner or self.objective.owner


def has_day_between(first: Date, last: Date) -> tuple[ColumnElement[bool], ...]:
    """The cycle has a day in this stretch of days, both ends in it."""
    return col(Cycle.starts) <= last, col(Cycle.ends) >= first


def any_between(session: Session, first: Date, last: Date) -> bool:
    """Whether there is a key result of such a cycle."""
    question = (
        sa_select(col(KeyResult.id))
        .join(Objective, col(Objective.id) == col(KeyResult.objective_id))
        .join(Cycle, col(Cycle.id) == col(Objective.cycle_id))
        .where(*has_day_between(first, last))
    )
    return session.execute(question.limit(1)).first() is not None


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


def _placed(today: Date, *wanted: ColumnElement[bool]) -> CTE:
    """One row per key result: the weeks that it leaves out, and whether older values matter."""
    weeks = (
        sa_select(func.aggregate_strings(col(UnusualWeek.week), " "))
        .where(col(UnusualWeek.key_result_id).in_([col(KeyResult.id), ""]))
        .scalar_subquery()
    )
    return (
        sa_select(
            col(KeyResult.id).label("id"),
            weeks.label("left_out"),
            _reaches_back(today).label("reaches_back"),
        )
        .join(Objective, col(Objective.id) == col(KeyResult.objective_id))
        .join(Cycle, col(Cycle.id) == col(Objective.cycle_id))
        .where(*wanted)
        .cte("placed")
        .prefix_with("MATERIALIZED")  # asked once for each, and not for each of its told weeks
    )


def _reaches_back(today: Date) -> ColumnElement[bool]:
    """Nobody put a value lately, or said how sure they are; or a ledger adds to an old one."""
    monday = today - timedelta(days=today.weekday())
    lately = exists().where(
        col(CheckIn.key_result_id) == col(KeyResult.id),
        col(CheckIn.replaced_at).is_(None),
        col(CheckIn.date) >= monday - _LATELY,
    )
    value = lately.where(col(CheckIn.date) < monday, col(CheckIn.confirms).is_(False))
    ledger = exists().where(col(Contribution.key_result_id) == col(KeyResult.id))
    return or_(ledger, ~value, ~lately.where(col(CheckIn.confidence).is_not(None)))


def placed(session: Session, *wanted: ColumnElement[bool], today: Date) -> list[Placed]:
    """Key results as they stand in their cycles, in the order in which they were set."""
    about = _placed(today, *wanted)
    question = (
        sa_select(KeyResult, Objective, Cycle, about.c.left_out, about.c.reaches_back, *_SAID)
        .join(about, about.c.id == col(KeyResult.id))
        .join(Objective, col(Objective.id) == col(KeyResult.objective_id))
        .join(Cycle, col(Cycle.id) == col(Objective.cycle_id))
        .outerjoin(ToldWeek, col(ToldWeek.key_result_id) == col(KeyResult.id))
        .order_by(col(Objective.id), col(KeyResult.id), col(ToldWeek.week))
    )
    by_id: dict[str, Placed] = {}
    for line in session.execute(question):
        row, objective, cycle, weeks, reaches_back = line[:5]
        one = by_id.get(row.id)
        if one is None:
            left_out = frozenset((weeks or "").split())
            one = by_id[row.id] = Placed(row, objective, cycle, left_out, bool(reaches_back), [])
        if line.week is not None:
            one.kept.append(line)
    return list(by_id.values())


def placed_one(session: Session, key_result_id: str, *, today: Date) -> Placed:
    """One of them. Raises NotFound."""
    rows = placed(session, col(KeyResult.id) == key_result_id, today=today)
    if not rows:
        raise NotFound("There is no key result with this id.")
    return rows[0]


def keep(session: Session, rows: Sequence[ToldWeek]) -> None:
    """Add what a week said; what was kept before stays."""
    for row in rows:
        if session.get(ToldWeek, (row.key_result_id, row.week)) is None:
            session.add(row)
    session.flush()

"""Teams, cycles, objectives and key results: page by page, and many at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, cast, literal, null, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, SQLModel, col, select

from app.okr.models import (
    CheckIn,
    Contribution,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveTeam,
    Team,
    ValueSource,
)
from app.platform.paging import Order, Part, part


@dataclass(frozen=True, slots=True)
class Aim:
    """A key result, and the last day of its cycle."""

    row: KeyResult
    ends: Date


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


def with_ends(session: Session, key_result_ids: Collection[str]) -> dict[str, Aim]:
    """The same with the last days of their cycles."""
    query = (
        select(KeyResult, col(Cycle.ends))
        .join(Objective, col(Objective.id) == KeyResult.objective_id)
        .join(Cycle, col(Cycle.id) == Objective.cycle_id)
        .where(col(KeyResult.id).in_(key_result_ids))
    )
    if not key_result_ids:
        return {}
    return {row.id: Aim(row, ends) for row, ends in session.exec(query)}


def by_objective(session: Session, objective_ids: Sequence[str]) -> dict[str, list[KeyResult]]:
    """The key results of each of these objectives, in the order they were set."""
    found: dict[str, list[KeyResult]] = {objective_id: [] for objective_id in objective_ids}
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


def sources_of(session: Session, key_result_ids: Sequence[str]) -> dict[str, ValueSource]:
    """Where we read these key results' values, where we do."""
    query = select(ValueSource).where(col(ValueSource.key_result_id).in_(key_result_ids))
    return {row.key_result_id: row for row in session.exec(query)}


Entry = Row[Any]  # a check-in that holds: it begins with the parts of a `series.Value`
_ENTRY = (
    "date", "value", "recorded_at", "recorded_by", "source", "comment", "confidence", "confirms",
    "experiment_id", "observed", "estimate", "low", "high", "id", "key_result_id",
)  # fmt: skip
# A line of the ledger, where an entry has the same: what it measured, over whom, by whom posted.
_POSTED: Mapping[str, Any] = {
    "id": col(Contribution.id),
    "key_result_id": col(Contribution.key_result_id),
    "date": col(Contribution.date),
    "value": col(Contribution.amount),
    "recorded_at": col(Contribution.posted_at),
    "recorded_by": col(Contribution.posted_by),
    "experiment_id": col(Contribution.experiment_id),
    "observed": col(Contribution.people),
    "low": col(Contribution.low),
    "high": col(Contribution.high),
}
_OF_LEDGER = ("event", "overlaps")


@dataclass(frozen=True, slots=True)
class Put:
    """What the values of several key results follow from: entries that hold, and ledgers."""

    entries: list[Entry]
    posted: list[Contribution]


def put(
    session: Session,
    key_result_ids: Sequence[str],
    *,
    since: Date | None = None,
    whole: Collection[str] = (),
) -> Put:
    """Both in order of date; plain rows: a week is about thousands.

    Entries from a day on, of the key results of which not the `whole` is asked for.
    """
    entries = sa_select(
        *(col(getattr(CheckIn, name)) for name in _ENTRY),
        literal(value=False).label("is_posted"),
        *(_nothing(one) for one in _OF_LEDGER),
    ).where(_are_asked(key_result_ids, since, whole), col(CheckIn.replaced_at).is_(None))
    posted = sa_select(
        *(_POSTED.get(name, _empty(name)) for name in _ENTRY),
        literal(value=True),
        *(col(getattr(Contribution, one)) for one in _OF_LEDGER),
    ).where(col(Contribution.key_result_id).in_(key_result_ids))
    every = entries.union_all(posted).order_by("date", "id")
    rows = session.execute(every).all() if key_result_ids else ()
    return Put(
        [row for row in rows if not row.is_posted],
        [_contribution(row) for row in rows if row.is_posted],
    )


def _are_asked(
    key_result_ids: Sequence[str], since: Date | None, whole: Collection[str]
) -> ColumnElement[bool]:
    """Two ranges of one index: all of some, the last part of the others."""
    if since is None:
        return col(CheckIn.key_result_id).in_(key_result_ids)
    others = [key_result_id for key_result_id in key_result_ids if key_result_id not in whole]
    return or_(
        col(CheckIn.key_result_id).in_(whole),
        and_(col(CheckIn.key_result_id).in_(others), col(CheckIn.date) >= since),
    )


def _nothing(name: str) -> Any:
    return cast(null(), _type(Contribution, name)).label(name)


def _empty(name: str) -> Any:
    return cast(null(), _type(CheckIn, name))


def _type(model: type[SQLModel], name: str) -> Any:
    return getattr(model, name).type


def _contribution(row: Row[Any]) -> Contribution:
    fields = {name: getattr(row, name) for name in ("id", "key_result_id", "date", "low", "high")}
    return Contribution(
        **fields,
        experiment_id=row.experiment_id,
        amount=row.value,
        people=row.observed,
        event=row.event,
        overlaps=row.overlaps,
        posted_at=row.recorded_at,
        posted_by=row.recorded_by,
    )

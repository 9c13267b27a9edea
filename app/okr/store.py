"""All SQL of outcomes."""

from collections.abc import Iterable, Sequence
from datetime import date as Date
from datetime import datetime

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, select

from app.okr.models import (
    CheckIn,
    Contribution,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveTeam,
    Team,
    UndoneLink,
    ValueSource,
)
from app.platform.errors import NotFound


def team_of(session: Session, team_id: str) -> Team:
    """A team by id."""
    found = session.get(Team, team_id)
    if found is None:
        raise NotFound("There is no team with this id.")
    return found


def team_named(session: Session, name: str) -> Team | None:
    """A team by name."""
    return session.exec(select(Team).where(Team.name == name)).one_or_none()


def teams(session: Session) -> Sequence[Team]:
    """All teams, by name."""
    return session.exec(select(Team).order_by(Team.name)).all()


def cycle_of(session: Session, cycle_id: str) -> Cycle:
    """A cycle by id."""
    found = session.get(Cycle, cycle_id)
    if found is None:
        raise NotFound("There is no cycle with this id.")
    return found


def cycle_named(session: Session, name: str) -> Cycle | None:
    """A cycle by name."""
    return session.exec(select(Cycle).where(Cycle.name == name)).one_or_none()


def cycles(session: Session) -> Sequence[Cycle]:
    """All cycles, the latest first."""
    return session.exec(select(Cycle).order_by(col(Cycle.starts).desc(), Cycle.name)).all()


def objective_of(session: Session, objective_id: str) -> Objective:
    """An objective by id."""
    found = session.get(Objective, objective_id)
    if found is None:
        raise NotFound("There is no objective with this id.")
    return found


def objectives(session: Session, *, cycle_id: str | None = None) -> Sequence[Objective]:
    """Objectives in the order they were set, of one cycle or of all."""
    query = select(Objective).order_by(Objective.id)
    if cycle_id:
        query = query.where(Objective.cycle_id == cycle_id)
    return session.exec(query).all()


def teams_of(session: Session, objective_id: str) -> Sequence[Team]:
    """The teams that share an objective, by name."""
    return session.exec(
        select(Team)
        .join(ObjectiveTeam, col(ObjectiveTeam.team_id) == Team.id)
        .where(ObjectiveTeam.objective_id == objective_id)
        .order_by(Team.name)
    ).all()


def share(session: Session, objective_id: str, team_ids: Iterable[str]) -> None:
    """Let teams share an objective."""
    session.add_all(ObjectiveTeam(objective_id=objective_id, team_id=one) for one in set(team_ids))


def unshare(session: Session, objective_id: str) -> None:
    """Let no team share an objective."""
    session.execute(delete(ObjectiveTeam).where(col(ObjectiveTeam.objective_id) == objective_id))


def key_result_of(session: Session, key_result_id: str) -> KeyResult:
    """A key result by id."""
    found = session.get(KeyResult, key_result_id)
    if found is None:
        raise NotFound("There is no key result with this id.")
    return found


def claimed(session: Session, key_result_id: str) -> KeyResult:
    """A key result whose values nobody else changes before the end of this transaction."""
    query = select(KeyResult).where(KeyResult.id == key_result_id).with_for_update()
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound("There is no key result with this id.")
    return found


def key_results(
    session: Session,
    *,
    objective_id: str | None = None,
    cursor: str | None = None,
    limit: int = 1000,
) -> Sequence[KeyResult]:
    """Key results in the order they were set."""
    query = select(KeyResult).order_by(KeyResult.id).limit(limit)
    if objective_id:
        query = query.where(KeyResult.objective_id == objective_id)
    if cursor:
        query = query.where(KeyResult.id > cursor)
    return session.exec(query).all()


def cycle_of_key_result(session: Session, row: KeyResult) -> Cycle:
    """The cycle that a key result belongs to."""
    return cycle_of(session, objective_of(session, row.objective_id).cycle_id)


def values(session: Session, key_result_id: str) -> Sequence[CheckIn]:
    """The values that hold, one a day, in order of date."""
    return session.exec(
        select(CheckIn)
        .where(CheckIn.key_result_id == key_result_id, col(CheckIn.replaced_at).is_(None))
        .order_by(col(CheckIn.date))
    ).all()


def value_on(session: Session, key_result_id: str, day: Date) -> CheckIn | None:
    """The value that holds for a day."""
    return session.exec(
        select(CheckIn).where(
            CheckIn.key_result_id == key_result_id,
            CheckIn.date == day,
            col(CheckIn.replaced_at).is_(None),
        )
    ).one_or_none()


def history_of(session: Session, key_result_id: str, day: Date) -> Sequence[CheckIn]:
    """Every value that was ever put for a day, the first first."""
    return session.exec(
        select(CheckIn)
        .where(CheckIn.key_result_id == key_result_id, CheckIn.date == day)
        .order_by(CheckIn.id)
    ).all()


def written_by(session: Session, key_result_id: str, experiment_id: str) -> Sequence[CheckIn]:
    """The values that an experiment wrote and that still hold, in order of date."""
    return session.exec(
        select(CheckIn)
        .where(
            CheckIn.key_result_id == key_result_id,
            CheckIn.experiment_id == experiment_id,
            col(CheckIn.replaced_at).is_(None),
        )
        .order_by(col(CheckIn.date))
    ).all()


def contributions(session: Session, key_result_id: str) -> Sequence[Contribution]:
    """The ledger of a key result, in order of date."""
    return session.exec(
        select(Contribution)
        .where(Contribution.key_result_id == key_result_id)
        .order_by(col(Contribution.date), Contribution.id)
    ).all()


def contribution_of(
    session: Session, key_result_id: str, experiment_id: str
) -> Contribution | None:
    """What one experiment added to a key result."""
    return session.exec(
        select(Contribution).where(
            Contribution.key_result_id == key_result_id,
            Contribution.experiment_id == experiment_id,
        )
    ).one_or_none()


def undone(session: Session, key_result_id: str, experiment_id: str) -> bool:
    """Whether what an experiment wrote was taken back."""
    return session.get(UndoneLink, (key_result_id, experiment_id)) is not None


def experiment_wrote(session: Session, key_result_id: str) -> bool:
    """Whether any value that holds was written by an experiment."""
    return any(one.experiment_id for one in values(session, key_result_id))


def has_history(session: Session, key_result_id: str) -> bool:
    """Whether a value was ever put, or an experiment ever posted."""
    ever = select(CheckIn.id).where(CheckIn.key_result_id == key_result_id).limit(1)
    return bool(session.exec(ever).first() or contributions(session, key_result_id))


def drop_key_result(session: Session, row: KeyResult) -> None:
    """Delete a key result that has no history."""
    drop_source(session, row.id)
    session.delete(row)
    session.flush()


def source_of(session: Session, key_result_id: str) -> ValueSource | None:
    """Where we read a key result's values, if we do."""
    return session.get(ValueSource, key_result_id)


def drop_source(session: Session, key_result_id: str) -> None:
    """Read a key result's values no more."""
    session.execute(delete(ValueSource).where(col(ValueSource.key_result_id) == key_result_id))


def due_sources(session: Session, *, now: datetime) -> Sequence[str]:
    """Key results whose values are to be read now, the longest due first."""
    return session.exec(
        select(ValueSource.key_result_id)
        .where(
            ValueSource.due_at <= now,
            or_(col(ValueSource.lease_until).is_(None), col(ValueSource.lease_until) < now),
        )
        .order_by(col(ValueSource.due_at))
        .limit(100)
    ).all()


def lease_source(session: Session, key_result_id: str, *, until: datetime, now: datetime) -> bool:
    """Take a reading upon oneself; False where another worker was first."""
    taken = session.execute(
        update(ValueSource)
        .where(
            col(ValueSource.key_result_id) == key_result_id,
            col(ValueSource.due_at) <= now,
            or_(col(ValueSource.lease_until).is_(None), col(ValueSource.lease_until) < now),
        )
        .values(lease_until=until)
        .returning(col(ValueSource.key_result_id))
    )
    return taken.first() is not None

"""All SQL of outcomes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date as Date

from sqlmodel import Session, col, select

from app.okr import closed, source_store
from app.okr.models import (
    CheckIn,
    Contribution,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveTeam,
    Team,
    UndoneLink,
    UnusualWeek,
)
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_KEY_RESULTS = Order("key results")
_HISTORY = Order("values of a day")


def team_of(session: Session, team_id: str) -> Team:
    """A team by id."""
    team = session.get(Team, team_id)
    if team is None:
        raise NotFound("There is no team with this id.")
    return team


def team_names(session: Session, team_ids: Sequence[str]) -> list[str]:
    """What these teams are called, in their order."""
    found = session.exec(select(Team).where(col(Team.id).in_(team_ids)))
    names = {team.id: team.name for team in found}
    return [names[team_id] for team_id in team_ids if team_id in names]


def team_named(session: Session, name: str) -> Team | None:
    """A team by name."""
    return session.exec(select(Team).where(Team.name == name)).one_or_none()


def teams(session: Session) -> Sequence[Team]:
    """All teams, by name."""
    return session.exec(select(Team).order_by(Team.name)).all()


def cycle_of(session: Session, cycle_id: str) -> Cycle:
    """A cycle by id."""
    cycle = session.get(Cycle, cycle_id)
    if cycle is None:
        raise NotFound("There is no cycle with this id.")
    return cycle


def cycle_named(session: Session, name: str) -> Cycle | None:
    """A cycle by name."""
    return session.exec(select(Cycle).where(Cycle.name == name)).one_or_none()


def cycles(session: Session) -> Sequence[Cycle]:
    """All cycles, the latest first."""
    return session.exec(select(Cycle).order_by(col(Cycle.starts).desc(), Cycle.name)).all()


def objective_of(session: Session, objective_id: str) -> Objective:
    """An objective by id."""
    objective = session.get(Objective, objective_id)
    if objective is None:
        raise NotFound("There is no objective with this id.")
    return objective


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
    session.add_all(
        ObjectiveTeam(objective_id=objective_id, team_id=team_id) for team_id in set(team_ids)
    )


def unshare(session: Session, objective_id: str) -> None:
    """Let no team share an objective."""
    shared = select(ObjectiveTeam).where(ObjectiveTeam.objective_id == objective_id)
    for row in session.exec(shared):
        session.delete(row)
    session.flush()


def key_result_of(session: Session, key_result_id: str) -> KeyResult:
    """A key result by id."""
    key_result = session.get(KeyResult, key_result_id)
    if key_result is None:
        raise NotFound("There is no key result with this id.")
    return key_result


def claimed(session: Session, key_result_id: str) -> KeyResult:
    """A key result of an open cycle; nobody else changes its values before this transaction ends.

    The cycle first, then the key result: whoever closes the cycle takes them in this order, too.
    """
    closed.refuse(session, key_results=(key_result_id,))
    query = select(KeyResult).where(KeyResult.id == key_result_id).with_for_update()
    key_result = session.exec(query).one_or_none()
    if key_result is None:
        raise NotFound("There is no key result with this id.")
    return key_result


def claimed_cycle(session: Session, cycle_id: str) -> Cycle:
    """A cycle that nobody writes to, and nobody else changes, before this transaction ends."""
    query = select(Cycle).where(Cycle.id == cycle_id).with_for_update()
    cycle = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if cycle is None:
        raise NotFound("There is no cycle with this id.")
    return cycle


def key_results(
    session: Session,
    *,
    objective_id: str | None = None,
    cursor: str | None = None,
    limit: int = 1000,
) -> Part[KeyResult]:
    """Key results in the order they were set."""
    query = select(KeyResult)
    if objective_id:
        query = query.where(KeyResult.objective_id == objective_id)
    return part(session, query, _KEY_RESULTS, KeyResult.id, cursor=cursor, limit=limit)


def every_key_result(session: Session) -> Sequence[KeyResult]:
    """All key results, in the order they were set."""
    return session.exec(select(KeyResult).order_by(KeyResult.id)).all()


def cycle_of_key_result(session: Session, row: KeyResult) -> Cycle:
    """The cycle that a key result belongs to."""
    return cycle_of(session, objective_of(session, row.objective_id).cycle_id)


def is_closed(session: Session, key_result_id: str) -> bool:
    """Whether the cycle of a key result is closed and scored."""
    cycle = cycle_of_key_result(session, key_result_of(session, key_result_id))
    return cycle.closed_at is not None


def ends_of(session: Session, key_result_ids: Collection[str]) -> dict[str, Date]:
    """The last day of each key result's cycle."""
    found = session.exec(
        select(col(KeyResult.id), col(Cycle.ends))
        .join(Objective, col(Objective.id) == KeyResult.objective_id)
        .join(Cycle, col(Cycle.id) == Objective.cycle_id)
        .where(col(KeyResult.id).in_(key_result_ids))
    )
    return dict(iter(found))


def entries(session: Session, *key_result_ids: str) -> Sequence[CheckIn]:
    """What was put, measured by runs or confirmed, and holds; in order of date and of writing."""
    return session.exec(
        select(CheckIn)
        .where(col(CheckIn.key_result_id).in_(key_result_ids), col(CheckIn.replaced_at).is_(None))
        .order_by(col(CheckIn.date), CheckIn.id)
    ).all()


def check_in_of(session: Session, key_result_id: str, check_in_id: str) -> CheckIn:
    """A check-in of a key result, though it may hold no more. Raises NotFound."""
    row = session.get(CheckIn, check_in_id)
    if row is None or row.key_result_id != key_result_id:
        raise NotFound("This key result has no check-in with this id.")
    return row


def put_on(
    session: Session, key_result_id: str, day: Date, *, confirms: bool = False
) -> CheckIn | None:
    """The value that a person or a system put for a day; or what was only confirmed."""
    return session.exec(
        select(CheckIn).where(
            CheckIn.key_result_id == key_result_id,
            CheckIn.date == day,
            CheckIn.confirms == confirms,
            col(CheckIn.replaced_at).is_(None),
            col(CheckIn.experiment_id).is_(None),
        )
    ).one_or_none()


def replaced(session: Session, key_result_id: str) -> Sequence[CheckIn]:
    """What holds no more, the last replaced first."""
    return session.exec(
        select(CheckIn)
        .where(CheckIn.key_result_id == key_result_id, col(CheckIn.replaced_at).is_not(None))
        .order_by(col(CheckIn.replaced_at).desc(), col(CheckIn.id).desc())
    ).all()


def history_of(
    session: Session, key_result_id: str, day: Date, *, cursor: str | None = None, limit: int = 1000
) -> Part[CheckIn]:
    """Every value that was ever put for a day, the first first."""
    every = select(CheckIn).where(CheckIn.key_result_id == key_result_id, CheckIn.date == day)
    return part(session, every, _HISTORY, CheckIn.id, cursor=cursor, limit=limit)


def written_by(session: Session, key_result_id: str, experiment_id: str) -> CheckIn | None:
    """The value that a run wrote, while it holds."""
    return session.exec(
        select(CheckIn).where(
            CheckIn.key_result_id == key_result_id,
            CheckIn.experiment_id == experiment_id,
            col(CheckIn.replaced_at).is_(None),
        )
    ).one_or_none()


def contributions(session: Session, *key_result_ids: str) -> Sequence[Contribution]:
    """The ledger of a key result (or of several, mixed), in order of date."""
    return session.exec(
        select(Contribution)
        .where(col(Contribution.key_result_id).in_(key_result_ids))
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
    """Whether an experiment measured or added something that holds."""
    runs = any(entry.experiment_id for entry in entries(session, key_result_id))
    return runs or bool(contributions(session, key_result_id))


def has_history(session: Session, key_result_id: str) -> bool:
    """Whether a value was ever put, or an experiment ever posted."""
    ever = select(CheckIn.id).where(CheckIn.key_result_id == key_result_id).limit(1)
    return bool(session.exec(ever).first() or contributions(session, key_result_id))


def drop_key_result(session: Session, row: KeyResult) -> None:
    """Delete a key result that has no history."""
    source_store.drop_source(session, row.id)
    for mark in session.exec(select(UnusualWeek).where(UnusualWeek.key_result_id == row.id)):
        session.delete(mark)
    session.delete(row)
    session.flush()

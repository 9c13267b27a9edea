"""All SQL of experiments."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import String, cast, delete, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.audience.models import Audience
from app.experiments.models import Experiment, ExperimentLink, PeopleCount, Rehearsal, Status
from app.platform.errors import NotFound
from app.platform.paging import Order, Part, part

_EXPERIMENTS = Order("experiments", is_descending=True)


def experiment_of(session: Session, experiment_id: str) -> Experiment:
    """An experiment by id."""
    experiment = session.get(Experiment, experiment_id)
    if experiment is None:
        raise NotFound("There is no experiment with this id.")
    return experiment


def locked(session: Session, experiment_id: str) -> Experiment:
    """An experiment that nobody else changes until this transaction ends."""
    experiment = session.exec(
        select(Experiment)
        .where(Experiment.id == experiment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if experiment is None:
        raise NotFound("There is no experiment with this id.")
    return experiment


def experiments(
    session: Session,
    *,
    cursor: str | None = None,
    limit: int = 100,
    statuses: Iterable[str] = (),
    slice_id: str | None = None,
) -> Part[Experiment]:
    """Newest first."""
    query = select(Experiment)
    if statuses:
        query = query.where(col(Experiment.status).in_(list(statuses)))
    if slice_id:
        query = query.where(Experiment.slice_id == slice_id)
    return part(session, query, _EXPERIMENTS, Experiment.id, cursor=cursor, limit=limit)


def names_of(session: Session, experiment_ids: Sequence[str]) -> dict[str, str]:
    """What experiments are called, by id."""
    query = select(Experiment.id, Experiment.name).where(col(Experiment.id).in_(experiment_ids))
    return {row[0]: row[1] for row in session.exec(query)}


def started_names(session: Session) -> list[tuple[str, str]]:
    """Ids and names of experiments that began, newest first; nobody took part in a rehearsal."""
    query = select(Experiment.id, Experiment.name).where(
        col(Experiment.started_at).is_not(None),
        Experiment.status != Status.DRAFT,
        ~col(Experiment.rehearsal),
    )
    rows = session.exec(query.order_by(col(Experiment.id).desc()))
    return [(row[0], row[1]) for row in rows]


def some(session: Session, experiment_ids: Sequence[str]) -> Sequence[Experiment]:
    """These experiments, newest first."""
    query = select(Experiment).where(col(Experiment.id).in_(experiment_ids))
    return session.exec(query.order_by(col(Experiment.id).desc())).all() if experiment_ids else ()


def with_waves(session: Session) -> Sequence[str]:
    """Experiments that are sending in waves."""
    has_waves = cast(col(Experiment.design)["waves"], String) != "[]"
    query = select(Experiment.id).where(Experiment.status == Status.RUNNING, has_waves)
    return session.exec(query.order_by(Experiment.id)).all()


def linked_to(session: Session, key_result_id: str) -> Sequence[Experiment]:
    """Experiments that name this key result, newest first."""
    return session.exec(
        select(Experiment)
        .join(ExperimentLink, col(ExperimentLink.experiment_id) == Experiment.id)
        .where(ExperimentLink.key_result_id == key_result_id)
        .order_by(col(Experiment.id).desc())
    ).all()


def linked_since(
    session: Session, key_result_ids: Sequence[str], since: datetime
) -> Sequence[tuple[str, Experiment]]:
    """(key result, experiment) of those that began since a moment, newest first; no rehearsals."""
    return session.exec(
        select(ExperimentLink.key_result_id, Experiment)
        .join(Experiment, col(Experiment.id) == ExperimentLink.experiment_id)
        .where(
            col(ExperimentLink.key_result_id).in_(key_result_ids),
            col(Experiment.started_at) >= since,
            ~col(Experiment.rehearsal),
        )
        .order_by(col(Experiment.id).desc())
    ).all()


def due_to_start(session: Session, *, now: datetime) -> list[str]:
    """Scheduled experiments whose time has come; at once is at once, whatever a clock says."""
    is_due = (col(Experiment.scheduled_at) <= now) | (
        col(Experiment.scheduled_at) <= col(Experiment.launched_at)
    )
    query = (
        select(Experiment.id)
        .where(Experiment.status == Status.SCHEDULED, is_due, Experiment.undo_seconds == 0)
        .order_by(col(Experiment.scheduled_at))
    )
    return list(session.exec(query).all())


def is_any_scheduled(session: Session) -> bool:
    """Whether any experiment waits for its start."""
    query = select(Experiment.id).where(Experiment.status == Status.SCHEDULED)
    return session.exec(query.limit(1)).first() is not None


def undoable(session: Session) -> Sequence[Experiment]:
    """Experiments whose launch may still be undone."""
    query = select(Experiment).where(
        Experiment.status == Status.SCHEDULED, Experiment.undo_seconds > 0
    )
    return session.exec(query.order_by(Experiment.id)).all()


def tests_of(session: Session, slice_ids: Sequence[str]) -> dict[str, list[Experiment]]:
    """The experiments of slices, newest first."""
    found: dict[str, list[Experiment]] = {}
    query = select(Experiment).where(col(Experiment.slice_id).in_(slice_ids))
    for row in session.exec(query.order_by(col(Experiment.id).desc())):
        found.setdefault(str(row.slice_id), []).append(row)
    return found


def forget_rehearsals(session: Session) -> None:
    """They name people, and are made again by themselves."""
    session.execute(delete(Rehearsal))


def looked_through(session: Session, experiment_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of many experiments: people enrolled or left out so far, and people of the audience."""
    looked_at = (
        sa_select(func.sum(col(PeopleCount.people)))
        .where(col(PeopleCount.experiment_id) == col(Experiment.id))
        .scalar_subquery()
    )
    wanted = (
        sa_select(col(Experiment.id), looked_at, col(Audience.people))
        .outerjoin(Audience, col(Audience.id) == col(Experiment.audience_id))
        .where(
            col(Experiment.id).in_(experiment_ids),
            col(Experiment.audience_id).is_not(None),
        )
    )
    return {row[0]: (int(row[1] or 0), row[2] or 0) for row in session.execute(wanted)}


def rehearsed(session: Session, experiment_ids: Sequence[str]) -> Sequence[Rehearsal]:
    """Looks through everybody that came to their end and hold for the audience as it is."""
    query = (
        select(Rehearsal)
        .join(Audience, col(Audience.id) == Rehearsal.audience_id)
        .where(
            col(Rehearsal.experiment_id).in_(experiment_ids),
            col(Rehearsal.done),
            Audience.revision == Rehearsal.revision,
        )
    )
    return session.exec(query).all()

"""All SQL of the review: decisions, what a week is about, what was written in it and frozen."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.experiments.models import Experiment, Feature, Slice, Status
from app.platform.errors import NotFound
from app.review.models import Decision, FrozenWeek, ItemKind, WeekItem

Decided = tuple[Decision, Experiment, Slice | None, Feature | None]


def decision_of(session: Session, experiment_id: str) -> Decision | None:
    """The decision on an experiment, once there is one."""
    return session.exec(select(Decision).where(Decision.experiment_id == experiment_id)).first()


def decisions(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    experiment_id: str | None = None,
) -> list[Decided]:
    """Every decision with its experiment, slice and feature, the latest first."""
    wanted = (
        select(Decision, Experiment, Slice, Feature)
        .join(Experiment, col(Experiment.id) == Decision.experiment_id)
        .outerjoin(Slice, col(Slice.id) == Experiment.slice_id)
        .outerjoin(Feature, col(Feature.id) == Slice.feature_id)
        .order_by(col(Decision.at).desc(), col(Decision.id).desc())
    )
    if since is not None:
        wanted = wanted.where(col(Decision.at) >= since)
    if until is not None:
        wanted = wanted.where(col(Decision.at) < until)
    if experiment_id is not None:
        wanted = wanted.where(Decision.experiment_id == experiment_id)
    return [(row[0], row[1], row[2], row[3]) for row in session.exec(wanted)]


def slices(session: Session) -> list[tuple[Slice, Feature]]:
    """Every slice with its feature: doubts that have a name first, then in their order."""
    found = session.exec(
        select(Slice, Feature)
        .join(Feature, col(Feature.id) == Slice.feature_id)
        .order_by(col(Slice.riskiest).is_(None), col(Slice.position), col(Slice.id))
    )
    return [(row[0], row[1]) for row in found]


def tests_of_slices(session: Session) -> Sequence[Experiment]:
    """Every experiment that tests a slice, the newest last."""
    return session.exec(
        select(Experiment)
        .where(col(Experiment.slice_id).is_not(None))
        .order_by(col(Experiment.created_at), col(Experiment.id))
    ).all()


def under_way(session: Session) -> Sequence[Experiment]:
    """Experiments that were launched and are not decided, the oldest first."""
    statuses = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING)
    return session.exec(
        select(Experiment)
        .where(col(Experiment.status).in_(statuses))
        .order_by(col(Experiment.launched_at), col(Experiment.id))
    ).all()


def starting(session: Session, *, since: datetime, until: datetime) -> Sequence[Experiment]:
    """Experiments that began, or are to begin, between two moments, the first one first."""
    moment = func.coalesce(col(Experiment.started_at), col(Experiment.scheduled_at))
    return session.exec(
        select(Experiment)
        .where(moment >= since, moment < until, Experiment.status != Status.CANCELLED)
        .order_by(moment, col(Experiment.id))
    ).all()


def items(session: Session, week: str, kind: ItemKind) -> Sequence[WeekItem]:
    """What was written in a week's review, in the order of writing."""
    return session.exec(
        select(WeekItem)
        .where(WeekItem.week == week, WeekItem.kind == kind)
        .order_by(col(WeekItem.created_at), col(WeekItem.id))
    ).all()


def item_of(session: Session, week: str, item_id: str) -> WeekItem:
    """A line of a week. Raises NotFound."""
    item = session.get(WeekItem, item_id)
    if item is None or item.week != week:
        raise NotFound(f"There is no such line in {week}.")
    return item


def commitment_of(session: Session, item_id: str) -> WeekItem:
    """A commitment. Raises NotFound."""
    item = session.get(WeekItem, item_id)
    if item is None or item.kind != ItemKind.COMMITMENT:
        raise NotFound("There is no such commitment.")
    return item


def frozen_week(session: Session, week: str) -> FrozenWeek | None:
    """The week as it was told, once it is frozen."""
    return session.get(FrozenWeek, week)


def freeze(session: Session, row: FrozenWeek) -> bool:
    """Keep a week as it is told; False where somebody was quicker."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True

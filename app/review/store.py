"""All SQL of the review: decisions and what they are about, and what is under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, true
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.analysis.models import Snapshot
from app.analysis.store import is_what_counts
from app.audience.models import Audience
from app.delivery.queue_store import Standing, standing_of, with_standings
from app.experiments import approvals
from app.experiments.models import Experiment, ExperimentLink, Feature, Slice, Status
from app.experiments.vocabulary import RuleKind
from app.okr.models import UndoneLink
from app.platform.errors import NotFound
from app.review.models import Choice, Decision

_UNDER_WAY = (Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.MEASURING)
_DESIGN = col(Experiment.design)
_FACTS = (
    *(col(getattr(Decision, name)).label(name) for name in Decision.model_fields),
    col(Experiment.name).label("name"),
    _DESIGN["hypothesis"].label("hypothesis"),
    col(Slice.title).label("slice"),
    col(Feature.id).label("feature_id"),
    col(Feature.title).label("feature"),
    col(Feature.key_result_id).label("key_result_id"),
)


@dataclass(frozen=True, slots=True)
class About:
    """An experiment, and what belongs to it, as far as there is any. `frozen`: what counts."""

    experiment: Experiment
    slice: Slice | None
    feature: Feature | None
    audience: Audience | None
    decision: Decision | None
    frozen: Snapshot | None
    asked_by: str  # who asked others to approve it as it is now; empty: nobody yet


Decided = Row[Any]  # one row of `decided`: a decision's fields, and those of what it is about


def about(session: Session, experiment_id: str) -> About:
    """An experiment with all that there is one of. Raises NotFound."""
    question = (
        sa_select(Experiment, Slice, Feature, Audience, Decision, Snapshot)
        .select_from(Experiment)
        .outerjoin(Slice, col(Slice.id) == Experiment.slice_id)
        .outerjoin(Feature, col(Feature.id) == Slice.feature_id)
        .outerjoin(Audience, col(Audience.id) == Experiment.audience_id)
        .outerjoin(Decision, col(Decision.experiment_id) == Experiment.id)
        .outerjoin(Snapshot, is_what_counts())
        .where(col(Experiment.id) == experiment_id)
    )
    found = session.execute(approvals.beside(question)).one_or_none()
    if found is None:
        raise NotFound("There is no experiment with this id.")
    experiment, *rest, asked, approval = found
    return About(*(experiment, *rest, approvals.asked_by(experiment, asked, approval)))


def decision_of(session: Session, experiment_id: str) -> Decision | None:
    """The decision on an experiment, once there is one."""
    return session.exec(select(Decision).where(Decision.experiment_id == experiment_id)).first()


def decisions_of(session: Session, experiment_ids: Sequence[str]) -> dict[str, Decision]:
    """The decisions on these experiments, by experiment."""
    wanted = select(Decision).where(col(Decision.experiment_id).in_(experiment_ids))
    return {row.experiment_id: row for row in session.exec(wanted)}


@dataclass(frozen=True, slots=True)
class ToMove:
    """An experiment that should move a key result, and what became of it."""

    experiment: Experiment
    decision: Decision | None
    undone: bool  # what it wrote was taken back


def to_move(session: Session, key_result_id: str) -> list[ToMove]:
    """Experiments that name this key result, newest first."""
    is_undone = and_(
        col(UndoneLink.experiment_id) == col(Experiment.id),
        col(UndoneLink.key_result_id) == key_result_id,
    )
    question = (
        sa_select(Experiment, Decision, UndoneLink)
        .select_from(Experiment)
        .join(ExperimentLink, col(ExperimentLink.experiment_id) == Experiment.id)
        .outerjoin(Decision, col(Decision.experiment_id) == Experiment.id)
        .outerjoin(UndoneLink, is_undone)
        .where(col(ExperimentLink.key_result_id) == key_result_id)
        .order_by(col(Experiment.id).desc())
    )
    found = session.execute(question)
    return [ToMove(row, decision, undone is not None) for row, decision, undone in found]


def any_decided(session: Session, *, since: datetime, until: datetime) -> bool:
    """Whether anything was decided between two moments."""
    wanted = select(Decision.id).where(col(Decision.at) >= since, col(Decision.at) < until)
    return session.exec(wanted.limit(1)).first() is not None


def decided(
    session: Session, *wanted: ColumnElement[bool], limit: int | None = None
) -> list[Decided]:
    """Decisions with what they are about, the latest first."""
    question = _about(sa_select(*_FACTS), *wanted)
    question = question.order_by(col(Decision.at).desc(), col(Decision.id).desc())
    return list(session.execute(question.limit(limit)).all())


def decisions(*wanted: ColumnElement[bool]) -> Any:
    """The question for decisions themselves, narrowed by what they are about."""
    return _about(sa_select(Decision), *wanted)


def count_decided(session: Session, *wanted: ColumnElement[bool]) -> int:
    """How many there are."""
    return int(session.execute(_about(sa_select(func.count()), *wanted)).scalar_one())


def _avoided(until: datetime | None) -> Select[Any]:
    """One row: weeks of building that features would have cost whose last decision is to stop."""
    newest_first = (col(Decision.at).desc(), col(Decision.id).desc())
    last = (
        sa_select(
            col(Feature.full_build_weeks).label("weeks"),
            col(Decision.decision).label("decision"),
            func.row_number()
            .over(partition_by=col(Feature.id), order_by=newest_first)
            .label("back"),
        )
        .select_from(Decision)
        .join(Experiment, col(Experiment.id) == Decision.experiment_id)
        .join(Slice, col(Slice.id) == Experiment.slice_id)
        .join(Feature, col(Feature.id) == Slice.feature_id)
    )
    if until is not None:
        last = last.where(col(Decision.at) < until)
    one = last.subquery("last")
    weeks = func.coalesce(func.sum(one.c.weeks), 0.0).label("weeks_avoided")
    return sa_select(weeks).where(one.c.back == 1, one.c.decision == Choice.STOP)


def weeks_avoided(session: Session, *, until: datetime | None = None) -> float:
    """Weeks of building that were not spent, by what was decided before a moment."""
    return float(session.execute(_avoided(until)).scalar_one())


def decided_between(
    session: Session, since: datetime, until: datetime | None
) -> tuple[list[Decided], float]:
    """What was decided, as `decided` has it, and the weeks avoided by then: in one question."""
    wanted = [col(Decision.at) >= since, *([col(Decision.at) < until] if until else [])]
    facts = _about(sa_select(*_FACTS), *wanted).subquery("facts")
    avoided = _avoided(until).subquery("avoided")
    question = (
        sa_select(avoided.c.weeks_avoided, *facts.c)
        .select_from(avoided)
        .outerjoin(facts, true())
        .order_by(facts.c.at.desc(), facts.c.id.desc())
    )
    found = session.execute(question).all()
    return [row for row in found if row.id is not None], float(found[0].weeks_avoided)


def choices_since(session: Session, since: datetime) -> Sequence[Row[Any]]:
    """When something was decided, and what."""
    question: Any = sa_select(
        col(Decision.at).label("at"), col(Decision.decision).label("decision")
    )
    return session.execute(question.where(col(Decision.at) >= since)).all()


def forecasts(session: Session) -> Sequence[Row[Any]]:
    """Of every decision, the latest first: the author's chance, and the call."""
    question = (
        sa_select(_DESIGN["forecast"].label("forecast"), col(Decision.call).label("call"))
        .select_from(Decision)
        .join(Experiment, col(Experiment.id) == Decision.experiment_id)
        .order_by(col(Decision.at).desc(), col(Decision.id).desc())
    )
    return session.execute(question).all()


def compared(session: Session) -> list[str]:
    """Decided experiments that compared versions."""
    question = (
        sa_select(col(Decision.experiment_id))
        .join(Experiment, col(Experiment.id) == Decision.experiment_id)
        .where(_DESIGN["rule"]["kind"].as_string() == RuleKind.COMPARISON)
    )
    return list(session.execute(question).scalars())


def _about(question: Any, *wanted: ColumnElement[bool]) -> Any:
    return (
        question.select_from(Decision)
        .join(Experiment, col(Experiment.id) == Decision.experiment_id)
        .outerjoin(Slice, col(Slice.id) == Experiment.slice_id)
        .outerjoin(Feature, col(Feature.id) == Slice.feature_id)
        .where(*wanted)
    )


def under_way_standing(session: Session) -> dict[str, tuple[Experiment, Standing]]:
    """Experiments that were launched and are not decided, the oldest first, by id."""
    found = session.execute(_under_way_standing())
    return {row[0].id: (row[0], standing_of(row)) for row in found}


@cache
def _under_way_standing() -> Select[Any]:
    """Put together once: that takes longer than its answer."""
    question = with_standings(sa_select(Experiment), col(Experiment.status).in_(_UNDER_WAY))
    return question.order_by(col(Experiment.launched_at), col(Experiment.id))


@dataclass(frozen=True, slots=True)
class Around:
    """Experiments of a week: under way now, the oldest first, and those that begin, in order.

    No rehearsals: what a week says of them is frozen, and mailed.
    """

    under_way: Sequence[Experiment]
    starting: Sequence[Experiment]


def around(session: Session, *, since: datetime, until: datetime) -> Around:
    """What is under way, and what began, or is to begin, between two moments."""
    moment = func.coalesce(col(Experiment.started_at), col(Experiment.scheduled_at))
    is_under_way = col(Experiment.status).in_(_UNDER_WAY)
    is_starting = and_(moment >= since, moment < until, col(Experiment.status) != Status.CANCELLED)
    found = session.exec(
        select(Experiment, is_starting.label("is_starting"))
        .where(or_(is_under_way, is_starting), ~col(Experiment.rehearsal))
        .order_by(col(Experiment.launched_at), col(Experiment.id))
    ).all()
    starting = [
        (row.started_at or row.scheduled_at, row.id, row) for row, begins in found if begins
    ]
    return Around(
        [row for row, _ in found if row.status in _UNDER_WAY],
        [row for _, _, row in sorted(starting, key=lambda one: one[:2])],
    )


def leading_to(session: Session, slice_id: str) -> Sequence[str]:
    """Experiments whose decision names this slice as the next one."""
    query = select(Decision.experiment_id).where(Decision.next_slice_id == slice_id)
    return session.exec(query.order_by(Decision.experiment_id)).all()

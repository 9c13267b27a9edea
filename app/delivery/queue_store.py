"""The SQL of planning: who is queued, passed over, given up; how far an experiment is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    String,
    bindparam,
    case,
    func,
    select,
    text,
    update,
)
from sqlmodel import Session, col

from app.delivery.models import (
    DestinationSet,
    Send,
    SendCount,
    State,
)
from app.experiments.models import ENDED, Experiment, Status
from app.platform.db import UtcDateTime
from app.platform.put_off import PutOff, is_failing

_MOMENT = UtcDateTime()


def counts(session: Session, experiment_id: str) -> dict[str, int]:
    """How many sends of an experiment are in which state. Read from counts of the database."""
    question = (
        select(col(SendCount.state), func.sum(col(SendCount.sends)))
        .where(col(SendCount.experiment_id) == experiment_id)
        .group_by(col(SendCount.state))
    )
    return {state: int(sends) for state, sends in session.execute(question) if sends}


@dataclass(frozen=True, slots=True)
class Standing:
    """Sends by state, and why some of them wait: what failed first, else what a server said."""

    counts: dict[str, int]
    why: str | None


def standings_of(session: Session, experiment_ids: Sequence[str]) -> dict[str, Standing]:
    """The same of many experiments."""
    question = with_standings(select(col(Experiment.id)), col(Experiment.id).in_(experiment_ids))
    return {row[0]: standing_of(row) for row in session.execute(question)}


def with_standings(about: Select[Any], *wanted: ColumnElement[bool]) -> Select[Any]:
    """A question about some experiments, with what `standing_of` reads of each."""
    state, sends = col(SendCount.state), col(SendCount.sends)
    counts = (
        select(
            col(SendCount.experiment_id),
            *(func.sum(case((state == one, sends), else_=0)).label(one) for one in State),
        )
        .where(col(SendCount.experiment_id).in_(select(col(Experiment.id)).where(*wanted)))
        .group_by(col(SendCount.experiment_id))
        .subquery()
    )
    said = case((counts.c[State.QUEUED] > 0, _said_to_whoever_waits()))
    return (
        about.add_columns(
            *(func.coalesce(counts.c[one], 0).label(one) for one in State),
            func.coalesce(_failed_first(), said).label("why"),
        )
        .select_from(Experiment)
        .outerjoin(counts, counts.c.experiment_id == col(Experiment.id))
        .where(*wanted)
    )


def standing_of(row: Row[Any]) -> Standing:
    """Of one row of them."""
    counts = {one.value: int(getattr(row, one)) for one in State}
    return Standing({state: number for state, number in counts.items() if number}, row.why)


def _failed_first() -> ScalarSelect[str]:
    """Why the first piece of work that failed of an experiment did."""
    return (
        select(col(PutOff.reason))
        .where(col(PutOff.item) == col(Experiment.id), *is_failing())
        .order_by(col(PutOff.id))
        .limit(1)
        .scalar_subquery()
    )


def _said_to_whoever_waits() -> ScalarSelect[str | None]:
    """What the server said to the send that waits longest, where any waits for a server."""
    return (
        select(col(Send.last_reply))
        .where(
            col(Send.experiment_id) == col(Experiment.id),
            col(Send.state) == State.QUEUED,
            col(Send.last_reply).is_not(None),
        )
        .order_by(col(Send.due_at))
        .limit(1)
        .scalar_subquery()
    )


def standing_and_waits(session: Session, experiment_id: str, *, now: datetime) -> Row[Any]:
    """A row for `standing_of`, with how many queued sends are tried `later`, and `later_until`."""
    waiting = (
        col(Send.experiment_id) == col(Experiment.id),
        col(Send.state) == State.QUEUED,
        col(Send.due_at) > now,
    )
    later = select(func.count()).select_from(Send).where(*waiting).scalar_subquery()
    until = select(func.max(col(Send.due_at))).where(*waiting).scalar_subquery()
    about = select(col(Experiment.id), later.label("later"), until.label("later_until"))
    return session.execute(with_standings(about, col(Experiment.id) == experiment_id)).one()


def settled_last(session: Session, experiment_id: str, *, limit: int) -> Sequence[Row[Any]]:
    """The last sends of which a server said something final, the newest last."""
    question = (
        select(col(Send.id), col(Send.state), col(Send.last_reply))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state).in_([State.SENT, State.FAILED, State.BOUNCED]),
            col(Send.attempts) > 0,
        )
        .order_by(col(Send.settled_at).desc(), col(Send.id).desc())
        .limit(limit)
    )
    return session.execute(question).all()[::-1]


def experiments_unplanned(session: Session) -> list[str]:
    """Started experiments whose people do not all have a send yet, those that ended among them."""
    question = select(col(Experiment.id)).where(
        col(Experiment.status).in_([Status.RUNNING, Status.PAUSED, *sorted(ENDED)]),
        col(Experiment.started_at).is_not(None),
        ~_planned(col(Experiment.id)).exists(),
    )
    return list(session.scalars(question.order_by(col(Experiment.id))).all())


def mark_planned(session: Session, experiment_id: str, *, now: datetime) -> None:
    """Note that everybody enrolled has a send."""
    session.execute(
        update(DestinationSet)
        .where(
            col(DestinationSet.experiment_id) == experiment_id,
            col(DestinationSet.purpose) == "send",
        )
        .values(planned_at=now)
    )


def _planned(experiment_id: Any) -> Any:
    return select(col(DestinationSet.id)).where(
        col(DestinationSet.experiment_id) == experiment_id,
        col(DestinationSet.purpose) == "send",
        col(DestinationSet.planned_at).is_not(None),
    )


_PLAN = text("""
    -- One row per enrolment that has no send yet.
    INSERT INTO send
           (id, experiment_id, arm, person_id, wave, state, due_at, attempts, deferrals,
            settled_at, last_reply)
    SELECT e.id, e.experiment_id, e.arm, e.person_id, e.wave, :state, :due_at, 0, 0,
           :settled_at, :why
      FROM enrolment e
      LEFT JOIN send s ON s.id = e.id
     WHERE e.experiment_id = :experiment_id
       AND e.wave = :wave
       AND e.id > :after
       AND s.id IS NULL
     ORDER BY e.id
     LIMIT :limit
        ON CONFLICT (id) DO NOTHING
    RETURNING id
""").bindparams(
    bindparam("due_at", type_=_MOMENT),
    bindparam("settled_at", type_=_MOMENT),
    bindparam("state", type_=String()),
    bindparam("why", type_=String()),
)


def plan(
    session: Session,
    experiment_id: str,
    *,
    wave: int,
    after: int,
    limit: int,
    due_at: datetime,
    passed_over: tuple[datetime, str] | None,
) -> Sequence[int]:
    """Sends for the next enrolments of a wave, queued or passed over (when, why); their ids."""
    settled_at, why = passed_over or (None, None)
    values = {
        "experiment_id": experiment_id,
        "wave": wave,
        "after": after,
        "limit": limit,
        "due_at": due_at,
        "state": State.SKIPPED if passed_over else State.QUEUED,
        "settled_at": settled_at,
        "why": why,
    }
    return session.scalars(_PLAN, params=values).all()


def may_pass_over(session: Session) -> Sequence[str]:
    """Experiments with queued sends that ended, or whose stop date may have passed."""
    waiting = select(col(Send.id)).where(
        col(Send.experiment_id) == col(Experiment.id), col(Send.state) == State.QUEUED
    )
    stops = col(Experiment.design)["stop_at"].as_string().is_not(None)
    may_end = col(Experiment.status).in_(sorted(ENDED)) | (
        (col(Experiment.status) == Status.RUNNING) & stops
    )
    question = select(col(Experiment.id)).where(may_end, waiting.exists())
    return session.scalars(question.order_by(col(Experiment.id))).all()


def all_released(session: Session) -> Sequence[str]:
    """Running experiments of which everybody was released or passed over."""
    waiting = select(col(Send.id)).where(
        col(Send.experiment_id) == col(Experiment.id),
        col(Send.state) == State.QUEUED,
        col(Send.released_at).is_(None),
    )
    question = select(col(Experiment.id)).where(
        col(Experiment.status) == Status.RUNNING,
        _planned(col(Experiment.id)).exists(),
        ~waiting.exists(),
    )
    return session.scalars(question.order_by(col(Experiment.id))).all()


def skip_unreleased(
    session: Session, experiment_id: str, *, why: str, limit: int, now: datetime
) -> int:
    """Pass over people who were not released; how many."""
    ids = (
        select(col(Send.id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.released_at).is_(None),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen = session.scalars(ids).all()
    session.execute(
        update(Send)
        .where(col(Send.id).in_(chosen))
        .values(state=State.SKIPPED, settled_at=now, last_reply=why)
    )
    return len(chosen)


def give_up(
    session: Session, experiment_id: str, *, why: str, limit: int, now: datetime
) -> Sequence[int]:
    """Fail those who were released and wait for another try; their ids."""
    ids = (
        select(col(Send.id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.released_at).is_not(None),
        )
        .order_by(col(Send.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen = session.scalars(ids).all()
    session.execute(
        update(Send)
        .where(col(Send.id).in_(chosen))
        .values(state=State.FAILED, settled_at=now, last_reply=why)
    )
    return chosen

"""The first of each kind of what waits: because it failed, or for a second person.

Each kind is a question of its own, with the same parts; a page asks them as one.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Row, Select, String, cast, func, literal, null, union_all
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from app.experiments import approvals
from app.experiments.models import ApprovalAsked, Experiment
from app.okr.models import KeyResult, ValueSource
from app.outreach.models import Connector, Push, State
from app.outreach.troubles import OF_EXPERIMENTS, Trouble, told, trouble_of
from app.platform import put_off
from app.platform.db import UtcDateTime
from app.platform.put_off import PutOff, Work

_SHOWN = 20  # of each kind, on a page that is about other things
_ASKED = 3  # the kind that did not fail


@dataclass(frozen=True, slots=True)
class Asked:
    """An experiment that a second person is asked to approve."""

    id: str
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What does not go on by itself: what failed, and what somebody has to look at."""

    troubles: list[Trouble]
    asked: tuple[Asked, ...]  # whether that is needed is the operator's to say


def failing(session: Session) -> list[Trouble]:
    """What was put off, then sources that cannot be read, then pushes that were not taken."""
    return waiting(session).troubles


def waiting(session: Session) -> Waiting:
    """What failed, and experiments that wait for a second person, the longest first."""
    rows = session.execute(_every()).all()
    return Waiting(
        troubles=[_TOLD[row.kind](row) for row in rows if row.kind in _TOLD],
        asked=tuple(Asked(row.item, row.name, row.reason) for row in rows if row.kind == _ASKED),
    )


@cache
def _every() -> CompoundSelect[Any]:
    """Put together once: that takes longer than its answer."""
    kinds = (_put_off(), _sources(), _pushes(), _approvals())
    return union_all(*(sa_select(kind.subquery()) for kind in kinds)).order_by("kind", "rank")


def _put_off() -> Select[Any]:
    """Work that has no state of its own, with the name of the experiment that it is about."""
    is_named = (col(Experiment.id) == col(PutOff.item)) & col(PutOff.work).in_(OF_EXPERIMENTS)
    return (
        _kind(
            0,
            id=col(PutOff.id),
            work=col(PutOff.work),
            item=col(PutOff.item),
            name=col(Experiment.name),
            reason=col(PutOff.reason),
            attempts=col(PutOff.attempts),
            since=col(PutOff.since),
            tried_at=col(PutOff.tried_at),
            next_at=col(PutOff.next_at),
            by=col(PutOff.id),
        )
        .select_from(PutOff)
        .outerjoin(Experiment, is_named)
        .where(*put_off.is_failing())
    )


def _sources() -> Select[Any]:
    """Key results whose values cannot be read: tried again by themselves, or from their page."""
    since = func.coalesce(col(ValueSource.failed_at), col(ValueSource.due_at))
    return (
        _kind(
            1,
            id=literal(""),
            work=literal(Work.READ.value),
            item=col(ValueSource.key_result_id),
            name=col(KeyResult.title),
            reason=col(ValueSource.error),
            attempts=literal(1),
            since=since,
            tried_at=since,
            next_at=col(ValueSource.due_at),
            by=since,
        )
        .join(KeyResult, col(KeyResult.id) == col(ValueSource.key_result_id))
        .where(col(ValueSource.error) != "")
    )


def _pushes() -> Select[Any]:
    """Pushes that the other side did not take yet: their own list tells more."""
    return (
        _kind(
            2,
            id=literal(""),
            work=literal(Work.PUSH.value),
            item=cast(col(Push.id), String),
            name=col(Connector.name),
            reason=func.coalesce(col(Push.last_error), ""),
            attempts=col(Push.attempts),
            since=col(Push.created_at),
            tried_at=col(Push.created_at),
            next_at=col(Push.due_at),
            by=col(Push.id),
        )
        .join(Connector, col(Connector.id) == col(Push.connector_id))
        .where(col(Push.state) == State.WAITING, col(Push.attempts) > 0)
    )


def _approvals() -> Select[Any]:
    """Experiments that somebody was asked to approve, and by whom."""
    asked_at = col(ApprovalAsked.at)
    kind = _kind(
        _ASKED,
        id=literal(""),
        work=literal(""),
        item=col(Experiment.id),
        name=col(Experiment.name),
        reason=col(ApprovalAsked.by),
        attempts=literal(0),
        since=asked_at,
        tried_at=asked_at,
        next_at=asked_at,
        by=asked_at,
    )
    return approvals.of_waiting(kind)


def _kind(kind: int, *, by: Any, **parts: Any) -> Select[Any]:
    """The first rows of one kind, each with the parts that every kind has."""
    rank = func.row_number().over(order_by=by).label("rank")
    named = [part.label(name) for name, part in parts.items()]
    nobody = (cast(null(), UtcDateTime).label("cancelled_at"), literal("").label("cancelled_by"))
    chosen = sa_select(literal(kind).label("kind"), rank, *named, *nobody)
    return chosen.order_by(by).limit(_SHOWN)


def _of_work(row: Row[Any]) -> Trouble:
    return trouble_of(row, {row.item: row.name} if row.name else {})


def _of_source(row: Row[Any]) -> Trouble:
    what = f"Reading the value of “{row.name}”"
    return told(row, subject=row.item, what=what, href=f"/key-results/{row.item}")


def _of_push(row: Row[Any]) -> Trouble:
    return told(row, subject=row.item, what=f"Pushing to “{row.name}”", href="/connections")


_TOLD = {0: _of_work, 1: _of_source, 2: _of_push}

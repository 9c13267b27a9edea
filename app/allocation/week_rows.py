"""All that is shown of weeks, in one question: what was asked, of how many, what was answered."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, exists, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.allocation.models import Bucket, Invitation, Opening, TimeAnswer, TimeTold, WeekBucket
from app.allocation.store import FRIDAY, as_asked


class Answered(NamedTuple):
    """An answer, as far as a week shows it."""

    team_id: str | None
    shares: Any
    late: bool


class Counted(NamedTuple):
    """An answer as it is counted in what is shown of people."""

    team_id: str | None
    shares: Any
    fte: float


@dataclass(frozen=True, slots=True)
class WeekRows:
    """A week that was opened, how many are asked about it or answered, what about, and what."""

    opening: Opening
    people: int
    buckets: list[Bucket] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)  # people's, once they can be


def of_weeks(session: Session, weeks: Collection[str]) -> list[WeekRows]:
    """Those of these weeks that were opened, the newest first, answers by respondent.

    A row for each kind of work that a week asked about, and at the first of them one for each
    answer: so many rows as there are of both, and not as their product.
    """
    opened = _opened(weeks)
    is_first = col(WeekBucket.bucket_id).is_not_distinct_from(opened.c.first)
    question = (
        sa_select(Opening, opened.c.people, WeekBucket, Bucket)
        .add_columns(col(TimeAnswer.respondent_id), *_columns(TimeAnswer, Answered))
        .add_columns(col(TimeTold.respondent_id), *_columns(TimeTold, Counted))
        .join(opened, opened.c.week == col(Opening.week))
        .outerjoin(WeekBucket, col(WeekBucket.week) == col(Opening.week))
        .outerjoin(Bucket, col(Bucket.id) == col(WeekBucket.bucket_id))
        .outerjoin(TimeAnswer, (col(TimeAnswer.week) == col(Opening.week)) & is_first)
        .outerjoin(
            TimeTold,
            (col(TimeTold.week) == col(TimeAnswer.week))
            & (col(TimeTold.respondent_id) == col(TimeAnswer.respondent_id)),
        )
        .where(col(Opening.name) == FRIDAY)
        .order_by(
            col(Opening.week).desc(),
            col(WeekBucket.position),
            col(WeekBucket.bucket_id),
            col(TimeAnswer.respondent_id),
        )
    )
    found: dict[str, WeekRows] = {}
    asked: WeekBucket | None = None
    for opening, people, bucket, known, *given in session.execute(question):
        one = found.setdefault(opening.week, WeekRows(opening, people))
        if bucket is not None and bucket is not asked:
            one.buckets.append(as_asked(bucket, known))
        asked = bucket
        _put(one, given)
    return list(found.values())


def _opened(weeks: Collection[str]) -> CTE:
    """Counted once for each week, and not for each of its rows."""
    first = (
        select(WeekBucket.bucket_id)
        .where(WeekBucket.week == Opening.week)
        .order_by(col(WeekBucket.position), col(WeekBucket.bucket_id))
        .limit(1)
    )
    return (
        sa_select(
            col(Opening.week),
            _people_asked().label("people"),
            first.scalar_subquery().label("first"),
        )
        .where(col(Opening.name) == FRIDAY, col(Opening.week).in_(weeks))
        .cte("opened")
        .prefix_with("MATERIALIZED")
    )


def _people_asked() -> ColumnElement[int]:
    """How many are asked about the time of a week, and how many answered without."""
    is_asked = col(Invitation.asked_time).is_(True) & col(Invitation.withdrawn_at).is_(None)
    invited = select(func.count()).where(Invitation.week == Opening.week, is_asked)
    same = exists().where(
        col(Invitation.week) == col(TimeAnswer.week),
        col(Invitation.respondent_id) == col(TimeAnswer.respondent_id),
        is_asked,
    )
    others = select(func.count()).where(TimeAnswer.week == Opening.week, ~same)
    return invited.scalar_subquery() + others.scalar_subquery()


def _columns(table: type[TimeAnswer | TimeTold], shape: type[Answered | Counted]) -> list[Any]:
    return [col(getattr(table, name)) for name in shape._fields]


def _put(one: WeekRows, given: list[Any]) -> None:
    """An answer, where this row carries one, and what of it is counted."""
    place = len(Answered._fields) + 1
    answered, counted = given[:place], given[place:]
    if answered[0] is not None:
        one.answers.append(Answered._make(answered[1:]))
    if counted[0] is not None:
        one.counted.append(Counted._make(counted[1:]))

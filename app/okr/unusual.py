"""Weeks that will be unlike others (holidays, a fair): marked before they begin, then left out.

Nobody may choose afterwards: neither mark a week that went badly, nor take back the mark of one
that went well. Both are refused from the first day of the week on, where the organisation is.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime, timedelta, tzinfo
from typing import ClassVar

from pydantic import ConfigDict
from sqlalchemy import literal
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from app.okr import store
from app.okr.examples import UNUSUAL_WEEK
from app.okr.models import Cycle, UnusualWeek, ValueSource
from app.okr.schemas import UnusualWeekDraft
from app.platform.errors import Conflict, NotFound
from app.platform.iso_weeks import monday_of, week_of
from app.platform.paging import Order, Part, part_of
from app.platform.shapes import answered
from app.stats.weekly import FIRST_WEEK

EVERY = ""  # key result: all that there are
_BY_WEEK = Order("unusual weeks", (str, str))
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Mark:
    """A week that counts nothing in what weeks say: its own mark, or one for every key result."""

    __pydantic_config__: ClassVar[ConfigDict] = answered(UNUSUAL_WEEK)

    week: str
    reason: str
    for_all: bool
    marked_by: str
    has_begun: bool


def mark(
    session: Session, week: str, draft: UnusualWeekDraft, *, by: str, zone: tzinfo, now: datetime
) -> UnusualWeek:
    """Mark a coming week; again, it gets the new reason. Raises Conflict once it has begun."""
    _refuse_begun(week, zone=zone, now=now)
    about = draft.key_result_id or EVERY
    if about:
        store.claimed(session, about)
    row = session.get(UnusualWeek, (week, about)) or UnusualWeek(
        week=week, key_result_id=about, reason="", marked_at=now
    )
    row.reason, row.marked_by, row.marked_at = draft.reason, by, now
    session.add(row)
    session.flush()
    return row


def take_back(
    session: Session, week: str, key_result_id: str | None, *, zone: tzinfo, now: datetime
) -> None:
    """Let a coming week count after all. Raises Conflict once it has begun, NotFound without."""
    _refuse_begun(week, zone=zone, now=now)
    row = session.get(UnusualWeek, (week, key_result_id or EVERY))
    if row is None:
        raise NotFound(f"{week} is not marked as unusual.")
    session.delete(row)
    session.flush()


def page(session: Session, *, cursor: str | None, limit: int) -> Part[UnusualWeek]:
    """Every mark, by week."""
    rows = session.exec(
        select(UnusualWeek).order_by(col(UnusualWeek.week), col(UnusualWeek.key_result_id))
    ).all()
    return part_of(
        rows,
        _BY_WEEK,
        lambda unusual_week: (unusual_week.week, unusual_week.key_result_id),
        cursor=cursor,
        limit=limit,
    )


def marks_of(session: Session, key_result_id: str, cycle: Cycle, *, today: Date) -> list[Mark]:
    """Marks that a key result's page tells: of its cycle, and of what counts from before it."""
    return _told_of(_about(session, [key_result_id]), cycle, today=today)


def _told_of(rows: Iterable[UnusualWeek], cycle: Cycle, *, today: Date) -> list[Mark]:
    first = cycle.starts + (FIRST_WEEK - 1) * _WEEK
    return [
        _mark(row, today=today)
        for row in rows
        if first < monday_of(row.week) + _WEEK and monday_of(row.week) <= cycle.ends
    ]


def marks_and_source(
    session: Session, key_result_id: str, cycle: Cycle, *, today: Date
) -> tuple[list[Mark], ValueSource | None]:
    """The same marks, and where its values are read from: one question for its page."""
    about = col(UnusualWeek.key_result_id).in_([key_result_id, EVERY])
    question = (
        sa_select(ValueSource, UnusualWeek)
        .select_from(sa_select(literal(1)).subquery())
        .outerjoin(ValueSource, col(ValueSource.key_result_id) == key_result_id)
        .outerjoin(UnusualWeek, about)
        .order_by(col(UnusualWeek.week), col(UnusualWeek.key_result_id))
    )
    found = session.execute(question).all()
    rows = [row for _, row in found if row is not None]
    return _told_of(rows, cycle, today=today), found[0][0]


def coming(cycle: Cycle, marks: Collection[Mark], *, today: Date) -> list[Date]:
    """Mondays of the cycle's weeks that may still be marked."""
    monday = today - timedelta(days=today.weekday()) + _WEEK
    taken = {one.week for one in marks}
    first = max(monday, cycle.starts - timedelta(days=cycle.starts.weekday()))
    every = range(max(0, (cycle.ends - first).days // 7 + 1))
    mondays = [first + place * _WEEK for place in every]
    return [one for one in mondays if week_of(one) not in taken]


def _about(session: Session, key_result_ids: Sequence[str]) -> Sequence[UnusualWeek]:
    return session.exec(
        select(UnusualWeek)
        .where(col(UnusualWeek.key_result_id).in_([*key_result_ids, EVERY]))
        .order_by(col(UnusualWeek.week), col(UnusualWeek.key_result_id))
    ).all()


def _mark(row: UnusualWeek, *, today: Date) -> Mark:
    has_begun = monday_of(row.week) <= today
    return Mark(row.week, row.reason, row.key_result_id == EVERY, row.marked_by, has_begun)


def _refuse_begun(week: str, *, zone: tzinfo, now: datetime) -> None:
    if monday_of(week) <= now.astimezone(zone).date():
        raise Conflict(
            f"{week} has begun, so whether it counts can't be changed any more: choosing after a"
            " week was seen would void the promise of one wrong call in 20. Mark a coming week."
        )

"""All SQL of a week's review: what was written in it, and what of it is frozen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, literal
from sqlalchemy import select as sa_select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.okr.models import UnusualWeek
from app.platform.errors import NotFound
from app.review.models import FrozenWeek, ItemKind, WeekItem


@dataclass(frozen=True, slots=True)
class Noted:
    """A week as it was frozen; of one that is not, its marks as unusual."""

    frozen: FrozenWeek | None
    marks: Sequence[UnusualWeek]


def noted(session: Session, week: str) -> Noted:
    """What is kept of a week by its name."""
    is_open = and_(col(UnusualWeek.week) == week, col(FrozenWeek.week).is_(None))
    question = (
        sa_select(FrozenWeek, UnusualWeek)
        .select_from(sa_select(literal(1)).subquery())
        .outerjoin(FrozenWeek, col(FrozenWeek.week) == week)
        .outerjoin(UnusualWeek, is_open)
        .order_by(col(UnusualWeek.key_result_id))
    )
    found = session.execute(question).all()
    return Noted(found[0][0], [mark for _, mark in found if mark is not None])


def items(session: Session, week: str, kind: ItemKind) -> Sequence[WeekItem]:
    """What was written in a week's review, in the order of writing."""
    return session.exec(
        select(WeekItem)
        .where(WeekItem.week == week, WeekItem.kind == kind)
        .order_by(col(WeekItem.created_at), col(WeekItem.id))
    ).all()


def lines(session: Session, weeks: Sequence[str]) -> defaultdict[tuple[str, str], list[WeekItem]]:
    """The same of several weeks and every kind, by week and kind."""
    found: defaultdict[tuple[str, str], list[WeekItem]] = defaultdict(list)
    wanted = select(WeekItem).where(col(WeekItem.week).in_(weeks))
    for row in session.exec(wanted.order_by(col(WeekItem.created_at), col(WeekItem.id))):
        found[row.week, row.kind].append(row)
    return found


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

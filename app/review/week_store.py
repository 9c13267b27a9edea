"""All SQL of a week's review: what was written in it, and what of it is frozen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, cast, literal, null, union_all
from sqlalchemy import select as sa_select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.identity.models import User
from app.okr.models import UnusualWeek
from app.platform.errors import NotFound
from app.review.models import FrozenWeek, ItemKind, Seen, WeekItem
from app.review.seen import Reader, by_check_in

_SEEN = "seen"  # no kind of a line


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


@dataclass(frozen=True, slots=True)
class Written:
    """What people wrote in weeks, by week and kind; and who has read which check-in."""

    lines: defaultdict[tuple[str, str], list[WeekItem]]
    readers: Mapping[str, Sequence[Reader]]


def written(session: Session, weeks: Sequence[str], check_in_ids: Sequence[str]) -> Written:
    """Of these weeks and check-ins, each in the order of writing. One question for a page."""
    fields: list[Any] = [col(getattr(WeekItem, name)) for name in WeekItem.model_fields]
    items = sa_select(*fields).where(col(WeekItem.week).in_(weeks))
    says = {"id": Seen.check_in_id, "text": User.name, "owner": Seen.user_id, "created_at": Seen.at}
    others = {"week": literal(""), "kind": literal(_SEEN), "created_by": literal("")}
    columns = [
        col(says[field.key]) if field.key in says
        else others.get(field.key, cast(null(), field.type)).label(field.key)
        for field in fields
    ]  # fmt: skip
    seen = sa_select(*columns).join(User, col(User.id) == Seen.user_id)
    both = union_all(items, seen.where(col(Seen.check_in_id).in_(check_in_ids)))
    found = session.execute(both.order_by("created_at", "id", "owner")).mappings().all()
    lines: defaultdict[tuple[str, str], list[WeekItem]] = defaultdict(list)
    readers: list[tuple[str, Reader]] = []
    for row in found:
        if row["kind"] == _SEEN:
            readers.append((row["id"], Reader(row["owner"], row["text"], row["created_at"])))
        else:
            lines[row["week"], row["kind"]].append(WeekItem(**row))
    return Written(lines, by_check_in(readers))


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

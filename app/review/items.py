"""What people write down in a review: blockers, decisions, and commitments with their owners."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from app.platform.errors import Conflict, Invalid
from app.platform.iso_weeks import monday_of, week_of
from app.review import week_store
from app.review.models import ItemKind, Kept, WeekItem
from app.review.schemas import CommitmentDraft, NoteDraft
from app.review.shapes import Item

_MOST = 20  # of a kind and week; the playbook says 2 or 3 commitments, this only stops a flood


def commit(
    session: Session, week: str, draft: CommitmentDraft, *, by: str, now: datetime
) -> WeekItem:
    """Somebody promises something for the week after. Raises Conflict once the week is frozen."""
    return _add(session, week, ItemKind.COMMITMENT, draft.text, owner=draft.owner, by=by, now=now)


def note(session: Session, week: str, draft: NoteDraft, *, by: str, now: datetime) -> WeekItem:
    """A blocker, or what the meeting decided. Raises Conflict once the week is frozen."""
    return _add(session, week, ItemKind(draft.kind), draft.text, owner="", by=by, now=now)


def drop(session: Session, week: str, item_id: str) -> None:
    """Take a line back. Raises NotFound, and Conflict once the week is frozen."""
    _refuse_frozen(session, week)
    session.delete(week_store.item_of(session, week, item_id))


def settle(session: Session, item_id: str, kept: Kept | None, *, now: datetime) -> WeekItem:
    """What became of a commitment; a frozen week goes on saying what was known then."""
    item = week_store.commitment_of(session, item_id)
    item.kept, item.kept_at = kept, now if kept else None
    session.add(item)
    return item


def shown(rows: Iterable[WeekItem]) -> tuple[Item, ...]:
    """Lines as a week tells them."""
    return tuple(map(shown_one, rows))


def shown_one(row: WeekItem) -> Item:
    """A line as a week tells it."""
    return Item(row.id, row.text, row.owner, row.kept, row.created_by)


def week_before(week: str) -> str:
    """The week before: 2026-W01 follows 2025-W52. Raises Invalid."""
    return week_of(monday_of(week) - timedelta(days=1))


def week_after(week: str) -> str:
    """The week after. Raises Invalid."""
    return week_of(monday_of(week) + timedelta(days=7))


def _add(
    session: Session, week: str, kind: ItemKind, text: str, *, owner: str, by: str, now: datetime
) -> WeekItem:
    monday_of(week)
    _refuse_frozen(session, week)
    if len(week_store.items(session, week, kind)) >= _MOST:
        raise Invalid.at("text", f"{week} has {_MOST} of these. Take one away first.")
    item = WeekItem(week=week, kind=kind, text=text, owner=owner, created_by=by, created_at=now)
    session.add(item)
    session.flush()
    return item


def _refuse_frozen(session: Session, week: str) -> None:
    if week_store.frozen_week(session, week) is not None:
        raise Conflict(f"{week} is frozen, so nothing is added to it. Use {week_after(week)}.")

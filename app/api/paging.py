"""Lists: `{"items": […], "next": cursor or null}`."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.platform.errors import Invalid

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the page before")]
DEFAULT_LIMIT = 100
_LARGEST = 2**63 - 1  # of a 64-bit id


class Listed(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the page after it, or null at the end."""

    items: list[Item]
    next: str | None


def page_of(
    rows: Sequence[Row], limit: int, *, show: Callable[[Row], Item], key: Callable[[Row], object]
) -> Listed[Item]:
    """One page. Rooms are asked for a row more than the limit, so that the end is known."""
    kept = rows[:limit]
    following = str(key(kept[-1])) if len(rows) > limit else None
    return Listed(items=[show(row) for row in kept], next=following)


def number_of(cursor: str | None) -> int:
    """A cursor of a list that is in the order of numbers; 0 at the beginning."""
    if cursor is None:
        return 0
    number = int(cursor) if cursor.isascii() and cursor.isdigit() else _LARGEST + 1
    if number > _LARGEST:
        raise Invalid.at("cursor", "Take the cursor from `next` of the page before.")
    return number

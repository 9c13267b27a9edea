"""Lists: `{"items": […], "next": cursor or null}`."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.platform.paging import Part

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
Sort = Annotated[
    str,
    Query(
        max_length=40,
        description="the order, as the list's page has it in its address: `name`, or `-name` the"
        " other way round; an unknown one is answered with those that there are",
    ),
]
DEFAULT_LIMIT = 100


class Listed(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the page after it, or null at the end."""

    items: list[Item]
    next: str | None


def listed(part: Part[Row], show: Callable[[Row], Item]) -> Listed[Item]:
    """A page as the API tells it."""
    return Listed(items=[show(row) for row in part], next=part.next)

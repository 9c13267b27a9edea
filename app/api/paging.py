"""Lists: `{"items": […], "next": cursor or null}`."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the page before")]
DEFAULT_LIMIT = 100


class Listed(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the page after it, or null at the end."""

    items: list[Item]
    next: str | None

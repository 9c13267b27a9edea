"""Where the page after this one of a list is."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query

from app.platform.paging import Part

Cursor = Annotated[str | None, Query(max_length=1000)]


def next_of(path: str, rows: Part[Any], **kept: str) -> str | None:
    """The address of the rest of a list, or None at its end."""
    return f"{path}?{urlencode(kept | {'cursor': rows.next})}" if rows.next else None

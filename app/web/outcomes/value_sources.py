"""Where a key result's values are read: as a form asks for it, and how the last time went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.okr.models import KeyResult, ValueSource
from app.web.kit.form_state import Typed

# Fields of the form → where they stand in the document.
_PARTS: Mapping[str, Mapping[str, str]] = {
    "http": {"url": "read_url", "pointer": "read_pointer", "every": "read_every"},
    "sql": {"connection": "read_connection", "query": "read_query", "every": "read_every"},
}
NAMES: Mapping[str, str] = {
    f"{source}.{part}": name for source, parts in _PARTS.items() for part, name in parts.items()
}


@dataclass(frozen=True, slots=True)
class Reads:
    """Where from, when last, when next, and what went wrong."""

    place: str
    every: str
    read_at: datetime | None
    due_at: datetime
    failed_at: datetime | None
    error: str


def of_form(form: Typed) -> dict[str, Any]:
    """What the form's source needs; the other sources need nothing."""
    source = form.text("source") or "manual"
    asked = {part: form.value(name).strip() for part, name in _PARTS.get(source, {}).items()}
    if not asked:
        return {}
    return {source: {part: value for part, value in asked.items() if value}}


def fields(row: KeyResult, held: ValueSource | None) -> dict[str, Any]:
    """The form's fields, as they were sent."""
    if held is None:
        return {"read_every": "daily"}
    return {name: getattr(held, part) for part, name in _PARTS[row.source].items()}


def reads_of(held: ValueSource | None) -> Reads | None:
    """How reading goes, where values are read."""
    if held is None:
        return None
    return Reads(
        place=held.url or f"the connection {held.connection}",
        every="week" if held.every == "weekly" else "day",
        read_at=held.read_at,
        due_at=held.due_at,
        failed_at=held.failed_at,
        error=held.error,
    )

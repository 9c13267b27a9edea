"""Where values are read by ourselves: kept, due, read, and what went wrong."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.okr import source_store
from app.okr.models import ValueSource
from app.okr.schemas import HttpSource, SqlSource
from app.platform import outbound
from app.platform.errors import Invalid

_EVERY: Mapping[str, timedelta] = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
_AGAIN = timedelta(hours=1)  # after an error; chosen by us
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "http": ("url", "pointer", "every"),
    "sql": ("connection", "query", "every"),
}


def check(wanted: HttpSource | None, *, allowed_hosts: Collection[str]) -> None:
    """Refuse an address that leads into our own network when it is saved; reading looks again."""
    if wanted is None:
        return
    try:
        outbound.Outbound(outbound.resolve).check(wanted.url, allowed_hosts=allowed_hosts)
    except outbound.Forbidden as error:
        raise Invalid.at("http.url", str(error)) from error
    except outbound.Unreachable:
        return  # there may be such a host by tomorrow; reading says so until then


def keep(
    session: Session, key_result_id: str, wanted: HttpSource | SqlSource, *, now: datetime
) -> None:
    """Read from there from now on, for the first time at once."""
    held = source_store.source_of(session, key_result_id)
    row = held or ValueSource(key_result_id=key_result_id, due_at=now)
    asked = wanted.model_dump()
    if held is None or any(getattr(row, name) != value for name, value in asked.items()):
        row.url = row.pointer = row.connection = row.query = ""
        for name, value in asked.items():
            setattr(row, name, value)
        row.due_at, row.lease_until, row.error, row.failed_at = now, None, "", None
    session.add(row)
    session.flush()


def settings_of(source: str, row: ValueSource) -> dict[str, Any]:
    """What was asked for, as it was sent."""
    return {name: getattr(row, name) for name in _FIELDS[source]}


def read_soon(session: Session, key_result_id: str, *, now: datetime) -> bool:
    """Read again at the next opportunity; False where nothing is read."""
    row = source_store.source_of(session, key_result_id)
    if row is None:
        return False
    row.due_at = now
    session.add(row)
    session.flush()
    return True


def note_success(session: Session, row: ValueSource, *, now: datetime) -> None:
    """It gave a number; the next is due in a day, or in a week."""
    row.read_at, row.error, row.failed_at = now, "", None
    row.due_at, row.lease_until = now + _EVERY[row.every], None
    session.add(row)
    session.flush()


def note_error(session: Session, row: ValueSource, sentence: str, *, now: datetime) -> None:
    """It gave none: the sentence is shown, and it is tried again in an hour."""
    row.error, row.failed_at = sentence, now
    row.due_at, row.lease_until = now + _AGAIN, None
    session.add(row)
    session.flush()

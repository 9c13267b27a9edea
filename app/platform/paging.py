"""Lists page by page, each page by the key of the last row before it.

While rows come and go, none that was there all the time is lost or repeated. A key is made of what
never changes for a row. A cursor names its list, so that another list's, or a made-up one, is
refused instead of beginning somewhere.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, literal, or_, tuple_
from sqlmodel import Session

from app.platform.errors import Invalid
from app.platform.texts import why_unstorable

Row = TypeVar("Row")
Key = tuple[Any, ...]
_CHECK_BYTES = 6  # against slips, not against forgers: a cursor opens nothing
_LARGEST = 2**63 - 1  # of a 64-bit id


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: its name, and the types of its rows' keys."""

    name: str
    kinds: tuple[type, ...] = (str,)
    is_descending: bool = False

    def cursor_of(self, key: Key) -> str:
        """The cursor of whatever comes after this key."""
        written = [one.isoformat() if isinstance(one, date) else one for one in key]
        body = json.dumps(written, separators=(",", ":")).encode()
        return urlsafe_b64encode(self._check(body) + body).rstrip(b"=").decode()

    def key_of(self, cursor: str) -> Key:
        """The key that a cursor stands for. Raises Invalid for one that isn't this list's."""
        try:
            key = self._unpacked(cursor)
        except (ValueError, TypeError):
            key = None
        if key is None or self.cursor_of(key) != cursor:
            raise Invalid.at("cursor", "Take the cursor from `next` of the page before.")
        return key

    def holds(self, cursor: str) -> bool:
        """Whether a cursor is one of this list."""
        try:
            self.key_of(cursor)
        except Invalid:
            return False
        return True

    def _unpacked(self, cursor: str) -> Key:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        written = json.loads(urlsafe_b64decode(padded)[_CHECK_BYTES:])
        return tuple(_read(kind, one) for kind, one in zip(self.kinds, written, strict=True))

    def _check(self, body: bytes) -> bytes:
        return sha256(self.name.encode() + b"\0" + body).digest()[:_CHECK_BYTES]


class Part(list[Row]):
    """One page of a list; `next` is the cursor of the page after it, or None at the end."""

    def __init__(self, rows: Iterable[Row], following: str | None = None) -> None:
        super().__init__(rows)
        self.next = following


def every(read: Callable[[str | None], Part[Row]]) -> Iterator[Row]:
    """All rows of a list, page by page: where all are needed at once."""
    cursor = None
    while True:
        rows = read(cursor)
        yield from rows
        cursor = rows.next
        if cursor is None:
            return


def part(
    session: Session,
    query: Any,
    order: Order,
    *columns: Any,
    cursor: str | None,
    limit: int,
) -> Part[Any]:
    """A page of what a query finds, by these columns of its first entity."""
    if cursor is not None:
        query = query.where(_beyond(columns, order.key_of(cursor), order))
    ends = [column.desc() if order.is_descending else column.asc() for column in columns]
    result = session.execute(query.order_by(*ends).limit(limit + 1))
    is_entity = len(query.column_descriptions) == 1
    found = result.scalars().all() if is_entity else result.all()

    def key(row: Any) -> Key:
        entity = row if is_entity else row[0]
        return tuple(getattr(entity, column.key) for column in columns)

    return _cut(found, order, key, limit)


def part_within(
    session: Session,
    query: Any,
    order: Order,
    column: Any,
    *,
    within: tuple[Any, object],
    cursor: str | None,
    limit: int,
) -> Part[Any]:
    """The same of one owner's rows, (its column, its value), where an index has owner and key.

    To PostgreSQL said as a range of both: asked for one owner in the order of keys alone, it may
    walk through everybody's rows until it has found enough of this one's. From such a range SQLite
    may take the owner only, and pass over the pages before: it is asked for the owner.
    """
    whose, value = within
    last = None if cursor is None else order.key_of(cursor)[0]
    if session.get_bind().dialect.name == "sqlite":
        query = query.where(whose == value)
        query = query if last is None else query.where(column > last)
    elif last is None:
        query = query.where(whose >= value, whose <= value)
    else:
        beyond = tuple_(whose, column) > tuple_(literal(value), literal(last))
        query = query.where(beyond, whose <= value)
    rows = session.execute(query.order_by(whose, column).limit(limit + 1)).all()
    is_entity = len(query.column_descriptions) == 1
    found = [row[0] for row in rows] if is_entity else rows

    def key(row: Any) -> Key:
        return (getattr(row if is_entity else row[0], column.key),)

    return _cut(found, order, key, limit)


def part_of(
    rows: Iterable[Row],
    order: Order,
    key: Callable[[Row], Key],
    *,
    cursor: str | None,
    limit: int,
) -> Part[Row]:
    """The same of rows that are at hand, in whatever order."""
    found = sorted(rows, key=key, reverse=order.is_descending)
    if cursor is not None:
        last = order.key_of(cursor)
        found = [
            row for row in found if (key(row) < last if order.is_descending else key(row) > last)
        ]
    return _cut(found, order, key, limit)


def _cut(rows: Any, order: Order, key: Callable[[Any], Key], limit: int) -> Part[Any]:
    kept = rows[:limit]
    return Part(kept, order.cursor_of(key(kept[-1])) if len(rows) > limit else None)


def _beyond(columns: tuple[Any, ...], last: Key, order: Order) -> ColumnElement[bool]:
    """Greater than the last key (less, where it descends), column by column."""
    steps = []
    for place, (column, value) in enumerate(zip(columns, last, strict=True)):
        same = [columns[one] == last[one] for one in range(place)]
        steps.append(and_(*same, column < value if order.is_descending else column > value))
    return or_(*steps)


def _read(kind: type, written: object) -> object:
    """A part of a key again, if it is one. Raises ValueError or TypeError."""
    if kind is datetime:
        moment = datetime.fromisoformat(_text(written))
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone")
        return moment
    if kind is date:
        return date.fromisoformat(_text(written))
    if kind is str:
        return _text(written)
    if type(written) is not int or abs(written) > _LARGEST:
        raise ValueError("not a number of ours")
    return written


def _text(written: object) -> str:
    if not isinstance(written, str) or why_unstorable(written):
        raise ValueError("not a text of ours")
    return written

"""A list as somebody asks for it: searched, narrowed, sorted by a column, page by page.

A list says once by which columns it is sorted, where its words are looked for and what narrows it;
pages read the same from their address. A cursor holds the key of the last row, and its moment in a
list by moments, so that a row that is gone meanwhile ends no walk; and no more: what else stands in
a row, an address perhaps, is in nobody's address bar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, String, and_, func, or_
from sqlmodel import Session
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime
from app.platform.errors import Invalid
from app.platform.paging import Key, Order, Part

Ways = tuple[str, str]  # an order and the same turned round, as one would say it

_MOST_WORDS = 8  # each is looked for in every row
_GONE = "The list has changed meanwhile. Begin at its first page."


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of a list; empty is everything, in its usual order.

    `sort` is the name of a column, with `-` before it the other way round.
    """

    words: str = ""
    sort: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)  # by filter
    cursor: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether some rows may be left out."""
        return bool(self.words.strip() or any(self.chosen.values()))


@dataclass(frozen=True)
class Listing:
    """How a list may be asked for. Everything is SQL of the query that it is given."""

    name: str
    key: Any  # the column that tells its rows apart
    sorts: Mapping[str, Any]
    usual: str
    words: tuple[Any, ...] = ()  # each word stands in one of them
    filters: Mapping[str, Mapping[str, ColumnElement[bool]]] = field(default_factory=dict)

    def part(self, session: Session, query: Any, asked: Asked, *, limit: int) -> Part[Any]:
        """A page. Raises Invalid for an order, a choice or a cursor that is none of this list."""
        sort = self.sort_of(asked)
        column, is_down = self._expression(sort), sort.startswith("-")
        order = self._order(sort, column)
        found = query.where(*self._narrowing(asked))
        if asked.cursor is not None:
            last = order.key_of(asked.cursor)
            found = found.where(self._beyond(session, query, column, last, is_down=is_down))
        ends = [] if column is self.key else [_end(column, is_down=is_down)]
        if ends and _may_be_empty(column):
            ends.insert(0, column.is_(None))
        ends.append(_end(self.key, is_down=is_down))
        rows = session.execute(found.order_by(*ends).limit(limit + 1)).all()
        is_entity = len(query.column_descriptions) == 1
        kept = [row[0] if is_entity else row for row in rows[:limit]]
        if len(rows) <= limit:
            return Part(kept)
        named = (self.key, column) if self._is_moment(column) else (self.key,)
        return Part(kept, order.cursor_of(tuple(getattr(rows[limit - 1][0], n.key) for n in named)))

    def sort_of(self, asked: Asked) -> str:
        """The order that is asked for, or the usual one."""
        sort = asked.sort or self.usual
        if sort.removeprefix("-") not in self.sorts:
            known = ", ".join(self.sorts)
            raise Invalid.at(
                "sort",
                f"This list has no order called “{sort[:40]}”. It is sorted by one of {known}; “-”"
                " before it turns it round.",
            )
        return sort

    def ways(self, name: str) -> Ways:
        """What the two directions of an order are called: keys grow with time."""
        column = self.sorts[name]
        if column is self.key or isinstance(column.type, (DateTime, UtcDateTime, Date)):
            return "oldest first", "newest first"
        if isinstance(column.type, (String, AutoString)):
            return "A to Z", "Z to A"
        return "smallest first", "largest first"  # a Float is no Numeric

    def without(self, *names: str) -> "Listing":
        """The same for whoever does not see these columns, and looks for no words in them."""
        kept = {name: column for name, column in self.sorts.items() if name not in names}
        return replace(self, sorts=kept, words=())

    def _order(self, sort: str, column: Any) -> Order:
        kind = int if self.key.type.python_type is int else str
        kinds = (kind, datetime) if self._is_moment(column) else (kind,)
        return Order(f"{self.name} by {sort}", kinds)

    def _is_moment(self, column: Any) -> bool:
        """Whether each of its rows has one."""
        is_own = getattr(column, "class_", None) is self.key.class_
        return is_own and isinstance(column.type, UtcDateTime) and not _may_be_empty(column)

    def _expression(self, sort: str) -> Any:
        """Texts are sorted in any case of letters."""
        column = self.sorts[sort.removeprefix("-")]
        is_text = isinstance(column.type, (String, AutoString)) and column is not self.key
        is_folded = str(getattr(column, "key", "")).endswith("_key")  # as it is kept
        return func.lower(column) if is_text and not is_folded else column

    def _narrowing(self, asked: Asked) -> list[ColumnElement[bool]]:
        said = asked.words.split()[:_MOST_WORDS] if self.words else []
        held = [holds(self.words, word) for word in said]
        for name, value in asked.chosen.items():
            if not value:
                continue
            if value not in self.filters.get(name, {}):
                raise Invalid.at(name, f"Choose one of {', '.join(self.filters.get(name, ()))}.")
            held.append(self.filters[name][value])
        return held

    def _beyond(
        self, session: Session, query: Any, column: Any, last: Key, *, is_down: bool
    ) -> ColumnElement[bool]:
        """What comes after the row with this key, as it stands now; nothing comes at the end."""
        key, *moment = last
        after: ColumnElement[bool] = self.key < key if is_down else self.key > key
        if column is self.key:
            return after
        one = query.with_only_columns(column, maintain_column_froms=True).where(self.key == key)
        row = session.execute(one.limit(1)).first() or moment or None
        if row is None:
            raise Invalid.at("cursor", _GONE)
        if row[0] is None:
            return and_(column.is_(None), after)
        further = column < row[0] if is_down else column > row[0]
        return or_(further, and_(column == row[0], after), column.is_(None))


def holds(columns: tuple[Any, ...], word: str) -> ColumnElement[bool]:
    """In any case of letters: SQLite knows that of a to z only, so others are tried as written."""
    tried = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    return or_(
        *(column.icontains(one, autoescape=True) for column in columns for one in sorted(tried))
    )


def _may_be_empty(column: Any) -> bool:
    """Of an expression nobody knows; of a column the table says so."""
    return bool(getattr(getattr(column, "expression", None), "nullable", True))


def _end(column: Any, *, is_down: bool) -> Any:
    return column.desc() if is_down else column.asc()

"""Many rows at once, past the ORM: what a flood of hits is written with.

One statement a table and transaction: `executemany` on SQLite, arrays on PostgreSQL. Values are
what the drivers take; moments go through `Bulk.moment`, which makes text of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlmodel import Session

_QUOTED = frozenset({"text", "jsonb"})  # kinds of columns
_BETWEEN = "\0"

_Row = tuple[Any, ...]


@dataclass(frozen=True)
class Written:
    """Columns of a table that are written together, with PostgreSQL's types. Keys come first."""

    table: str
    keys: dict[str, str]
    values: dict[str, str]

    @cached_property
    def types(self) -> dict[str, str]:
        """All of them, in the order in which rows give them."""
        return self.keys | self.values

    def add_new(self, *, is_sqlite: bool) -> str:
        """New rows, none of which is there."""
        return self._into(is_sqlite=is_sqlite)

    def insert(self, *, is_sqlite: bool) -> str:
        """New rows; those that are there are passed over."""
        return f"{self._into(is_sqlite=is_sqlite)} ON CONFLICT DO NOTHING"

    def replace(self, *, is_sqlite: bool) -> str:
        """New rows; of those that are there the values are replaced, where they are others."""
        names = {name: f"excluded.{name}" for name in self.values}
        news = ", ".join(f"{name} = {new}" for name, new in names.items())
        others = self._others(names, is_sqlite=is_sqlite)
        return f"{self._into(is_sqlite=is_sqlite)} {self._where_there} {news} WHERE {others}"

    def add(self, *, is_sqlite: bool) -> str:
        """New rows; to those that are there the last value is added."""
        last = [*self.values][-1]
        more = f"{last} = {self.table}.{last} + excluded.{last}"
        return f"{self._into(is_sqlite=is_sqlite)} {self._where_there} {more}"

    def update(self, *, is_sqlite: bool) -> str:
        """The values of rows that are there, where they are others."""
        if is_sqlite:
            place = {name: number for number, name in enumerate(self.types, 1)}
            news = ", ".join(f"{name} = ?{place[name]}" for name in self.values)
            mine = " AND ".join(f"{name} = ?{place[name]}" for name in self.keys)
            others = self._others({name: f"?{place[name]}" for name in self.values}, is_sqlite=True)
            return f"UPDATE {self.table} SET {news} WHERE {mine} AND {others}"  # noqa: S608  # names of our own
        news = ", ".join(f"{name} = new.{name}" for name in self.values)
        mine = " AND ".join(f"{self.table}.{name} = new.{name}" for name in self.keys)
        rows = f"{self._arrays} AS new ({', '.join(self.types)})"
        others = self._others({name: f"new.{name}" for name in self.values}, is_sqlite=False)
        return f"UPDATE {self.table} SET {news} FROM {rows} WHERE {mine} AND {others}"  # noqa: S608  # as above

    def _others(self, news: dict[str, str], *, is_sqlite: bool) -> str:
        """Whether a row holds other values: what stays as it is is not written again."""
        differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
        each = " OR ".join(f"{self.table}.{name} {differs} {new}" for name, new in news.items())
        return f"({each})"

    def _into(self, *, is_sqlite: bool) -> str:
        names, marks = ", ".join(self.types), ", ".join("?" * len(self.types))
        rows = f"VALUES ({marks})" if is_sqlite else f"SELECT * FROM {self._arrays}"  # noqa: S608
        return f"INSERT INTO {self.table} ({names}) {rows}"  # names of our own

    @property
    def _where_there(self) -> str:
        return f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET"

    @property
    def _arrays(self) -> str:
        return f"unnest({', '.join(f'%s::{kind}[]' for kind in self.types.values())})"


class Bulk:
    """The connection of a session. What its driver raises is told as the database's own trouble."""

    def __init__(self, session: Session) -> None:
        session.flush()  # the driver knows nothing of what is pending
        self._connection = session.connection()
        self.is_sqlite = self._connection.dialect.name == "sqlite"

    @cached_property
    def moment(self) -> Callable[[datetime], object]:
        """A moment as the driver takes it."""
        return _text_of if self.is_sqlite else _zoned

    @cached_property
    def read_moment(self) -> Callable[[Any], datetime]:
        """A moment as the driver gives it."""
        return _moment_of if self.is_sqlite else _same

    def by_ids(self, question: str, ids: Sequence[int]) -> list[_Row]:
        """Ask with `IN ({ids})`, and perhaps `{lock}`, in the question; its rows."""
        if self.is_sqlite:  # one writer at a time: all rows are held by whoever writes
            return self._ask(question.format(ids=", ".join(map(str, ids)), lock=""), ())
        asked = question.format(ids="SELECT unnest(%s::bigint[])", lock="FOR UPDATE")
        return self._ask(asked, (_array("bigint", ids),))

    def _ask(self, question: str, values: _Row) -> list[_Row]:
        found = self._connection.exec_driver_sql(question, values)
        try:
            return list(found.cursor.fetchall())  # plain tuples
        finally:
            found.close()

    def run_for(self, statement: str, ids: Sequence[int]) -> None:
        """Do something with `IN ({ids})`."""
        asked = statement.format(ids="?" if self.is_sqlite else "SELECT unnest(%s::bigint[])")
        if self.is_sqlite:
            self._each(asked, [(number,) for number in ids])
        else:
            self._connection.exec_driver_sql(asked, (_array("bigint", ids),))

    def add_new(self, what: Written, rows: Sequence[_Row]) -> None:
        """See `Written.add_new`."""
        self._run(what, what.add_new(is_sqlite=self.is_sqlite), rows)

    def insert(self, what: Written, rows: Sequence[_Row]) -> None:
        """See `Written.insert`."""
        self._run(what, what.insert(is_sqlite=self.is_sqlite), rows)

    def replace(self, what: Written, rows: Sequence[_Row]) -> None:
        """See `Written.replace`."""
        self._run(what, what.replace(is_sqlite=self.is_sqlite), rows)

    def add(self, what: Written, rows: Sequence[_Row]) -> None:
        """See `Written.add`."""
        self._run(what, what.add(is_sqlite=self.is_sqlite), rows)

    def update(self, what: Written, rows: Sequence[_Row]) -> None:
        """See `Written.update`."""
        self._run(what, what.update(is_sqlite=self.is_sqlite), rows)

    def _run(self, what: Written, statement: str, rows: Sequence[_Row]) -> None:
        if not rows:
            return
        if self.is_sqlite:
            self._each(statement, rows)
            return
        columns = zip(what.types.values(), zip(*rows, strict=True), strict=True)
        arrays = tuple(_array(kind, column) for kind, column in columns)
        self._connection.exec_driver_sql(statement, arrays)

    def _each(self, statement: str, rows: Sequence[_Row]) -> None:
        if rows:
            self._connection.exec_driver_sql(statement, list(rows))


def _array(kind: str, column: Sequence[Any]) -> str:
    """A column as PostgreSQL reads an array: the driver takes many times as long to write it."""
    if kind not in _QUOTED:
        words = ["NULL" if value is None else str(value) for value in column]
        return "{" + ",".join(words) + "}"
    if None in column:
        return (
            "{"
            + ",".join("NULL" if one is None else _array(kind, [one])[1:-1] for one in column)
            + "}"
        )
    text = _BETWEEN.join(column)
    if text.count(_BETWEEN) >= len(column):
        raise ValueError("PostgreSQL keeps no NUL")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace(_BETWEEN, '","')
    return '{"' + text + '"}'


def _text_of(at: datetime) -> str:
    """In UTC. Hand-made, for `isoformat` asks the zone, which takes four times as long."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    clock = f"{_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}.{at.microsecond:06d}"
    return f"{_day(at.toordinal())} {clock}"


_TWO = [f"{number:02d}" for number in range(60)]


@lru_cache(maxsize=1_000)
def _day(number: int) -> str:
    return date.fromordinal(number).isoformat()


def _zoned(at: datetime) -> str:
    return _text_of(at) + "+00"


def _moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def _same(value: Any) -> Any:
    return value

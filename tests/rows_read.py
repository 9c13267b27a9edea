"""What a database does for the questions that are put to it: rows read, or steps of SQLite.

A page that is quick with a thousand people and slow with a million reads more rows for them; rows
are the same on every machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

_EVERY = 10  # steps of SQLite's machine between two times that we are told
_READS = ("SELECT", "WITH", "--")


@dataclass(slots=True)
class Asked:
    """Questions with their values; `read` asks them again and looks at what that takes."""

    engine: Engine
    questions: list[tuple[str, Any]] = field(default_factory=list)

    def read(self, *, as_if_large: bool = False) -> dict[str, int]:
        """Rows (PostgreSQL) or steps (SQLite) of each question.

        `as_if_large`: where PostgreSQL would rather read the whole of a small table than look into
        its index, it does what it does with a large one.
        """
        found: dict[str, int] = {}
        with self.engine.connect() as connection:
            if as_if_large and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for question, values in self.questions:
                words = " ".join(question.split())
                found[words] = found.get(words, 0) + _work(connection, question, values)
        return found

    def scans(self, tables: frozenset[str]) -> list[str]:
        """Questions for which SQLite would look through a whole table of these."""
        with self.engine.connect() as connection:
            return [
                f"{row[-1]}: {' '.join(question.split())}"
                for question, values in self.questions
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", values)
                if row[-1].startswith("SCAN") and row[-1].split()[1] in tables
            ]


@contextmanager
def asking(engine: Engine) -> Iterator[Asked]:
    """The questions that are put to a database meanwhile."""
    asked = Asked(engine)

    def note(*given: Any) -> None:
        if given[2].lstrip().startswith(_READS):
            asked.questions.append((given[2], given[3]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _work(connection: Connection, question: str, values: Any) -> int:
    if connection.dialect.name == "sqlite":
        return _steps(connection, question, values)
    explained = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {question}", values
    ).scalar_one()
    return _rows(explained[0]["Plan"])


def _steps(connection: Connection, question: str, values: Any) -> int:
    told: list[int] = []

    def note() -> int:
        told.append(_EVERY)
        return 0

    raw: Any = connection.connection.driver_connection
    raw.set_progress_handler(note, _EVERY)
    try:
        connection.exec_driver_sql(question, values).all()
    finally:
        raw.set_progress_handler(None, 0)
    return sum(told)


def _rows(plan: dict[str, Any]) -> int:
    """Rows that scans gave and threw away, however often each was run."""
    seen = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    own = seen * plan["Actual Loops"] if "Scan" in plan["Node Type"] else 0
    return round(own) + sum(_rows(one) for one in plan.get("Plans", ()))

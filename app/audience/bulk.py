"""Many new rows of one table at once: COPY on PostgreSQL, executemany on SQLite.

Past SQLAlchemy's own executemany, which takes longer per row than the databases do.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlmodel import Session

from app.platform.db import UtcDateTime

Rows = Sequence[dict[str, Any]]


def insert_all(session: Session, table: Table, rows: Rows) -> None:
    """Every row names the same columns. A conflict is an error: look for it before."""
    if not rows:
        return
    connection = session.connection()
    columns = [table.c[name] for name in rows[0]]
    names = ", ".join(f'"{column.name}"' for column in columns)
    ready = _ready(connection, columns, rows)
    if connection.dialect.name == "postgresql":
        _copy(connection, f'COPY "{table.name}" ({names}) FROM STDIN', ready)
        return
    marks = ", ".join("?" * len(columns))
    sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our models, no values
    connection.exec_driver_sql(sql, list(ready))


def _copy(connection: Connection, sql: str, rows: Iterator[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def _ready(
    connection: Connection, columns: Sequence[Column[Any]], rows: Rows
) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver takes them."""
    prepare = [(column.name, _preparation(connection, column)) for column in columns]
    for row in rows:
        yield tuple(row[name] if make is None else make(row[name]) for name, make in prepare)


def _preparation(connection: Connection, column: Column[Any]) -> Callable[[Any], Any] | None:
    dialect = connection.dialect
    found = column.type.dialect_impl(dialect).bind_processor(dialect)
    if found is not None and isinstance(column.type, UtcDateTime):
        return cache(found)  # a chunk's rows share one moment
    return found

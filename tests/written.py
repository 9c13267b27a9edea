"""Rows that are written to a database, whoever writes them and by whatever statement."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from app.platform.db import Database

_VERSIONS = "SELECT CAST(xmin AS TEXT), CAST(ctid AS TEXT) FROM {}"  # a row that is written moves
_HAPPENED = "CREATE TABLE IF NOT EXISTS happened (name TEXT)"
_NOTE = """
    CREATE TRIGGER "on_{kind}_{table}" AFTER {kind} ON "{table}"
    BEGIN INSERT INTO happened VALUES ('{table}'); END
"""


@contextmanager
def writing(database: Database) -> Iterator[Counter[str]]:
    """How many rows of each table are written meanwhile; to be read afterwards.

    A row that is written as it was counts as well. PostgreSQL: several writes of one row are one.
    """
    written: Counter[str] = Counter()
    with database.engine.connect() as connection:
        tables = sorted({*inspect(connection).get_table_names()} & SQLModel.metadata.tables.keys())
        connection.rollback()
        if database.is_sqlite:
            _watch(connection, tables)
        before = {} if database.is_sqlite else _versions(connection, tables)
    yield written
    with database.engine.connect() as connection:
        if database.is_sqlite:
            written.update(connection.exec_driver_sql("SELECT name FROM happened").scalars())
            return
        for name, rows in _versions(connection, tables).items():
            gone = len(before[name]) - len(rows)
            written += Counter({name: len(rows - before[name]) + max(0, gone)})


def _watch(connection: Connection, tables: list[str]) -> None:
    connection.exec_driver_sql(_HAPPENED)
    for table in tables:
        for kind in ("INSERT", "UPDATE", "DELETE"):
            connection.exec_driver_sql(_NOTE.format(kind=kind, table=table))
    connection.commit()


def _versions(connection: Connection, tables: list[str]) -> dict[str, set[tuple[str, str]]]:
    return {
        name: {
            (row[0], row[1]) for row in connection.exec_driver_sql(_VERSIONS.format(f'"{name}"'))
        }
        for name in tables
    }

"""Ask a database that the operator named for a number or rows, and let the question change nothing.

The query is read as a sub-query, in a transaction that may only read, as the only statement, within
a time limit. The connection's own user must be one that may only read, too. What the database says
of a query that fails can quote what it read, so only words of the query's own are told on.
"""

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg

from app.platform import figures, foreign
from app.platform.errors import Invalid, Unavailable

Pairs = list[tuple[str, str]]  # names and texts of one row
_SECONDS = 10.0
_LONGEST = 1_000_000  # bytes of any value on SQLite's way to a number, that it is asked for or not
_NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})  # PostgreSQL's types: int8, int2, … numeric
_NO_NUMBER = "The query must give a number, not text, nothing, or a date."
_NOT_ONE = "The query must give one row with one column."
_AGAIN = 0.05  # seconds
_WRITTEN_WRONG = "42"  # PostgreSQL's class of errors in how a query is written
_OF_THE_QUERY = ("near ", "no such ", "ambiguous column name", "incomplete input")  # SQLite's
_PLAIN = {  # what SQLite says in so many words, and nothing more
    said: said for said in ("interrupted", "unable to open database file", "file is not a database")
}
_POWERS = """
    -- One row: whether this user reads files of the server (or can be superuser, and may
    -- anything), and whether there is a table that they may change.
    SELECT EXISTS (SELECT 1
                     FROM pg_roles
                    WHERE rolsuper
                      AND pg_has_role(current_user, oid, 'MEMBER'))
           OR pg_has_role(current_user, 'pg_read_server_files', 'MEMBER')
           OR pg_has_role(current_user, 'pg_write_server_files', 'MEMBER')
           OR pg_has_role(current_user, 'pg_execute_server_program', 'MEMBER'),
           EXISTS (SELECT 1
                     FROM pg_class c
                     JOIN pg_namespace n
                       ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'p', 'f', 'v')
                      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                      AND n.nspname NOT LIKE 'pg_temp%'
                      AND n.nspname NOT LIKE 'pg_toast%'
                      AND has_schema_privilege(n.oid, 'USAGE')
                      AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
"""


def number_of(
    connections: Mapping[str, str], name: str, query: str, *, seconds: float = _SECONDS
) -> float:
    """The one number that a query gives; a sentence where it gives none."""
    url = _url_of(connections, name)
    asked = f"SELECT * FROM (\n{query.strip().rstrip(';')}\n) AS one LIMIT 2"  # noqa: S608 - an editor's own query; see above
    try:
        rows = (_sqlite if url.startswith("sqlite:") else _postgresql)(url, asked, seconds)
    except (sqlite3.Error, psycopg.Error) as error:
        raise Unavailable(f"The query failed: {_reason(error)}") from error
    return _one(rows)


def rows_of(
    connections: Mapping[str, str], name: str, query: str, *, most: int, seconds: float
) -> Iterator[Pairs]:
    """The rows that a query gives, each as names and texts, in the order of its columns.

    Raises Invalid or Unavailable, in words that tell nothing of what was read.
    """
    url = _url_of(connections, name)
    inner = f"(\n{query.strip().rstrip(';')}\n) AS one LIMIT {most + 1}"
    try:
        rows = _sqlite_rows if url.startswith("sqlite:") else _postgresql_rows
        for number, row in enumerate(rows(url, inner, seconds)):
            if number == most:
                raise Invalid(f"The query gives more than {figures.exact(most)} rows.")
            yield row
    except (sqlite3.Error, psycopg.Error) as error:
        raise Unavailable(f"The query failed: {_reason(error)}") from error


def _url_of(connections: Mapping[str, str], name: str) -> str:
    url = connections.get(name.lower())
    if url is None:
        raise Invalid(
            f"The operator has named no connection “{name}”: THINSLICE_SQL_{name.upper()}"
        )
    return url


def _postgresql_rows(url: str, inner: str, seconds: float) -> Iterator[Pairs]:
    """The server writes each row as JSON and cuts it off: a text of a gigabyte never comes here."""
    asked = f"SELECT left(row_to_json(one)::text, {_LONGEST + 1}) FROM {inner}"  # noqa: S608 - an admin's own query
    with _connected(url, seconds) as connection, connection.cursor(name="asked") as cursor:
        cursor.execute(asked.encode())
        for (line,) in cursor:
            if len(line) > _LONGEST:
                raise Invalid("A row of the query is longer than 1 MB.")
            yield [(name, _as_text(value)) for name, value in _pairs(line)]


def _pairs(line: str) -> Pairs:
    """A cell may be JSON itself, as deep as somebody wrote it."""
    try:
        found: Pairs = foreign.read_json(line, pairs=list, number=str)
    except foreign.NotJson as error:
        raise Invalid(f"A row of the query cannot be read: {error}.") from error
    return found


def _sqlite_rows(url: str, inner: str, seconds: float) -> Iterator[Pairs]:
    asked = f"SELECT * FROM {inner}"  # noqa: S608 - an admin's own query
    with _opened(url, seconds) as connection:
        cursor = connection.execute(asked)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield [(name, _as_text(value)) for name, value in zip(names, row, strict=True)]


def _as_text(value: Any) -> str:
    """A cell as a file would hold it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | list | dict):
        raise Invalid("A column of the query is no text, number, day or yes/no: leave it out.")
    return str(value)


def look(url: str) -> None:
    """Whether a connection may be asked. Raises Invalid or Unavailable, in words."""
    try:
        if not url.startswith("sqlite:"):
            with _connected(url, _SECONDS):
                return
        _sqlite(url, "SELECT 1", _SECONDS)
    except (sqlite3.Error, psycopg.Error) as error:
        raise Unavailable(f"The connection failed: {_reason(error)}") from error


def _one(rows: list[Any]) -> float:
    if len(rows) != 1 or len(rows[0]) != 1:
        raise Invalid(_NOT_ONE)
    (value,) = rows[0]
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise Invalid(_NO_NUMBER)
    if not isfinite(value):
        raise Invalid("The query must give a number that is finite.")
    return float(value)


@contextmanager
def _connected(url: str, seconds: float) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose user may only read: another could read files or change tables."""
    limit = int(seconds * 1000)
    options = f"-c default_transaction_read_only=on -c statement_timeout={limit}"
    with (
        psycopg.connect(url, options=options, connect_timeout=5) as connection,
        _cut_off(connection, 2 * seconds),
    ):
        connection.read_only = True
        reads_files, writes = connection.execute(_POWERS).fetchone() or (True, True)
        if reads_files or writes:
            may = "read the server's files" if reads_files else "change tables"
            raise Invalid(
                f"The user of this connection may {may}. Give THINSLICE_SQL_… a user that may only"
                " read: CREATE ROLE … LOGIN; GRANT SELECT ON … TO …;"
            )
        yield connection
        connection.rollback()


@contextmanager
def _cut_off(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """End a connection that takes so long: where nothing is said, no server's limit helps.

    Raises Unavailable.
    """
    is_late = threading.Event()

    def cut() -> None:
        is_late.set()
        with suppress(OSError):  # the server ended it meanwhile
            line.shutdown(socket.SHUT_RDWR)

    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        limit = threading.Timer(seconds, cut)
        limit.start()
        try:
            yield
        except psycopg.OperationalError as error:
            if is_late.is_set():
                raise Unavailable(
                    f"The database said nothing for {figures.exact(seconds)} seconds."
                ) from error
            raise
        finally:
            limit.cancel()
            limit.join()


def _postgresql(url: str, query: str, seconds: float) -> list[Any]:
    # The cursor of a server is declared by one statement; simple queries could hold several.
    with _connected(url, seconds) as connection, connection.cursor(name="asked") as cursor:
        cursor.execute(query.encode())
        _refuse_others(cursor.description or [])
        return cursor.fetchall()


def _refuse_others(columns: Sequence[psycopg.Column]) -> None:
    """See what it would give before it gives it: a text of a gigabyte would be held here."""
    if len(columns) != 1:
        raise Invalid(_NOT_ONE)
    if columns[0].type_code not in _NUMBERS:
        raise Invalid(_NO_NUMBER)


def _sqlite(url: str, query: str, seconds: float) -> list[Any]:
    with _opened(url, seconds) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def _opened(url: str, seconds: float) -> Iterator[sqlite3.Connection]:
    path = Path(urlsplit(url).path.removeprefix("/"))
    address = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=seconds)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        connection.execute("PRAGMA query_only = ON")
        with _interrupted(connection, seconds):
            yield connection


@contextmanager
def _interrupted(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Stop it by the clock: counted in steps, one that compares a megabyte counts as any other."""
    is_over = threading.Event()

    def stop() -> None:
        left = seconds
        while not is_over.wait(left):
            connection.interrupt()  # heard by a statement that runs, and by none that begins after
            left = _AGAIN

    limit = threading.Thread(target=stop, daemon=True)
    limit.start()
    try:
        yield
    finally:
        is_over.set()
        limit.join()


def _reason(error: sqlite3.Error | psycopg.Error) -> str:
    """Why, without a word of what was read."""
    said = (str(error).splitlines() or [""])[0][:200]
    if isinstance(error, sqlite3.Error):
        return said if said.startswith(_OF_THE_QUERY) else _PLAIN.get(said, "SQLite refused it.")
    if error.sqlstate is None:
        return "the database cannot be reached."
    if error.sqlstate.startswith(_WRITTEN_WRONG) and error.diag.statement_position:
        return said  # it stands at a place in the query: nothing was read yet
    return f"PostgreSQL refused it ({type(error).__name__}, {error.sqlstate})."

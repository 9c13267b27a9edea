"""Ask a database that the operator named for one number, and let the question change nothing.

The query is read as a sub-query, in a transaction that may only read, as the only statement, within
a time limit. The connection's own user should be one that may only read, too.
"""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg

from app.platform.errors import Invalid, Unavailable

_SECONDS = 10.0
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


def number_of(
    connections: Mapping[str, str], name: str, query: str, *, seconds: float = _SECONDS
) -> float:
    """The one number that a query gives; a sentence where it gives none."""
    url = connections.get(name.lower())
    if url is None:
        raise Invalid(
            f"The operator has named no connection “{name}”: THINSLICE_SQL_{name.upper()}"
        )
    asked = f"SELECT * FROM (\n{query.strip().rstrip(';')}\n) AS one LIMIT 2"  # noqa: S608 - an editor's own query; see above
    try:
        rows = (_sqlite if url.startswith("sqlite:") else _postgresql)(url, asked, seconds)
    except (sqlite3.Error, psycopg.Error) as error:
        raise Unavailable(f"The query failed: {_first_line(error)}") from error
    return _one(rows)


def _one(rows: list[Any]) -> float:
    if len(rows) != 1 or len(rows[0]) != 1:
        raise Invalid("The query must give one row with one column.")
    (value,) = rows[0]
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise Invalid("The query must give a number, not text, nothing, or a date.")
    if not isfinite(value):
        raise Invalid("The query must give a number that is finite.")
    return float(value)


def _postgresql(url: str, query: str, seconds: float) -> list[Any]:
    limit = int(seconds * 1000)
    options = f"-c default_transaction_read_only=on -c statement_timeout={limit}"
    # Prepared statements are one statement each; simple queries could hold several.
    with (
        psycopg.connect(url, options=options, connect_timeout=5) as connection,
        connection.cursor() as cursor,
    ):
        connection.read_only = True
        found = cursor.execute(query.encode(), prepare=True).fetchall()
        connection.rollback()
        return found


def _sqlite(url: str, query: str, seconds: float) -> list[Any]:
    path = Path(urlsplit(url).path.removeprefix("/"))
    until = time.monotonic() + seconds
    address = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=seconds)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        connection.execute("PRAGMA query_only = ON")
        return connection.execute(query).fetchall()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]

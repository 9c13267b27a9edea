"""Nothing of deleted rows is left in the files of a database, nor in its statistics."""

import sqlite3
from collections.abc import Sequence
from typing import Any

_SAMPLED = """
    -- One row for each column of a table of which the planner keeps samples: its name and type.
    SELECT s.attname, format_type(a.atttypid, a.atttypmod)
      FROM pg_stats s
      JOIN pg_attribute a
        ON a.attrelid = format('%%I.%%I', s.schemaname, s.tablename)::regclass
       AND a.attname = s.attname
     WHERE s.schemaname = current_schema()
       AND s.tablename = %s
"""


def rewrite(raw: sqlite3.Connection) -> bool:
    """Write SQLite's file anew and empty the log beside it; False: a reader was in the way."""
    raw.execute("VACUUM")
    is_busy, _in_log, _moved = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


def vacuum(raw: Any, tables: Sequence[str]) -> bool:
    """Give PostgreSQL's dead rows free, and take the statistics of these tables anew."""
    raw.autocommit = True
    raw.execute("SET statement_timeout = 0")
    names = ", ".join(f'"{name}"' for name in tables)
    raw.execute(f"VACUUM (ANALYZE) {names}")
    for name in tables:
        if raw.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is None:  # noqa: S608 - ours
            _forget_samples(raw, name)
    return True


def _forget_samples(raw: Any, table: str) -> None:
    """Where ANALYZE finds no row, it keeps the samples that it has; a column's type ends them."""
    for column, kind in raw.execute(_SAMPLED, (table,)).fetchall():
        raw.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {kind}')  # as it is

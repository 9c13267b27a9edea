"""Shards of kept counts: each connection to PostgreSQL has its own, and none outlives its use."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

_MANY = 64  # shards of one experiment, from which on reading them all costs more than adding up
_AT_ONCE = 100  # experiments in a transaction
COUNTS = {"send_count": ("state", "sends"), "people_count": ("reason", "people")}

_FOLDED = """
    -- A connection that is counting holds its own shard: that one is left for the next time, and
    -- nobody waits for anybody.
    WITH gone AS (
        DELETE FROM {table}
         WHERE (experiment_id, {key}, shard) IN (
               SELECT experiment_id, {key}, shard
                 FROM {table}
                WHERE experiment_id = ANY(:experiment_ids) AND shard <> 0
                  FOR UPDATE SKIP LOCKED)
        RETURNING experiment_id, {key}, {number})
    INSERT INTO {table} AS kept (experiment_id, {key}, shard, {number})
    SELECT experiment_id, {key}, 0, SUM({number})
      FROM gone GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (experiment_id, {key}, shard)
        DO UPDATE SET {number} = kept.{number} + EXCLUDED.{number}
"""
_MANY_SHARDS = """
    SELECT experiment_id
      FROM {table}
     WHERE shard <> 0
     GROUP BY experiment_id
    HAVING COUNT(*) > :many
     LIMIT :limit
"""


def fold(session: Session) -> int:
    """Add up the shards of counts that have many; of how many experiments. SQLite has one each."""
    if session.get_bind().dialect.name == "sqlite":
        return 0
    return sum(_fold(session, table) for table in COUNTS)


def _fold(session: Session, table: str) -> int:
    key, number = COUNTS[table]
    found: Sequence[str] = (
        session.execute(text(_MANY_SHARDS.format(table=table)), {"many": _MANY, "limit": _AT_ONCE})
        .scalars()
        .all()
    )
    if found:
        statement = text(_FOLDED.format(table=table, key=key, number=number))
        session.execute(statement, {"experiment_ids": list(found)})
    return len(found)

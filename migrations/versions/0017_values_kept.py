"""What people and systems put, what runs measured and what a ledger adds are told apart.

Until now a ledger wrote its sums over the values that were put. Those sums become history, and
what they had replaced holds again.
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PUT = sa.text("replaced_at IS NULL AND experiment_id IS NULL")
_RUN = sa.text("replaced_at IS NULL AND experiment_id IS NOT NULL")
_COLUMNS = (
    "id, key_result_id, date, source, recorded_at, replaced_at, experiment_id, comment, confidence"
)
_CONTRIBUTION = sa.table(
    "contribution",
    sa.column("id", sa.Text()),
    sa.column("people", sa.Integer()),
    sa.column("overlaps", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
)
_KEEP = sa.text("""
    UPDATE check_in
       SET confirms      = :confirms,
           experiment_id = :experiment_id,
           source        = :source,
           replaced_at   = CASE WHEN :holds THEN NULL ELSE COALESCE(replaced_at, recorded_at) END
     WHERE id = :id
""").bindparams(
    sa.bindparam("confirms", type_=sa.Boolean()),
    sa.bindparam("holds", type_=sa.Boolean()),
    sa.bindparam("experiment_id", type_=sa.Text()),
)


def upgrade() -> None:
    confirms = sa.Column("confirms", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("check_in", confirms)
    connection = op.get_bind()
    _count_whole_overlaps(connection)
    _tell_apart(connection)
    op.create_index(
        "uq_check_in_put",
        "check_in",
        ["key_result_id", "date", "confirms"],
        unique=True,
        sqlite_where=_PUT,
        postgresql_where=_PUT,
    )
    op.create_index(
        "uq_check_in_run",
        "check_in",
        ["key_result_id", "experiment_id"],
        unique=True,
        sqlite_where=_RUN,
        postgresql_where=_RUN,
    )


def downgrade() -> None:
    op.drop_index("uq_check_in_run", "check_in")
    op.drop_index("uq_check_in_put", "check_in")
    with op.batch_alter_table("check_in") as batch:
        batch.drop_column("confirms")


def _count_whole_overlaps(connection: sa.Connection) -> None:
    """Two entries that overlapped did so as a whole until now: their sums stay what they were."""
    for row in connection.execute(sa.select(_CONTRIBUTION)).all():
        groups = [{"people": row.people, "with": [one]} for one in row.overlaps]
        connection.execute(
            _CONTRIBUTION.update().where(_CONTRIBUTION.c.id == row.id).values(overlaps=groups)
        )


def _tell_apart(connection: sa.Connection) -> None:
    by_key_result: dict[str, list[Any]] = defaultdict(list)
    every = sa.text(f"SELECT {_COLUMNS} FROM check_in ORDER BY id")  # noqa: S608 - our own columns
    for row in connection.execute(every):
        by_key_result[row.key_result_id].append(row)
    posted = sa.text("SELECT key_result_id, experiment_id FROM contribution")
    ledger = {tuple(row) for row in connection.execute(posted)}
    for key_result_id, rows in by_key_result.items():
        _tell_apart_one(connection, rows, {one for owner, one in ledger if owner == key_result_id})


def _tell_apart_one(connection: sa.Connection, rows: list[Any], added: set[str]) -> None:
    written = [row.id for row in rows if row.source == "experiment"]
    if not written:
        return
    first = min(written)
    runs: dict[str, Any] = {}  # the last row of each run that still holds, also where confirmed
    put: dict[Any, Any] = {}  # the last value of each day from before experiments wrote any
    said: dict[Any, Any] = {}  # the last of each day that tells how sure somebody was
    for row in rows:
        if row.id < first and row.experiment_id is None:
            put[row.date] = row
        elif row.replaced_at is None and (row.confidence is not None or row.comment):
            said[row.date] = row
        if row.replaced_at is None and row.experiment_id and row.experiment_id not in added:
            runs[row.experiment_id] = row
    kept = {row.id for row in (*put.values(), *runs.values())}
    for row in rows:
        confirms = row.id not in kept and said.get(row.date) is row
        connection.execute(
            _KEEP,
            {
                "id": row.id,
                "confirms": confirms,
                "holds": row.id in kept or confirms,
                "experiment_id": None if confirms else row.experiment_id,
                "source": "experiment" if row.id in kept and row.experiment_id else row.source,
            },
        )

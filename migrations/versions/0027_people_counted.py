"""Who is in and who is left out of an experiment is counted by the database; answers know theirs.

As of 0025: SQLite drops a table's triggers where Alembic copies the table (`batch_alter_table`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# Who is in has no reason; it is computed, so that PostgreSQL groups by it as by a column.
_TABLES = {"enrolment": "COALESCE('', {row}.person_id)", "ineligible": "{row}.reason"}
_SAID = sa.text("comment <> ''")

_SQLITE = (
    """
    CREATE TRIGGER {table}_counted_new AFTER INSERT ON {table}
    BEGIN
        INSERT INTO people_count (experiment_id, reason, shard, people)
        VALUES (NEW.experiment_id, {new}, 0, 1)
            ON CONFLICT (experiment_id, reason, shard) DO UPDATE SET people = people + 1;
    END
    """,
    """
    CREATE TRIGGER {table}_counted_gone AFTER DELETE ON {table}
    BEGIN
        UPDATE people_count SET people = people - 1
         WHERE experiment_id = OLD.experiment_id AND reason = {old} AND shard = 0;
    END
    """,
)

_POSTGRESQL = (
    """
    CREATE FUNCTION count_{table}() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO people_count AS c (experiment_id, reason, shard, people)
        SELECT m.experiment_id, {moved}, pg_backend_pid(),
               CASE TG_OP WHEN 'INSERT' THEN COUNT(*) ELSE -COUNT(*) END
          FROM moved m GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (experiment_id, reason, shard)
            DO UPDATE SET people = c.people + EXCLUDED.people;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER {table}_counted_new AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS moved
    FOR EACH STATEMENT EXECUTE FUNCTION count_{table}()
    """,
    """
    CREATE TRIGGER {table}_counted_gone AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS moved
    FOR EACH STATEMENT EXECUTE FUNCTION count_{table}()
    """,
)


def upgrade() -> None:
    op.create_table(
        "people_count",
        sa.Column("experiment_id", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), primary_key=True),
        sa.Column("shard", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
    )
    bind = op.get_bind()
    for table, reason in _TABLES.items():
        bind.exec_driver_sql(
            "INSERT INTO people_count (experiment_id, reason, shard, people)"  # noqa: S608  # ours alone
            f" SELECT t.experiment_id, {reason.format(row='t')}, 0, COUNT(*) FROM {table} t"
            " GROUP BY 1, 2"
        )
        for statement in _SQLITE if bind.dialect.name == "sqlite" else _POSTGRESQL:
            names = {"new": "NEW", "old": "OLD", "moved": "m"}
            filled = {name: reason.format(row=row) for name, row in names.items()}
            bind.exec_driver_sql(statement.format(table=table, **filled))
    op.drop_index("ix_outcome_did", "outcome")
    op.create_index("ix_outcome_did", "outcome", ["experiment_id", "did_at", "arm"])
    op.add_column(
        "answer", sa.Column("experiment_id", sa.String(), nullable=False, server_default="")
    )
    bind.exec_driver_sql(
        "UPDATE answer SET experiment_id = o.experiment_id"
        "  FROM outcome o WHERE o.send_id = answer.send_id"
    )
    op.create_index("ix_answer_useful", "answer", ["experiment_id", "useful"])
    op.create_index(
        "ix_answer_said", "answer", ["experiment_id", "at", "send_id"],
        sqlite_where=_SAID, postgresql_where=_SAID,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_answer_said", "answer")
    op.drop_index("ix_answer_useful", "answer")
    op.drop_column("answer", "experiment_id")
    op.drop_index("ix_outcome_did", "outcome")
    op.create_index("ix_outcome_did", "outcome", ["experiment_id", "did_at"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _TABLES:
        for name in ("new", "gone"):
            of = "" if is_sqlite else f" ON {table}"
            op.execute(f"DROP TRIGGER {table}_counted_{name}{of}")
        if not is_sqlite:
            op.execute(f"DROP FUNCTION count_{table}()")
    op.drop_table("people_count")

"""Key results: scores, values that experiments write, the ledger, sources that are read"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cycle", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_by", sa.Text(), nullable=False, server_default=""))

    with op.batch_alter_table("key_result", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kept_because", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("score", sa.Float(), nullable=True))
        batch_op.add_column(
            sa.Column("score_comment", sa.Text(), nullable=False, server_default="")
        )

    with op.batch_alter_table("check_in", schema=None) as batch_op:
        batch_op.add_column(sa.Column("experiment_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("observed", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("estimate", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("low", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("high", sa.Float(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_check_in_experiment_id"), ["experiment_id"], unique=False
        )

    op.create_table(
        "contribution",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_result_id", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("overlaps", JSON, nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_result_id"], ["key_result.id"], name=op.f("fk_contribution_key_result_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution")),
        sa.UniqueConstraint(
            "key_result_id",
            "experiment_id",
            name=op.f("uq_contribution_key_result_id_experiment_id"),
        ),
    )
    op.create_table(
        "undone_link",
        sa.Column("key_result_id", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_result_id", "experiment_id", name=op.f("pk_undone_link")),
    )
    op.create_table(
        "value_source",
        sa.Column("key_result_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["key_result_id"], ["key_result.id"], name=op.f("fk_value_source_key_result_id")
        ),
        sa.PrimaryKeyConstraint("key_result_id", name=op.f("pk_value_source")),
    )
    with op.batch_alter_table("value_source", schema=None) as batch_op:
        batch_op.create_index("ix_value_source_due", ["due_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("value_source", schema=None) as batch_op:
        batch_op.drop_index("ix_value_source_due")

    op.drop_table("value_source")
    op.drop_table("undone_link")
    op.drop_table("contribution")
    with op.batch_alter_table("check_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_check_in_experiment_id"))
        for name in ("high", "low", "estimate", "observed", "experiment_id"):
            batch_op.drop_column(name)

    with op.batch_alter_table("key_result", schema=None) as batch_op:
        for name in ("score_comment", "score", "kept_because"):
            batch_op.drop_column(name)

    with op.batch_alter_table("cycle", schema=None) as batch_op:
        batch_op.drop_column("closed_by")
        batch_op.drop_column("closed_at")

"""Connectors, links, pushes, the digest; events carry the mark that they were told"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connector",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("old_secrets", sa.Text(), nullable=True),
        sa.Column("rotated_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector")),
    )
    op.create_index(op.f("ix_connector_kind"), "connector", ["kind"])
    op.create_table(
        "connector_link",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key_result_id", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("external", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector_link")),
        sa.UniqueConstraint(
            "key_result_id",
            "connector_id",
            name=op.f("uq_connector_link_key_result_id_connector_id"),
        ),
    )
    op.create_index(op.f("ix_connector_link_connector_id"), "connector_link", ["connector_id"])
    op.create_table(
        "push",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("external", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push")),
        sa.UniqueConstraint("event_id", "connector_id", name=op.f("uq_push_event_id_connector_id")),
    )
    op.create_index(op.f("ix_push_connector_id"), "push", ["connector_id"])
    op.create_index("ix_push_due", "push", ["state", "due_at"])
    op.create_index("ix_push_lane", "push", ["lane", "id"])
    op.create_index("ix_push_subject", "push", ["subject", "id"])
    op.create_table(
        "teller",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("told_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teller")),
    )
    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipients", JSON, nullable=False),
        sa.Column("sends_at", sa.Text(), nullable=True),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
    )
    op.create_table(
        "weekly_run",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("ran_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", "week", name=op.f("pk_weekly_run")),
    )
    op.add_column("event", sa.Column("told_at", MOMENT, nullable=True))
    op.execute("UPDATE event SET told_at = at")  # what is past is told to nobody who joins later
    op.create_index(
        "ix_event_untold",
        "event",
        ["id"],
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_event_untold", table_name="event")
    with op.batch_alter_table("event") as batch:
        batch.drop_column("told_at")
    for table in ("weekly_run", "digest", "teller", "push", "connector_link", "connector"):
        op.drop_table(table)

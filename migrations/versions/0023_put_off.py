"""Work that failed waits with its reason; what a server takes is kept; a launch may be undone."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "put_off",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("work", AutoString(), nullable=False),
        sa.Column("item", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_by", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_put_off")),
        sa.UniqueConstraint("work", "item", name=op.f("uq_put_off_work_item")),
    )
    op.create_table(
        "server_pace",
        sa.Column("server", AutoString(), nullable=False),
        sa.Column("per_minute", sa.Float(), nullable=True),
        sa.Column("learnt_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_server_pace")),
    )
    op.add_column(
        "experiment", sa.Column("undo_seconds", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("experiment", "undo_seconds")
    op.drop_table("server_pace")
    op.drop_table("put_off")

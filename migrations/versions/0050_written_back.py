"""What people answer is kept, and counted."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "written_back",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("experiment_id", AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("words", AutoString(), nullable=False),
        sa.Column("nameless", AutoString(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("is_unread", sa.Boolean(), nullable=False),
        sa.Column("is_from_elsewhere", sa.Boolean(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_written_back"),
    )
    op.create_index("ix_written_back_send_id", "written_back", ["send_id"])
    op.create_index("ix_written_back_at", "written_back", ["at"])
    op.create_index("ix_written_back_listed", "written_back", ["experiment_id", "at", "id"])
    op.add_column("outcome", sa.Column("replied_at", UtcDateTime(), nullable=True))
    op.add_column("counter", sa.Column("replied", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("counter", "replied")
    op.drop_column("outcome", "replied_at")
    op.drop_table("written_back")

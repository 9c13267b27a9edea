"""Weeks that were marked as unusual before they began, for one key result or for all."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unusual_week",
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("key_result_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("week", "key_result_id", name="pk_unusual_week"),
    )


def downgrade() -> None:
    op.drop_table("unusual_week")

"""Whoever has read a check-in says so; whoever is asked on Friday is asked in their language."""

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen",
        sa.Column("check_in_id", sa.String(), primary_key=True),
        sa.Column("user_id", sa.String(), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.add_column(
        "respondent", sa.Column("language", sa.String(), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("respondent", "language")
    op.drop_table("seen")

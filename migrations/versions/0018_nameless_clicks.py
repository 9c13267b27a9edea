"""Clicks of people who may not be tracked count for their link, and for nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "link_counter",
        sa.Column("nameless", sa.Integer(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    with op.batch_alter_table("link_counter") as batch:
        batch.drop_column("nameless")

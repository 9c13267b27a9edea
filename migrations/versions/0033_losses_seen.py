"""An operator takes note of clicks that were not kept: they are told as new no more."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("lost_seen", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("data_folder", column)


def downgrade() -> None:
    op.drop_column("data_folder", "lost_seen")

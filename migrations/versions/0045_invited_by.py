"""Who made an invitation, by id: it ends with what they may."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("team_invitation", sa.Column("created_by_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("team_invitation", "created_by_id")

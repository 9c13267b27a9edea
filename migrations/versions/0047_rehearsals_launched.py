"""Whether what was launched is a rehearsal: its mails stay in the outbox, and nothing counts."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "experiment",
        sa.Column("rehearsal", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("experiment", "rehearsal")

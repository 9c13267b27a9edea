"""Cooling off counts mails: an outcome knows when a server took its mail, or may have."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_WHEN = """
    -- One row per mail that was taken, or may have been.
    UPDATE outcome
       SET mailed_at = COALESCE((SELECT s.accepted_at FROM send s WHERE s.id = outcome.send_id),
                                outcome.released_at)
     WHERE outcome.sent OR outcome.uncertain
"""


def upgrade() -> None:
    op.add_column("outcome", sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_WHEN)


def downgrade() -> None:
    with op.batch_alter_table("outcome") as batch:
        batch.drop_column("mailed_at")

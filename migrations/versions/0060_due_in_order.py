"""Whoever is due is read in order, and not sorted: many thousands are due at one moment."""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_NAME, _BEFORE = "ix_send_due", ["experiment_id", "state", "due_at"]


def upgrade() -> None:
    op.drop_index(_NAME, table_name="send")
    op.create_index(_NAME, "send", [*_BEFORE, "id"])


def downgrade() -> None:
    op.drop_index(_NAME, table_name="send")
    op.create_index(_NAME, "send", _BEFORE)

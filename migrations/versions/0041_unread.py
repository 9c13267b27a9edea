"""What was typed into a draft and is no part of its design yet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("experiment", sa.Column("unread", _JSON))


def downgrade() -> None:
    op.drop_column("experiment", "unread")

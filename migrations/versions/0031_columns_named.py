"""A file of people keeps which columns it brought: an audience has room for so many."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("import", sa.Column("named", kind, nullable=True))


def downgrade() -> None:
    op.execute('ALTER TABLE "import" DROP COLUMN named')

"""The oldest version that can live with this database: it runs on while machines are replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("install", sa.Column("fits_from", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("install", "fits_from")

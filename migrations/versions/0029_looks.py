"""A file may be looked at before anything is taken from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column(
        "import", sa.Column("is_look", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("import", sa.Column("look_id", sa.String(), nullable=True))
    op.add_column("import", sa.Column("columns", _JSON, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("import") as batch:
        batch.drop_column("columns")
        batch.drop_column("look_id")
        batch.drop_column("is_look")

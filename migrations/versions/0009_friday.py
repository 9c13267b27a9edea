"""Friday's one mail: owners of key results are asked, too; who gave no time is not counted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    asked = {"type_": sa.Boolean(), "nullable": False, "server_default": sa.true()}
    op.add_column("respondent", sa.Column("asked_time", **asked))
    op.add_column("invitation", sa.Column("asked_time", **asked))
    op.add_column("invitation", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("invitation") as batch:
        batch.drop_column("answered_at")
        batch.drop_column("asked_time")
    with op.batch_alter_table("respondent") as batch:
        batch.drop_column("asked_time")

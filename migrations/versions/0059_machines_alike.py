"""Prints of each machine's settings stand with its data folder."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("data_folder") as table:
        table.add_column(sa.Column("settings", AutoString(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("data_folder") as table:
        table.drop_column("settings")

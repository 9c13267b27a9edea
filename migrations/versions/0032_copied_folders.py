"""A data folder says where it is: two that are copies of each other are told apart."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TEXTS = ("place", "other_place", "other_name")


def upgrade() -> None:
    for name in _TEXTS:
        column = sa.Column(name, AutoString(), nullable=False, server_default="")
        op.add_column("data_folder", column)
    op.add_column("data_folder", sa.Column("moved_at", UtcDateTime(), nullable=True))
    op.add_column(
        "data_folder",
        sa.Column("is_copied", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    for name in (*_TEXTS, "moved_at", "is_copied"):
        op.drop_column("data_folder", name)

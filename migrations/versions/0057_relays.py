"""Several relays: which one carried a mail, which is away, and rates that machines share."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("send", sa.Column("relay", AutoString(), nullable=True))
    op.add_column("server_pace", sa.Column("away_since", UtcDateTime(), nullable=True))
    op.add_column("server_pace", sa.Column("said", AutoString(), nullable=True))
    op.create_table(
        "send_rate",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_send_rate"),
    )


def downgrade() -> None:
    op.drop_table("send_rate")
    op.drop_column("server_pace", "said")
    op.drop_column("server_pace", "away_since")
    op.drop_column("send", "relay")

"""What comes back by mail about a send is kept until it is settled."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "came_back",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("what", AutoString(), nullable=False),
        sa.Column("words", AutoString(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_came_back"),
    )
    op.create_index("ix_came_back_send_id", "came_back", ["send_id"])
    waits = sa.text("done_at IS NULL")
    op.create_index(
        "ix_came_back_waiting",
        "came_back",
        ["send_id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def downgrade() -> None:
    op.drop_table("came_back")

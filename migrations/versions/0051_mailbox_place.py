"""How far a mailbox was read."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.documents import Json

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailbox_place",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("settled_until", sa.BigInteger(), nullable=False),
        sa.Column("again", Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_mailbox_place"),
    )


def downgrade() -> None:
    op.drop_table("mailbox_place")

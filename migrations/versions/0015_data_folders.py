"""Each data folder says up to which moment it is ingested; what was lost is kept with its time."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "data_folder",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("registered_at", moment, nullable=False),
        sa.Column("ingested_until", moment, nullable=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("drained", sa.Boolean(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", moment, nullable=True),
        sa.Column("retired_by", sa.String(), nullable=False),
    )
    op.create_table(
        "lost_hits",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("folder_id", sa.String(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=True),
    )
    op.create_index("ix_lost_hits_until", "lost_hits", ["until"])


def downgrade() -> None:
    op.drop_table("lost_hits")
    op.drop_table("data_folder")

"""Hits past a hundred a minute or a thousand a mail are only counted; judging keeps a memory."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hit_count",
        sa.Column("send_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("link", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("send_id", "since", "kind", "link", "method", name="pk_hit_count"),
    )
    op.create_index("ix_hit_count_experiment", "hit_count", ["experiment_id", "arm"])
    op.add_column("reaction", sa.Column("memory", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("reaction") as batch:
        batch.drop_column("memory")
    op.drop_table("hit_count")

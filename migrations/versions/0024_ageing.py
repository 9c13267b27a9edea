"""What is old is let go: up to which hit this was looked at, and sends whose hits are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ageing",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ageing"),
    )
    op.add_column(
        "reaction", sa.Column("gone", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    with op.batch_alter_table("reaction") as batch:
        batch.drop_column("gone")
    op.drop_table("ageing")

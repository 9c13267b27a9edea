"""Closer, or luck: what each week said of a key result is kept; whether a number only adds up."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NUMBERS = (
    "p", "bound", "moved", "low", "high", "noise_low", "noise_high", "begins", "now"
)  # fmt: skip


def upgrade() -> None:
    op.add_column("key_result", sa.Column("running_total", sa.Boolean(), nullable=True))
    op.create_table(
        "told_week",
        sa.Column("key_result_id", sa.Text(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("direction", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in _NUMBERS),
        sa.Column("as_factors", sa.Boolean(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["key_result_id"], ["key_result.id"], name=op.f("fk_told_week_key_result_id")
        ),
        sa.PrimaryKeyConstraint("key_result_id", "week", name=op.f("pk_told_week")),
    )


def downgrade() -> None:
    op.drop_table("told_week")
    with op.batch_alter_table("key_result") as batch:
        batch.drop_column("running_total")

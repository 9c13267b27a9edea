"""Second arms, holdout, waves, looks, values."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiment", sa.Column("plan", JSON, nullable=True))
    op.add_column("experiment", _number("open_wave"))
    op.add_column("experiment", sa.Column("stopped_wave", sa.Integer(), nullable=True))
    op.add_column("send", _number("wave"))
    op.add_column("outcome", _amount("capped"))
    op.add_column("outcome", sa.Column("covariate", sa.Float(), nullable=True))
    op.add_column("counter", _number("nonzero"))
    op.add_column("counter", _amount("value"))
    op.create_table(
        "look",
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "number", name=op.f("pk_look")),
    )


def downgrade() -> None:
    op.drop_table("look")
    for table, column in (
        ("counter", "value"),
        ("counter", "nonzero"),
        ("outcome", "covariate"),
        ("outcome", "capped"),
        ("send", "wave"),
        ("experiment", "stopped_wave"),
        ("experiment", "open_wave"),
        ("experiment", "plan"),
    ):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _amount(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=False, server_default="0")

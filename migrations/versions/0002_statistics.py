"""Second arms, holdout, waves, looks, values, conversions."""

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
    op.create_table(
        "conversion",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversion")),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "conversion", columns, unique=False)


_INDEXES = {
    "ix_conversion_email_key": ["email_key"],
    "ix_conversion_external_id": ["external_id"],
    "ix_conversion_unsettled": ["settled", "received_at"],
    "ix_conversion_received": ["received_at", "id"],
    "ix_conversion_tried": ["person_id", "tried_at"],
}


def downgrade() -> None:
    op.drop_table("conversion")
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

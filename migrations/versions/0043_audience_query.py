"""Queries over named databases that fill audiences by themselves."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audience_query",
        sa.Column("audience_id", AutoString(), nullable=False),
        sa.Column("connection", AutoString(), nullable=False),
        sa.Column("query", AutoString(), nullable=False),
        sa.Column("every", AutoString(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_id", AutoString(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["audience_id"], ["audience.id"], name=op.f("fk_audience_query_audience_id")
        ),
        sa.PrimaryKeyConstraint("audience_id", name=op.f("pk_audience_query")),
    )
    op.create_index("ix_audience_query_due", "audience_query", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_table("audience_query")

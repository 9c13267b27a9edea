"""Columns have types: what is read again, what was noted, what was composed before a launch."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    zero = {"type_": sa.Integer(), "nullable": False, "server_default": "0"}
    op.add_column("audience", sa.Column("revision", **zero))
    op.add_column("audience", sa.Column("read_by", **zero))
    op.add_column("import", sa.Column("noted", **zero))
    op.add_column(
        "import", sa.Column("encoding", sa.String(), nullable=False, server_default="utf-8")
    )
    op.add_column("experiment", sa.Column("columns", _JSON, nullable=True))
    op.create_table(
        "import_note",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name="pk_import_note"),
    )
    op.create_table(
        "rehearsal",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("design_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audience_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("found", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", name="pk_rehearsal"),
    )


def downgrade() -> None:
    op.drop_table("rehearsal")
    op.drop_table("import_note")
    with op.batch_alter_table("experiment") as batch:
        batch.drop_column("columns")
    with op.batch_alter_table("import") as batch:
        batch.drop_column("encoding")
        batch.drop_column("noted")
    with op.batch_alter_table("audience") as batch:
        batch.drop_column("read_by")
        batch.drop_column("revision")

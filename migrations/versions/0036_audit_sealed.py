"""Rows of the audit are sealed, each with the one before it; those of before stay as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit") as audit:
        audit.add_column(sa.Column("number", sa.Integer(), nullable=True))
        audit.add_column(sa.Column("digest", sa.String(), nullable=True))
        audit.add_column(sa.Column("seal", sa.String(), nullable=True))
        audit.add_column(sa.Column("erased_digest", sa.String(), nullable=True))
        audit.create_unique_constraint("uq_audit_number", ["number"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.Column("unsealed", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("audit_head")
    with op.batch_alter_table("audit") as audit:
        audit.drop_constraint("uq_audit_number", type_="unique")
        for name in ("erased_digest", "seal", "digest", "number"):
            audit.drop_column(name)

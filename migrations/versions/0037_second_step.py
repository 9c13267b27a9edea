"""A code beside the password, codes for the day when the phone is lost, and invitations by mail."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_step",
        sa.Column("user_id", AutoString(), nullable=False),
        sa.Column("secret", AutoString(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("used_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_step"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("hash", AutoString(), nullable=False),
        sa.Column("user_id", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_user_id", "recovery_code", ["user_id"])
    op.create_table(
        "half_log_in",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("user_id", AutoString(), nullable=False),
        sa.Column("onward", AutoString(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_half_log_in"),
    )
    op.create_index("ix_half_log_in_user_id", "half_log_in", ["user_id"])
    op.create_index("ix_half_log_in_expires_at", "half_log_in", ["expires_at"])
    op.create_table(
        "team_invitation",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("email", AutoString(), nullable=False),
        sa.Column("role", AutoString(), nullable=False),
        sa.Column("hash", AutoString(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", AutoString(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_team_invitation"),
        sa.UniqueConstraint("hash", name="uq_team_invitation_hash"),
    )
    op.create_index("ix_team_invitation_email", "team_invitation", ["email"])


def downgrade() -> None:
    for table in ("team_invitation", "half_log_in", "recovery_code", "second_step"):
        op.drop_table(table)

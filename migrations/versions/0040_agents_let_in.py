"""Agents that somebody let in from a page: their programs, what was allowed, their tokens."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime
from app.platform.documents import Json

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_program",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("redirects", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_agent_program"),
    )
    op.create_index("ix_agent_program_created_at", "agent_program", ["created_at"])
    op.create_table(
        "agent_grant",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("user_id", AutoString(), nullable=False),
        sa.Column("client", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("redirect", AutoString(), nullable=False),
        sa.Column("scope", AutoString(), nullable=False),
        sa.Column("code_hash", AutoString(), nullable=False),
        sa.Column("challenge", AutoString(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("code_used_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_agent_grant"),
        sa.UniqueConstraint("code_hash", name="uq_agent_grant_code_hash"),
    )
    op.create_index("ix_agent_grant_user_id", "agent_grant", ["user_id"])
    op.create_table(
        "agent_token",
        sa.Column("hash", AutoString(), nullable=False),
        sa.Column("grant_id", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name="pk_agent_token"),
    )
    op.create_index("ix_agent_token_grant_id", "agent_token", ["grant_id"])
    op.create_index("ix_agent_token_expires_at", "agent_token", ["expires_at"])


def downgrade() -> None:
    for table in ("agent_token", "agent_grant", "agent_program"):
        op.drop_table(table)

"""Who watches what, what each of the team is to know and how, what was told, and comments."""

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime
from app.platform.documents import Json

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watch",
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("user_id", sa.String(), primary_key=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_watch_user_id", "watch", ["user_id"])
    op.create_table(
        "news",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("href", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.UniqueConstraint("user_id", "fact"),
    )
    op.create_index(
        "ix_news_unread",
        "news",
        ["user_id"],
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "told_verdict",
        sa.Column("experiment_id", sa.String(), primary_key=True),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("breached", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("mentions", Json, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("edited_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_comment_subject", "comment", ["subject"])
    op.create_index("ix_comment_by", "comment", ["by_id", "at"])
    op.add_column("put_off", sa.Column("told_at", UtcDateTime(), nullable=True))
    op.add_column("import", sa.Column("created_by_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("import", "created_by_id")
    op.drop_column("put_off", "told_at")
    for name in ("comment", "told_verdict", "notice_choice", "news", "watch"):
        op.drop_table(name)

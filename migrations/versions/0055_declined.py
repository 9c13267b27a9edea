"""People turn off a kind of mail and keep the others."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "declined",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("email_key", AutoString(), nullable=False),
        sa.Column("mail_kind", AutoString(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_declined"),
        sa.UniqueConstraint("email_key", "mail_kind", name="uq_declined_email_key_mail_kind"),
    )
    op.create_index("ix_declined_listed", "declined", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("declined")

"""Images that mails show are kept here."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_image",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("says", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("hash", AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_image"),
        sa.UniqueConstraint("key", name="uq_mail_image_key"),
    )


def downgrade() -> None:
    op.drop_table("mail_image")

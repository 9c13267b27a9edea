"""People come by an identity provider, too; a session knows its device and where it came from."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_OF_SESSIONS = ("issuer", "sid", "id_token")


def upgrade() -> None:
    with op.batch_alter_table("user_account") as batch:
        batch.add_column(sa.Column("issuer", AutoString(), nullable=True))
        batch.add_column(sa.Column("subject", AutoString(), nullable=True))
        batch.create_unique_constraint("uq_user_account_issuer_subject", ["issuer", "subject"])
    for name in ("device", "network"):
        op.add_column(
            "login_session", sa.Column(name, AutoString(), nullable=False, server_default="")
        )
    for name in _OF_SESSIONS:
        op.add_column("login_session", sa.Column(name, AutoString(), nullable=True))
    op.create_index("ix_login_session_sid", "login_session", ["sid"])
    op.create_table(
        "log_in_attempt",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("nonce", AutoString(), nullable=False),
        sa.Column("verifier", AutoString(), nullable=False),
        sa.Column("onward", AutoString(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_in_attempt"),
    )
    op.create_index("ix_log_in_attempt_expires_at", "log_in_attempt", ["expires_at"])
    op.create_table(
        "told_log_out",
        sa.Column("hash", AutoString(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_told_log_out"),
    )
    op.create_index("ix_told_log_out_expires_at", "told_log_out", ["expires_at"])


def downgrade() -> None:
    op.drop_table("told_log_out")
    op.drop_table("log_in_attempt")
    op.drop_index("ix_login_session_sid", table_name="login_session")
    with op.batch_alter_table("login_session") as batch:
        for name in (*_OF_SESSIONS, "device", "network"):
            batch.drop_column(name)
    with op.batch_alter_table("user_account") as batch:
        batch.drop_constraint("uq_user_account_issuer_subject", type_="unique")
        batch.drop_column("subject")
        batch.drop_column("issuer")

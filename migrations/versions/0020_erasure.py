"""A person can be erased: marks keep them from coming back; hits tell whether they are whole."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "erased",
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_erased"),
    )
    op.create_table(
        "erasure",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("words", JSON, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("swept_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_erasure"),
    )
    op.add_column("import", sa.Column("erased", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("import_note", sa.Column("person_id", sa.String(), nullable=True))
    op.add_column("notice", sa.Column("person_id", sa.String(), nullable=True))
    op.add_column("outbox_mail", sa.Column("person_id", sa.String(), nullable=True))
    op.add_column(
        "hit", sa.Column("intact", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.create_index("ix_import_note_person_id", "import_note", ["person_id"])
    op.create_index("ix_notice_person_id", "notice", ["person_id"])
    op.create_index("ix_outbox_mail_person_id", "outbox_mail", ["person_id"])
    op.create_index("ix_ineligible_person_id", "ineligible", ["person_id"])
    # test mails of before do not say whose columns they show; nobody needs them once they left
    op.execute("DELETE FROM notice WHERE kind = 'test' AND state IN ('sent', 'failed')")
    _drop_test_mails()


def downgrade() -> None:
    op.drop_index("ix_ineligible_person_id", table_name="ineligible")
    for table in ("import_note", "notice", "outbox_mail"):
        op.drop_index(f"ix_{table}_person_id", table_name=table)
        with op.batch_alter_table(table) as batch:
            batch.drop_column("person_id")
    for table, column in (("import", "erased"), ("hit", "intact")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
    op.drop_table("erasure")
    op.drop_table("erased")


def _drop_test_mails() -> None:
    """Those in the outbox that do not say whose columns they show."""
    connection = op.get_bind()
    mails = connection.execute(sa.text("SELECT id, raw FROM outbox_mail WHERE send_id IS NULL"))
    for mail_id, raw in mails.fetchall():
        if b"Message-ID: <test." in bytes(raw):
            connection.execute(sa.text("DELETE FROM outbox_mail WHERE id = :id"), {"id": mail_id})

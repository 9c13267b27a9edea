"""Buckets, respondents, weekly openings and answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bucket",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("elective", sa.Boolean(), nullable=False),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bucket")),
    )
    op.create_table(
        "respondent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=True),
        sa.Column("fte", sa.Float(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respondent")),
        sa.UniqueConstraint("number", name=op.f("uq_respondent_number")),
        sa.UniqueConstraint("email", name=op.f("uq_respondent_email")),
    )
    op.create_table(
        "allocation_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        *(
            column
            for name in ("opens", "reminds", "closes")
            for column in (
                sa.Column(f"{name}_day", sa.Integer(), nullable=False),
                sa.Column(f"{name}_at", sa.Text(), nullable=False),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_settings")),
    )
    _weeks()


def _weeks() -> None:
    op.create_table(
        "opening",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminds_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "week", name=op.f("pk_opening")),
    )
    op.create_table(
        "invitation",
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("respondent_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("week", "respondent_id", name=op.f("pk_invitation")),
    )
    op.create_table(
        "time_answer",
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("respondent_id", sa.Text(), nullable=False),
        sa.Column("shares", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=True),
        sa.Column("fte", sa.Float(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("week", "respondent_id", name=op.f("pk_time_answer")),
    )
    op.create_table(
        "time_answer_before",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("respondent_id", sa.Text(), nullable=False),
        sa.Column("shares", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_answer_before")),
    )
    op.create_index(op.f("ix_time_answer_before_week"), "time_answer_before", ["week"])


def downgrade() -> None:
    for table in (
        "time_answer_before",
        "time_answer",
        "invitation",
        "opening",
        "allocation_settings",
        "respondent",
        "bucket",
    ):
        op.drop_table(table)

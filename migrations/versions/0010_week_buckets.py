"""A week keeps the kinds of work it was asked about, and which people's answers are shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEEP = sa.text("""
    -- One row per week that was opened and kind of work that was asked about then.
    INSERT INTO week_bucket (week, bucket_id, target, position)
    SELECT o.week, b.id, b.target, b.position
      FROM opening o
      JOIN bucket b ON b.retired_at IS NULL OR b.retired_at > o.opened_at
     WHERE o.name = 'friday'
""")
_FIRST = sa.text("""
    -- The same where nobody has set any: the model's own.
    INSERT INTO week_bucket (week, bucket_id, target, position)
    SELECT o.week, f.id, f.target, f.position
      FROM opening o
     CROSS JOIN (SELECT 'lights' AS id, CAST(NULL AS FLOAT) AS target, 0 AS position
                 UNION ALL SELECT 'new', 0.6, 1
                 UNION ALL SELECT 'existing', 0.2, 2
                 UNION ALL SELECT 'productivity', 0.2, 3) f
     WHERE o.name = 'friday'
       AND NOT EXISTS (SELECT 1 FROM bucket)
""")


def upgrade() -> None:
    op.create_table(
        "week_bucket",
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("bucket_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("week", "bucket_id", name=op.f("pk_week_bucket")),
    )
    op.create_table(
        "time_told",
        sa.Column("week", sa.Text(), nullable=False),
        sa.Column("respondent_id", sa.Text(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=True),
        sa.Column("shares", JSON, nullable=False),
        sa.Column("fte", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("week", "respondent_id", name=op.f("pk_time_told")),
    )
    moment = sa.DateTime(timezone=True)
    op.add_column("opening", sa.Column("settled_at", moment, nullable=True))
    op.add_column("invitation", sa.Column("withdrawn_at", moment, nullable=True))
    op.execute(_KEEP)
    op.execute(_FIRST)


def downgrade() -> None:
    with op.batch_alter_table("invitation") as batch:
        batch.drop_column("withdrawn_at")
    with op.batch_alter_table("opening") as batch:
        batch.drop_column("settled_at")
    op.drop_table("time_told")
    op.drop_table("week_bucket")

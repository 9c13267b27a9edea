"""A rehearsal says what it was made of and whom it could not write to; a start, who fell away."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_ADDED = ("promised", "fell_away")


def upgrade() -> None:
    op.drop_table("rehearsal")  # what it held is made again by itself
    _rehearsal(
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("made_of", sa.String(), nullable=False),
        sa.Column("frame", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
    )
    op.create_table(
        "unwritable",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "run", "person_id", name="pk_unwritable"),
    )
    op.create_index("ix_unwritable_person_id", "unwritable", ["person_id"])
    for name in _ADDED:
        op.add_column("experiment", sa.Column(name, _JSON, nullable=True))


def downgrade() -> None:
    """Columns go one by one: a copied table would lose its triggers."""
    for name in reversed(_ADDED):
        op.execute(f"ALTER TABLE experiment DROP COLUMN {name}")
    op.drop_table("unwritable")
    op.drop_table("rehearsal")
    _rehearsal()


def _rehearsal(*more: sa.Column[str]) -> None:
    op.create_table(
        "rehearsal",
        sa.Column("experiment_id", sa.String(), nullable=False),
        *more,
        sa.Column("design_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audience_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("found", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", name="pk_rehearsal"),
    )

"""The digest of a week leaves once, whenever its time is moved: runs name the week they told."""

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_EARLY = ("monday", "tuesday", "wednesday", "thursday")  # on these, the week before is told


def upgrade() -> None:
    op.add_column("digest", sa.Column("timed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE digest SET timed_at = set_at")
    _move(-1)


def downgrade() -> None:
    _move(1)
    with op.batch_alter_table("digest") as batch:
        batch.drop_column("timed_at")


def _move(weeks: int) -> None:
    """The runs so far were named by the week that they came due in."""
    connection = op.get_bind()
    time = connection.execute(sa.text("SELECT sends_at FROM digest")).scalar()
    if not (time or "").startswith(_EARLY):
        return
    mine = connection.execute(sa.text("SELECT week FROM weekly_run WHERE name = 'digest'"))
    change = sa.text(
        "UPDATE weekly_run SET week = :told WHERE name = 'digest' AND week = :came_due"
    )
    for week in sorted(mine.scalars().all(), reverse=weeks > 0):
        connection.execute(change, {"told": _later(week, weeks), "came_due": week})


def _later(week: str, weeks: int) -> str:
    monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1) + timedelta(weeks=weeks)
    year, number, _ = monday.isocalendar()
    return f"{year:04}-W{number:02}"

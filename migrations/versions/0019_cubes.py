"""Counters keep sums of cubes of values, by which uneven values are allowed for."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OUTCOME = sa.table(
    "outcome",
    sa.column("experiment_id", sa.Text()),
    sa.column("arm", sa.Text()),
    sa.column("stratum", sa.Text()),
    sa.column("released_at", UtcDateTime()),
    sa.column("capped", sa.Float()),
)
_COUNTER = sa.table(
    "counter",
    sa.column("experiment_id", sa.Text()),
    sa.column("arm", sa.Text()),
    sa.column("hour", UtcDateTime()),
    sa.column("stratum", sa.Text()),
    sa.column("yyy", sa.Float()),
)
_KEYS = ("experiment_id", "arm", "hour", "stratum")


def upgrade() -> None:
    op.add_column("counter", sa.Column("yyy", sa.Float(), nullable=False, server_default="0"))
    bind = op.get_bind()
    sums: defaultdict[tuple[object, ...], float] = defaultdict(float)
    for row in bind.execute(sa.select(_OUTCOME).where(_OUTCOME.c.capped != 0)):
        hour = row.released_at.replace(minute=0, second=0, microsecond=0)
        sums[row.experiment_id, row.arm, hour, row.stratum] += row.capped**3
    for key, cubes in sums.items():
        is_key = sa.and_(*(_COUNTER.c[name] == at for name, at in zip(_KEYS, key, strict=True)))
        bind.execute(sa.update(_COUNTER).where(is_key).values(yyy=cubes))


def downgrade() -> None:
    op.drop_column("counter", "yyy")

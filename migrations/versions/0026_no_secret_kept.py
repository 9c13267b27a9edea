"""Answers that earlier versions kept for a repeated request hold no secret any more."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_KEPT = sa.table(
    "once_key",
    sa.column("caller", sa.String()),
    sa.column("key", sa.String()),
    sa.column("answer", sa.String()),
)


def upgrade() -> None:
    connection = op.get_bind()
    asked = sa.select(_KEPT).where(_KEPT.c.answer.like('%"secret"%'))
    for row in connection.execute(asked).all():
        told = json.loads(row.answer) | {"secret": None}
        mine = (_KEPT.c.caller == row.caller) & (_KEPT.c.key == row.key)
        connection.execute(sa.update(_KEPT).where(mine).values(answer=json.dumps(told)))


def downgrade() -> None:
    """What was let go does not come back."""

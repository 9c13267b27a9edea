"""What the columns of a file become is said before it is imported; why lines are refused, counted.

People can be listed by name.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("import", sa.Column("said", _JSON, nullable=True))
    op.add_column("import", sa.Column("header", _JSON, nullable=True))
    op.add_column("import", sa.Column("reasons", _JSON, nullable=True))
    op.add_column(
        "import", sa.Column("opted_out", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("import", sa.Column("asks", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_person_name", "person", ["name", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_person_name", table_name="person")
    with op.batch_alter_table("import") as batch:
        for name in ("asks", "opted_out", "reasons", "header", "said"):
            batch.drop_column(name)

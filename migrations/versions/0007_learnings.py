"""Learnings are searched by their words: FTS5 on SQLite, tsvector on PostgreSQL."""

import json
import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CARD = ("believe", "verify", "measure", "right_if")
DECIDED = sa.text("""
    -- Every decision with what its learning says.
    SELECT d.id, d.call, d.sentence, d.decision, d.learning, d.reason, d.next_slice,
           e.name, e.design, s.title AS slice, f.title AS feature
      FROM decision d
      JOIN experiment e ON e.id = d.experiment_id
      LEFT JOIN slice s ON s.id = e.slice_id
      LEFT JOIN feature f ON f.id = s.feature_id
""")
INSERT = sa.text(
    "INSERT INTO learning_text (decision_id, title, body) VALUES (:decision_id, :title, :body)"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE TABLE learning_text (
                decision_id text PRIMARY KEY,
                title text NOT NULL,
                body text NOT NULL,
                words tsvector GENERATED ALWAYS AS (
                    setweight(to_tsvector('simple', title), 'A')
                    || setweight(to_tsvector('simple', body), 'D')
                ) STORED
            )
        """)
        op.execute("CREATE INDEX ix_learning_text_words ON learning_text USING gin (words)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE learning_text USING fts5(decision_id UNINDEXED, title, body)"
        )
    for row in op.get_bind().execute(DECIDED).mappings().all():
        op.get_bind().execute(INSERT, _written(row))


def downgrade() -> None:
    op.execute("DROP TABLE learning_text")


def _written(row: sa.RowMapping) -> dict[str, str]:
    design = json.loads(row["design"]) if isinstance(row["design"], str) else row["design"]
    card = (design or {}).get("hypothesis") or {}
    names = ("call", "sentence", "decision", "learning", "reason", "next_slice")
    body = [*(card.get(part) for part in CARD), *(row[name] for name in names)]
    return {
        "decision_id": row["id"],
        "title": _folded(row["name"], row["feature"], row["slice"]),
        "body": _folded(*body),
    }


def _folded(*parts: str | None) -> str:
    """Words without case and accents, as the search asks for them."""
    plain = unicodedata.normalize("NFKD", " ".join(part or "" for part in parts).casefold())
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    return " ".join(re.findall(r"[^\W_]+", kept))

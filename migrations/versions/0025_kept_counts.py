"""Counts of sends and links of experiments are kept by the database, whoever writes.

SQLite drops a table's triggers where Alembic copies the table (`batch_alter_table`): a later
migration of `send` or `experiment` that does so makes them anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_PUT_OFF = sa.text("state = 'queued' AND last_reply IS NOT NULL")

_SQLITE = (
    """
    CREATE TRIGGER send_counted_new AFTER INSERT ON send
    BEGIN
        INSERT INTO send_count (experiment_id, state, shard, sends)
        VALUES (NEW.experiment_id, NEW.state, 0, 1)
            ON CONFLICT (experiment_id, state, shard) DO UPDATE SET sends = sends + 1;
    END
    """,
    """
    CREATE TRIGGER send_counted_moved AFTER UPDATE OF state ON send
    WHEN OLD.state <> NEW.state
    BEGIN
        UPDATE send_count SET sends = sends - 1
         WHERE experiment_id = OLD.experiment_id AND state = OLD.state AND shard = 0;
        INSERT INTO send_count (experiment_id, state, shard, sends)
        VALUES (NEW.experiment_id, NEW.state, 0, 1)
            ON CONFLICT (experiment_id, state, shard) DO UPDATE SET sends = sends + 1;
    END
    """,
    """
    CREATE TRIGGER send_counted_gone AFTER DELETE ON send
    BEGIN
        UPDATE send_count SET sends = sends - 1
         WHERE experiment_id = OLD.experiment_id AND state = OLD.state AND shard = 0;
    END
    """,
    """
    CREATE TRIGGER experiment_linked_new AFTER INSERT ON experiment
    BEGIN
        INSERT OR IGNORE INTO experiment_link (key_result_id, experiment_id)
        SELECT json_extract(one.value, '$.key_result_id'), NEW.id
          FROM json_each(NEW.design, '$.key_results') one
         WHERE one.type = 'object' AND json_extract(one.value, '$.key_result_id') IS NOT NULL;
    END
    """,
    """
    CREATE TRIGGER experiment_linked_moved AFTER UPDATE OF design ON experiment
    BEGIN
        DELETE FROM experiment_link WHERE experiment_id = NEW.id;
        INSERT OR IGNORE INTO experiment_link (key_result_id, experiment_id)
        SELECT json_extract(one.value, '$.key_result_id'), NEW.id
          FROM json_each(NEW.design, '$.key_results') one
         WHERE one.type = 'object' AND json_extract(one.value, '$.key_result_id') IS NOT NULL;
    END
    """,
    """
    CREATE TRIGGER experiment_linked_gone AFTER DELETE ON experiment
    BEGIN
        DELETE FROM experiment_link WHERE experiment_id = OLD.id;
    END
    """,
    """
    INSERT OR IGNORE INTO experiment_link (key_result_id, experiment_id)
    SELECT json_extract(one.value, '$.key_result_id'), e.id
      FROM experiment e, json_each(e.design, '$.key_results') one
     WHERE one.type = 'object' AND json_extract(one.value, '$.key_result_id') IS NOT NULL
    """,
)

_POSTGRESQL = (
    """
    CREATE FUNCTION count_sends() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO send_count AS c (experiment_id, state, shard, sends)
            SELECT experiment_id, state, pg_backend_pid(), COUNT(*)
              FROM come GROUP BY 1, 2 ORDER BY 1, 2
                ON CONFLICT (experiment_id, state, shard)
                DO UPDATE SET sends = c.sends + EXCLUDED.sends;
        ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO send_count AS c (experiment_id, state, shard, sends)
            SELECT m.experiment_id, m.state, pg_backend_pid(), SUM(m.moved)
              FROM (SELECT experiment_id, state, -1 AS moved FROM gone
                     UNION ALL
                    SELECT experiment_id, state, 1 FROM come) m
             GROUP BY 1, 2 HAVING SUM(m.moved) <> 0 ORDER BY 1, 2
                ON CONFLICT (experiment_id, state, shard)
                DO UPDATE SET sends = c.sends + EXCLUDED.sends;
        ELSE
            INSERT INTO send_count AS c (experiment_id, state, shard, sends)
            SELECT experiment_id, state, pg_backend_pid(), -COUNT(*)
              FROM gone GROUP BY 1, 2 ORDER BY 1, 2
                ON CONFLICT (experiment_id, state, shard)
                DO UPDATE SET sends = c.sends + EXCLUDED.sends;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER send_counted_new AFTER INSERT ON send
    REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION count_sends()
    """,
    """
    CREATE TRIGGER send_counted_moved AFTER UPDATE ON send
    REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION count_sends()
    """,
    """
    CREATE TRIGGER send_counted_gone AFTER DELETE ON send
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_sends()
    """,
    """
    CREATE FUNCTION link_experiment() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            DELETE FROM experiment_link WHERE experiment_id = OLD.id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO experiment_link (key_result_id, experiment_id)
            SELECT DISTINCT one->>'key_result_id', NEW.id
              FROM jsonb_path_query(NEW.design, 'lax $.key_results[*]') one
             WHERE one->>'key_result_id' IS NOT NULL;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER experiment_linked AFTER INSERT OR DELETE OR UPDATE OF design ON experiment
    FOR EACH ROW EXECUTE FUNCTION link_experiment()
    """,
    """
    INSERT INTO experiment_link (key_result_id, experiment_id)
    SELECT DISTINCT one->>'key_result_id', e.id
      FROM experiment e, jsonb_path_query(e.design, 'lax $.key_results[*]') one
     WHERE one->>'key_result_id' IS NOT NULL
    """,
)


def upgrade() -> None:
    op.create_table(
        "send_count",
        sa.Column("experiment_id", sa.String(), primary_key=True),
        sa.Column("state", sa.String(), primary_key=True),
        sa.Column("shard", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sends", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "did_counter",
        sa.Column("experiment_id", sa.String(), primary_key=True),
        sa.Column("arm", sa.String(), primary_key=True),
        sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("people", sa.Integer(), nullable=False),
    )
    op.create_table(
        "experiment_link",
        sa.Column("key_result_id", sa.String(), primary_key=True),
        sa.Column("experiment_id", sa.String(), primary_key=True),
    )
    op.create_index("ix_experiment_link_experiment_id", "experiment_link", ["experiment_id"])
    op.create_index("ix_send_listed", "send", ["experiment_id", "id"])
    op.create_index(
        "ix_send_put_off", "send", ["experiment_id", "due_at"],
        sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF,
    )  # fmt: skip
    op.add_column(
        "counter", sa.Column("returned", sa.Integer(), nullable=False, server_default="0")
    )
    _fill()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def _fill() -> None:
    """What stands there already is counted once."""
    bind = op.get_bind()
    bind.exec_driver_sql(
        "INSERT INTO send_count (experiment_id, state, shard, sends)"
        " SELECT experiment_id, state, 0, COUNT(*) FROM send GROUP BY experiment_id, state"
    )
    hour, did = (_hour(f"o.{name}", bind.dialect.name) for name in ("released_at", "did_at"))
    bind.exec_driver_sql(
        "INSERT INTO did_counter (experiment_id, arm, hour, people)"  # noqa: S608  # ours alone
        f" SELECT o.experiment_id, o.arm, {did}, COUNT(*) FROM outcome o"
        f"  WHERE o.did_at IS NOT NULL GROUP BY o.experiment_id, o.arm, {did}"
    )
    bind.exec_driver_sql(
        "UPDATE counter SET returned = r.people"  # noqa: S608  # ours alone
        f"  FROM (SELECT o.experiment_id, o.arm, {hour} AS hour, o.stratum, COUNT(*) AS people"
        "           FROM outcome o WHERE o.sent AND o.bounced"
        f"         GROUP BY o.experiment_id, o.arm, {hour}, o.stratum) r"
        " WHERE counter.experiment_id = r.experiment_id AND counter.arm = r.arm"
        "   AND counter.hour = r.hour AND counter.stratum = r.stratum"
    )


def _hour(column: str, dialect: str) -> str:
    if dialect == "sqlite":
        return f"SUBSTR({column}, 1, 13) || ':00:00.000000'"
    return f"DATE_TRUNC('hour', {column})"


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in (
            "send_counted_new", "send_counted_moved", "send_counted_gone",
            "experiment_linked_new", "experiment_linked_moved", "experiment_linked_gone",
        ):  # fmt: skip
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in ("send_counted_new", "send_counted_moved", "send_counted_gone"):
            op.execute(f"DROP TRIGGER {name} ON send")
        op.execute("DROP TRIGGER experiment_linked ON experiment")
        op.execute("DROP FUNCTION count_sends()")
        op.execute("DROP FUNCTION link_experiment()")
    op.drop_column("counter", "returned")
    op.drop_index("ix_send_put_off", "send")
    op.drop_index("ix_send_listed", "send")
    op.drop_table("experiment_link")
    op.drop_table("did_counter")
    op.drop_table("send_count")

"""When a person first did what the metric counts, whatever that is, and counters of it.

What is running is counted again from its hits and conversions: clicks on another link than the one
that the metric names no longer count. Frozen readouts and looks that were held stay as they are.
"""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_AT = sa.DateTime(timezone=True)

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_EXPERIMENT = sa.table(
    "experiment", sa.column("id"), sa.column("status"), sa.column("design", JSON)
)
_TEMPLATE = sa.table("experiment_template", sa.column("id"), sa.column("design", JSON))
_LOOK = sa.table("look", sa.column("experiment_id"), sa.column("number"), sa.column("body", JSON))
_OUTCOME = sa.table(
    "outcome",
    sa.column("experiment_id"),
    sa.column("arm"),
    sa.column("stratum"),
    sa.column("released_at", _AT),
    sa.column("did_at", _AT),
    sa.column("maybe_did_at", _AT),
)
_COUNTER = sa.table(
    "counter",
    sa.column("experiment_id"),
    sa.column("arm"),
    sa.column("hour", _AT),
    sa.column("stratum"),
    sa.column("did"),
    sa.column("maybe_did"),
)
_DAYS = sa.table(
    "day_counter",
    sa.column("experiment_id"),
    sa.column("arm"),
    sa.column("day"),
    sa.column("people"),
)

# What a matured person's counts were called in looks, by the kind of metric.
_CALLED = {"click_rate": "clickers", "open_rate": "openers", "conversion_rate": "converted"}

# Of clicks, those on the link that the metric names, or on the first one of the body. Where the
# hits of somebody are gone (erased), what is known of them stays.
_CLICKED = """
    UPDATE outcome
       SET {mine} = COALESCE(
           (SELECT MIN(h.at)
              FROM hit h
              JOIN send s             ON s.id = h.send_id
              JOIN destination_set ds ON ds.experiment_id = s.experiment_id
                                     AND ds.arm = s.arm
                                     AND ds.purpose = 'send'
              JOIN destination d      ON d.set_id = ds.id
                                     AND d.link = h.link
             WHERE h.send_id = outcome.send_id
               AND h.kind = 'click'
               AND h.verdict = '{verdict}'
               AND h.at >= outcome.released_at
               AND h.at < outcome.closes_at
               AND d.label = COALESCE(CAST(:named AS TEXT), (SELECT f.label
                                                               FROM destination f
                                                              WHERE f.set_id = ds.id
                                                              ORDER BY f.link
                                                              LIMIT 1))),
           CASE WHEN NOT EXISTS (SELECT 1 FROM hit h WHERE h.send_id = outcome.send_id)
                THEN {theirs} END)
     WHERE experiment_id = :id
       AND {theirs} IS NOT NULL
"""
_OPENED = "UPDATE outcome SET did_at = opened_at WHERE experiment_id = :id"
_OPENED_PERHAPS = """
    UPDATE outcome
       SET maybe_did_at = (SELECT MIN(h.at)
                             FROM hit h
                            WHERE h.send_id = outcome.send_id
                              AND h.kind = 'open'
                              AND h.verdict = 'unknown'
                              AND h.at >= outcome.released_at
                              AND h.at < outcome.closes_at)
     WHERE experiment_id = :id
"""
_REPORTED = """
    UPDATE outcome
       SET did_at = COALESCE(
           (SELECT MIN(c.occurred_at)
              FROM conversion c
              JOIN send s ON s.person_id = c.person_id
             WHERE s.id = outcome.send_id
               AND c.event = :event
               AND c.occurred_at >= outcome.released_at
               AND c.occurred_at < outcome.closes_at),
           outcome.released_at)
     WHERE experiment_id = :id
       AND {did}
"""


def upgrade() -> None:
    for name in ("did_at", "maybe_did_at"):
        op.add_column("outcome", sa.Column(name, _AT, nullable=True))
    for name in ("did", "maybe_did"):
        op.add_column("counter", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_outcome_clicked", "outcome")
    op.create_index("ix_outcome_did", "outcome", ["experiment_id", "did_at"])
    with op.batch_alter_table("day_counter") as batch:
        batch.alter_column("clickers", new_column_name="people", existing_type=sa.Integer())
    bind = op.get_bind()
    for row in bind.execute(sa.select(_EXPERIMENT)).all():
        _count(bind, row.id, row.design["metric"])
        _keep_looks(bind, row.id, row.design["metric"]["kind"])
        _clean(bind, _EXPERIMENT, row, is_draft=row.status == "draft")
    for row in bind.execute(sa.select(_TEMPLATE)).all():
        _clean(bind, _TEMPLATE, row, is_draft=True)


def downgrade() -> None:
    with op.batch_alter_table("day_counter") as batch:
        batch.alter_column("people", new_column_name="clickers", existing_type=sa.Integer())
    op.drop_index("ix_outcome_did", "outcome")
    op.create_index("ix_outcome_clicked", "outcome", ["experiment_id", "clicked_at"])
    for table, names in (
        ("counter", ("did", "maybe_did")),
        ("outcome", ("did_at", "maybe_did_at")),
    ):
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.drop_column(name)


def _count(bind: sa.Connection, experiment_id: str, metric: dict[str, Any]) -> None:
    """Outcomes first, then the counters that add them up."""
    named = {"id": experiment_id}
    if metric["kind"] == "click_rate":
        named["named"] = metric.get("link")
        for mine, theirs, verdict in (
            ("did_at", "clicked_at", "human"),
            ("maybe_did_at", "maybe_clicked_at", "unknown"),
        ):
            asked = _CLICKED.format(mine=mine, theirs=theirs, verdict=verdict)
            bind.execute(sa.text(asked), named)
    elif metric["kind"] == "open_rate":
        bind.execute(sa.text(_OPENED), named)
        bind.execute(sa.text(_OPENED_PERHAPS), named)
    else:
        did = "converted > 0" if metric["kind"] == "conversion_rate" else "capped <> 0"
        named["event"] = metric.get("event") or ""
        bind.execute(sa.text(_REPORTED.format(did=did)), named)
    _add_up(bind, experiment_id)


def _add_up(bind: sa.Connection, experiment_id: str) -> None:
    did: Counter[tuple[Any, ...]] = Counter()
    maybe: Counter[tuple[Any, ...]] = Counter()
    days: Counter[tuple[str, int]] = Counter()
    people = sa.select(_OUTCOME).where(
        _OUTCOME.c.experiment_id == experiment_id,
        sa.or_(_OUTCOME.c.did_at.is_not(None), _OUTCOME.c.maybe_did_at.is_not(None)),
    )
    for row in bind.execute(people):
        key = (row.arm, row.released_at.replace(minute=0, second=0, microsecond=0), row.stratum)
        if row.did_at is None:
            maybe[key] += 1
        else:
            did[key] += 1
            days[row.arm, max(0, (row.did_at - row.released_at).days)] += 1
    for key in did.keys() | maybe.keys():
        is_key = sa.and_(
            _COUNTER.c.experiment_id == experiment_id,
            *(
                _COUNTER.c[name] == at
                for name, at in zip(("arm", "hour", "stratum"), key, strict=True)
            ),
        )
        bind.execute(sa.update(_COUNTER).where(is_key).values(did=did[key], maybe_did=maybe[key]))
    bind.execute(sa.delete(_DAYS).where(_DAYS.c.experiment_id == experiment_id))
    for (arm, day), count in days.items():
        row = {"experiment_id": experiment_id, "arm": arm, "day": day, "people": count}
        bind.execute(sa.insert(_DAYS).values(row))


def _keep_looks(bind: sa.Connection, experiment_id: str, kind: str) -> None:
    """What a look saw stays what it was, under the name that all metrics share."""
    called = _CALLED.get(kind, "nonzero")
    for row in bind.execute(sa.select(_LOOK).where(_LOOK.c.experiment_id == experiment_id)).all():
        arms = {
            key: {name: _renamed(one, called) for name, one in strata.items()}
            for key, strata in row.body["arms"].items()
        }
        bind.execute(
            sa.update(_LOOK)
            .where(_LOOK.c.experiment_id == experiment_id, _LOOK.c.number == row.number)
            .values(body={**row.body, "arms": arms})
        )


def _renamed(one: dict[str, Any], called: str) -> dict[str, Any]:
    kept = {name: number for name, number in one.items() if name not in set(_CALLED.values())}
    return kept | {"did": one[called]}


def _clean(bind: sa.Connection, table: sa.TableClause, row: Any, *, is_draft: bool) -> None:
    """What no draft takes any more: a link beside conversions, more looks than waves."""
    design = dict(row.design)
    metric, rule = dict(design["metric"]), dict(design["rule"])
    if metric["kind"] != "click_rate":
        metric["link"] = None
    if metric["kind"] != "value_per_person" and (rule.get("mde") or 0) >= 1:
        rule["mde"] = 0.99
    if is_draft and (rule.get("looks") or 1) > max(1, len(design.get("waves") or [])):
        rule |= {"looks": 1, "method": None}
    cleaned = design | {"metric": metric, "rule": rule}
    if cleaned != row.design:
        bind.execute(sa.update(table).where(table.c.id == row.id).values(design=cleaned))

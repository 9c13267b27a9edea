"""All SQL about snapshots, and the rows of an export."""

from collections import Counter as Counted
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    Float,
    Integer,
    Row,
    RowMapping,
    String,
    TextualSelect,
    and_,
    bindparam,
    column,
    func,
    or_,
    text,
)
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, select

from app.analysis.models import Kind, Look, Snapshot
from app.experiments.models import Enrolment, Experiment, Status
from app.experiments.vocabulary import Method
from app.platform.db import UtcDateTime
from app.platform.documents import part_of_json
from app.tally.models import Counter, Outcome

# Whoever was mailed still clicks after a cancel or an early decision: those get a final call, too.
_COUNTING = (Status.MEASURING, Status.CANCELLED, Status.DECIDED)
_WITH_LOOKS = (Method.SEQUENTIAL, Method.ANYTIME)


def snapshot_of(session: Session, experiment_id: str, kind: Kind) -> Snapshot | None:
    """The readout of an experiment that was frozen for this reason."""
    return session.exec(
        select(Snapshot).where(Snapshot.experiment_id == experiment_id, Snapshot.kind == kind)
    ).first()


def frozen_of(session: Session, experiment_id: str) -> Snapshot | None:
    """The final readout; before it, the one that a decision rests on."""
    wanted = select(Snapshot).where(Snapshot.experiment_id == experiment_id)
    is_decision = (col(Snapshot.kind) == Kind.DECISION).cast(Integer)
    return session.exec(wanted.order_by(is_decision).limit(1)).first()


def is_what_counts() -> ColumnElement[bool]:
    """Joins an experiment to what was frozen of it, as `frozen_of` has it."""
    other = aliased(Snapshot)
    final = exists().where(
        col(other.experiment_id) == col(Experiment.id), col(other.kind) == Kind.FINAL
    )
    return and_(
        col(Snapshot.experiment_id) == col(Experiment.id),
        or_(col(Snapshot.kind) == Kind.FINAL, ~final),
    )


def kept_of(session: Session, experiment_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """What was kept of each, in order.

    Of what was frozen one row, as `frozen_of` has it, in its parts that lists show. Of an
    experiment without, one row for each look that was held at it, or one of nothing.
    """
    part = partial(part_of_json, session, col(Snapshot.body))
    is_open = and_(col(Look.experiment_id) == col(Experiment.id), col(Snapshot.id).is_(None))
    return session.execute(
        sa_select(
            col(Experiment.id),
            col(Snapshot.kind),
            *(part(name).label(name) for name in ("call", "estimates", "comparisons")),
            Look,
        )
        .select_from(Experiment)
        .outerjoin(Snapshot, is_what_counts())
        .outerjoin(Look, is_open)
        .where(col(Experiment.id).in_(experiment_ids))
        .order_by(col(Experiment.id), col(Look.number))
    ).all()


def finals_of(session: Session, experiment_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The final readouts of these experiments, as they were stored, in order of their ids."""
    wanted = select(Snapshot).where(
        col(Snapshot.experiment_id).in_(experiment_ids), Snapshot.kind == Kind.FINAL
    )
    return [
        snapshot.body for snapshot in session.exec(wanted.order_by(col(Snapshot.experiment_id)))
    ]


def looks_of(session: Session, experiment_ids: Sequence[str]) -> Sequence[Look]:
    """The looks that were held, those of each in order."""
    return session.exec(
        select(Look)
        .where(col(Look.experiment_id).in_(experiment_ids))
        .order_by(col(Look.experiment_id), col(Look.number))
    ).all()


def with_looks(session: Session) -> Sequence[str]:
    """Experiments that released somebody, and whose rule is read before everything has closed."""
    final = select(Snapshot.experiment_id).where(Snapshot.kind == Kind.FINAL)
    counted = exists().where(col(Counter.experiment_id) == col(Experiment.id))
    return session.exec(
        select(Experiment.id)
        .where(
            col(Experiment.status).in_((Status.RUNNING, Status.PAUSED, *_COUNTING)),
            col(Experiment.plan).is_not(None),
            col(Experiment.design)["rule"]["method"].as_string().in_(_WITH_LOOKS),
            counted,
            col(Experiment.id).not_in(final),
        )
        .order_by(col(Experiment.id))
    ).all()


def without_final(session: Session) -> Sequence[Experiment]:
    """Experiments that released somebody, release nobody any more, and have no final call yet."""
    final = select(Snapshot.experiment_id).where(Snapshot.kind == Kind.FINAL)
    counted = exists().where(col(Counter.experiment_id) == col(Experiment.id))
    return session.exec(
        select(Experiment)
        .where(
            col(Experiment.status).in_(_COUNTING),
            counted,
            col(Experiment.id).not_in(final),
        )
        .order_by(col(Experiment.id))
    ).all()


_SENDS = """
    -- One row per send after a given one, in the order of ids: whom, its state, what came of it.
    -- Said as a range of (experiment, id), so that PostgreSQL never walks through others' sends.
    SELECT s.id                       AS send_id,
           s.arm                      AS arm,
           s.state                    AS state,
           p.email                    AS email,
           p.external_id              AS external_id,
           o.released_at              AS released_at,
           o.closes_at                AS closes_at,
           s.accepted_at              AS accepted_at,
           o.clicked_at               AS clicked_at,
           o.maybe_clicked_at         AS maybe_clicked_at,
           o.machine_clicked_at       AS machine_clicked_at,
           o.opened_at                AS opened_at,
           o.machine_opened_at        AS machine_opened_at,
           o.unsubscribed_at          AS unsubscribed_at,
           o.complained_at            AS complained_at,
           o.replied_at               AS replied_at,
           o.did_at                   AS did_at,
           o.maybe_did_at             AS maybe_did_at,
           o.clicks                   AS clicks,
           o.converted                AS converted,
           o.value                    AS value,
           o.capped                   AS capped,
           o.stratum                  AS stratum,
           o.sent                     AS sent,
           o.failed                   AS failed,
           o.bounced                  AS bounced,
           o.uncertain                AS uncertain,
           s.relay                    AS relay,
           s.last_reply               AS last_reply,
           {rehearsal}                AS rehearsal
      FROM send s
           {joined}
     WHERE (s.experiment_id, s.id) > (:experiment_id, :after)
       AND s.experiment_id <= :experiment_id
     ORDER BY s.experiment_id, s.id
     LIMIT :limit
"""
_REHEARSAL = "(SELECT rehearsal FROM experiment WHERE id = :experiment_id)"
_JOINED = """
      LEFT JOIN person p
        ON p.id = s.person_id
      LEFT JOIN outcome o
        ON o.send_id = s.id
"""
# A plain join of a thousand sends is, to PostgreSQL, worth reading both tables whole, each time.
_LOOKED_UP = """
      LEFT JOIN LATERAL (SELECT * FROM person WHERE id = s.person_id OFFSET 0) p
        ON TRUE
      LEFT JOIN LATERAL (SELECT * FROM outcome WHERE send_id = s.id OFFSET 0) o
        ON TRUE
"""
_MOMENTS = (
    "released_at", "closes_at", "accepted_at", "clicked_at", "maybe_clicked_at",
    "machine_clicked_at", "opened_at", "machine_opened_at", "unsubscribed_at", "complained_at",
    "replied_at", "did_at", "maybe_did_at",
)  # fmt: skip
_COLUMNS: tuple[ColumnClause[Any], ...] = (
    column("send_id", BigInteger()),
    column("arm", String()),
    column("state", String()),
    column("email", String()),
    column("external_id", String()),
    *(column(name, UtcDateTime()) for name in _MOMENTS),
    column("clicks", Integer()),
    column("converted", Integer()),
    column("value", Float()),
    column("capped", Float()),
    column("stratum", String()),
    *(column(name, Boolean()) for name in ("sent", "failed", "bounced", "uncertain")),
    column("relay", String()),
    column("last_reply", String()),
    column("rehearsal", Boolean()),
)


def _sends(joined: str) -> TextualSelect:
    return (
        text(_SENDS.format(joined=joined, rehearsal=_REHEARSAL))
        .bindparams(
            bindparam("experiment_id", type_=String()),
            bindparam("after", type_=BigInteger()),
            bindparam("limit", type_=Integer()),
        )
        .columns(*_COLUMNS)
    )


_QUESTIONS = {"sqlite": _sends(_JOINED), "postgresql": _sends(_LOOKED_UP)}


def sends_after(
    session: Session, experiment_id: str, *, after: int, limit: int
) -> Sequence[RowMapping]:
    """The next sends of an experiment, with their outcomes."""
    values = {"experiment_id": experiment_id, "after": after, "limit": limit}
    question = _QUESTIONS[session.get_bind().dialect.name]
    return session.execute(question, values).mappings().all()


def shared_groups(
    session: Session,
    experiment_id: str,
    others: Collection[str],
    *,
    controls: Mapping[str, str],
) -> dict[frozenset[str], int]:
    """How many people were in the open windows of which other experiments, arms without controls.

    Two windows of a person meet where each was opened before the other had closed. Each side is
    read by itself: joined in one go, fresh tables without statistics take minutes.
    """
    if not others:
        return {}
    mine = _windows({experiment_id: controls[experiment_id]}, "mine")
    theirs = _windows({other: controls[other] for other in others}, "theirs")
    met = (
        sa_select(func.aggregate_strings(theirs.c.experiment_id, ",").label("ids"))
        .select_from(mine)
        .join(theirs, theirs.c.person_id == mine.c.person_id)
        .where(theirs.c.released_at < mine.c.closes_at, mine.c.released_at < theirs.c.closes_at)
        .group_by(mine.c.person_id)
        .subquery()
    )
    counted = sa_select(met.c.ids, func.count()).group_by(met.c.ids).order_by(met.c.ids)
    found: Counted[frozenset[str]] = Counted()
    for ids, people in session.execute(counted):
        found[frozenset(ids.split(","))] += people
    return dict(found)


def _windows(controls: Mapping[str, str], name: str) -> CTE:
    """One row per person released into an arm that got something: whose, and when it was open."""
    treated = (
        and_(col(Enrolment.experiment_id) == one, col(Enrolment.arm) != control)
        for one, control in controls.items()
    )
    return (
        sa_select(
            col(Enrolment.experiment_id),
            col(Enrolment.person_id),
            col(Outcome.released_at),
            col(Outcome.closes_at),
        )
        .join(Outcome, col(Outcome.send_id) == col(Enrolment.id))
        .where(or_(*treated))
        .cte(name)
        .prefix_with("MATERIALIZED")
    )

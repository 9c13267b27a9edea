"""All SQL about snapshots, and the rows of an export."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, RowMapping, String, bindparam, column, text
from sqlmodel import Session, col, exists, select

from app.analysis.models import Kind, Look, Snapshot
from app.experiments.models import Experiment, Status
from app.platform.db import UtcDateTime
from app.tally.models import Counter

# Whoever was mailed still clicks after a cancel or an early decision: those get a final call, too.
_COUNTING = (Status.MEASURING, Status.CANCELLED, Status.DECIDED)


def snapshot_of(session: Session, experiment_id: str, kind: Kind) -> Snapshot | None:
    """The readout of an experiment that was frozen for this reason."""
    return session.exec(
        select(Snapshot).where(Snapshot.experiment_id == experiment_id, Snapshot.kind == kind)
    ).first()


def finals_of(session: Session, experiment_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The final readouts of these experiments, as they were stored, in order of their ids."""
    wanted = select(Snapshot).where(
        col(Snapshot.experiment_id).in_(experiment_ids), Snapshot.kind == Kind.FINAL
    )
    return [one.body for one in session.exec(wanted.order_by(col(Snapshot.experiment_id)))]


def looks_of(session: Session, experiment_id: str) -> Sequence[Look]:
    """The looks that were held, in order."""
    return session.exec(
        select(Look).where(Look.experiment_id == experiment_id).order_by(col(Look.number))
    ).all()


def with_looks(session: Session) -> Sequence[Experiment]:
    """Experiments that released somebody, and whose rule is read before everything has closed."""
    final = select(Snapshot.experiment_id).where(Snapshot.kind == Kind.FINAL)
    counted = exists().where(col(Counter.experiment_id) == col(Experiment.id))
    rows = session.exec(
        select(Experiment)
        .where(
            col(Experiment.status).in_((Status.RUNNING, Status.PAUSED, *_COUNTING)),
            col(Experiment.plan).is_not(None),
            counted,
            col(Experiment.id).not_in(final),
        )
        .order_by(col(Experiment.id))
    ).all()
    return [row for row in rows if row.design["rule"].get("method") in {"sequential", "anytime"}]


def snapshots_by_id(session: Session, ids: Sequence[str]) -> dict[str, Snapshot]:
    """Frozen readouts, by their id."""
    rows = session.exec(select(Snapshot).where(col(Snapshot.id).in_(ids)))
    return {row.id: row for row in rows}


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


SENDS = text("""
    -- One row per send after a given one, in the order of ids: whom, its state, what came of it.
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
           o.clicks                   AS clicks,
           s.last_reply               AS last_reply
      FROM send s
      LEFT JOIN person p
        ON p.id = s.person_id
      LEFT JOIN outcome o
        ON o.send_id = s.id
     WHERE s.experiment_id = :experiment_id
       AND s.id > :after
     ORDER BY s.id
     LIMIT :limit
""").bindparams(
    bindparam("experiment_id", type_=String()),
    bindparam("after", type_=BigInteger()),
    bindparam("limit", type_=Integer()),
)
_MOMENTS = (
    "released_at", "closes_at", "accepted_at", "clicked_at", "maybe_clicked_at",
    "machine_clicked_at", "opened_at", "machine_opened_at", "unsubscribed_at", "complained_at",
)  # fmt: skip
_TYPED_SENDS = SENDS.columns(
    column("send_id", BigInteger()),
    column("arm", String()),
    column("state", String()),
    column("email", String()),
    column("external_id", String()),
    *(column(name, UtcDateTime()) for name in _MOMENTS),
    column("clicks", Integer()),
    column("last_reply", String()),
)


def sends_after(
    session: Session, experiment_id: str, *, after: int, limit: int
) -> Sequence[RowMapping]:
    """The next sends of an experiment, with their outcomes."""
    values = {"experiment_id": experiment_id, "after": after, "limit": limit}
    return session.execute(_TYPED_SENDS, values).mappings().all()


SHARED_PEOPLE = text("""
    -- One row: people who were released in both of two experiments, whatever their arm.
    -- Each side by itself: joined in one go, fresh tables without statistics take minutes.
    SELECT COUNT(*) AS people
      FROM (SELECT mine.person_id
              FROM enrolment mine
              JOIN outcome   seen ON seen.send_id = mine.id
             WHERE mine.experiment_id = :experiment_id
            INTERSECT
            SELECT theirs.person_id
              FROM enrolment theirs
              JOIN outcome   too ON too.send_id = theirs.id
             WHERE theirs.experiment_id = :other_id) AS shared
""").bindparams(
    bindparam("experiment_id", type_=String()),
    bindparam("other_id", type_=String()),
)


def shared_people(session: Session, experiment_id: str, other_id: str) -> int:
    """How many people two experiments both released."""
    values = {"experiment_id": experiment_id, "other_id": other_id}
    return int(session.execute(SHARED_PEOPLE, values).scalar_one())

"""The SQL of sending: who is due, reserved, renewed, settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Row,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlmodel import Session, col

from app.audience.models import Person, Suppression
from app.delivery.models import (
    Send,
    State,
)
from app.experiments.models import Experiment, Status
from app.experiments.terms import HOLDOUT
from app.platform.db import UtcDateTime

_SEND = Send.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
_MOMENT = UtcDateTime()
_LOCKED = "FOR UPDATE OF s SKIP LOCKED"

_RESERVE = """
    -- One row per send that was due: reserved for this process, or, where its person is suppressed
    -- meanwhile, passed over (skipped before its first release, failed after it).
    WITH due AS (
        SELECT s.id AS due_id,
               EXISTS (SELECT 1
                         FROM person p
                         JOIN suppression x ON x.email_key = p.email_key
                        WHERE p.id = s.person_id) AS suppressed
          FROM send s
          JOIN experiment e ON e.id = s.experiment_id
         WHERE s.experiment_id = :experiment_id
           AND s.state = 'queued'
           AND s.due_at <= :now
           AND s.wave <= e.open_wave
           AND (e.status = 'running'
                OR (e.status = 'measuring' AND s.released_at IS NOT NULL))
           AND NOT EXISTS (SELECT 1 FROM install WHERE paused_sending)
         ORDER BY s.due_at, s.id
         LIMIT :room {locked}
    )
    UPDATE send
       SET state = CASE WHEN NOT due.suppressed THEN 'sending'
                        WHEN send.released_at IS NULL THEN 'skipped'
                        ELSE 'failed' END,
           lease_until = CASE WHEN due.suppressed THEN NULL ELSE :lease_until END,
           holder = :holder,
           attempts = send.attempts + CASE WHEN due.suppressed THEN 0 ELSE 1 END,
           released_at = CASE WHEN due.suppressed THEN send.released_at
                              ELSE COALESCE(send.released_at, :now) END,
           settled_at = CASE WHEN due.suppressed THEN :now END,
           last_reply = CASE WHEN due.suppressed THEN :suppressed ELSE send.last_reply END
      FROM due
     WHERE send.id = due.due_id AND send.state = 'queued'
    RETURNING id, arm, person_id, state, attempts, deferrals, released_at
"""


def reserve(
    session: Session,
    experiment_id: str,
    *,
    room: int,
    holder: str,
    lease_until: datetime,
    now: datetime,
) -> Sequence[Row[Any]]:
    """Take up to `room` due sends, in one UPDATE that checks pause and suppression."""
    locked = _LOCKED if _is_postgresql(session) else ""
    statement = (
        text(_RESERVE.format(locked=locked))
        .bindparams(bindparam("now", type_=_MOMENT), bindparam("lease_until", type_=_MOMENT))
        .columns(id=BigInteger(), released_at=_MOMENT)
    )
    return session.execute(
        statement,
        {
            "experiment_id": experiment_id,
            "room": room,
            "holder": holder,
            "lease_until": lease_until,
            "now": now,
            "suppressed": "The address was suppressed before the mail left.",
        },
    ).all()


def experiments_due(session: Session, *, now: datetime) -> list[Experiment]:
    """Experiments that may send and have a send due."""
    waiting = select(col(Send.id)).where(
        col(Send.experiment_id) == col(Experiment.id),
        col(Send.state) == State.QUEUED,
        col(Send.due_at) <= now,
    )
    question = select(Experiment).where(
        col(Experiment.status).in_([Status.RUNNING, Status.MEASURING]), waiting.exists()
    )
    return list(session.scalars(question.order_by(col(Experiment.id))).all())


def mailed_within(session: Session, experiment_id: str, span: timedelta, *, now: datetime) -> int:
    """Mails of an experiment that were first released so near to now, before it or after it.

    After it: the clock was set back. By a little, and they count still; by more, and they are past.
    """
    question = select(func.count()).where(
        col(Send.experiment_id) == experiment_id,
        col(Send.arm) != HOLDOUT,
        col(Send.released_at) > now - span,
        col(Send.released_at) < now + span,
    )
    return int(session.execute(question).scalar_one())


def hold_rate(session: Session, experiment_id: str) -> None:
    """Let one worker at a time count an experiment's rate (SQLite has one writer anyway)."""
    if _is_postgresql(session):
        question = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
        session.execute(question, {"key": f"rate:{experiment_id}"})


def hold(session: Session, send_ids: Sequence[int], *, now: datetime) -> None:
    """People of the holdout are released like everybody, and get nothing."""
    session.execute(
        update(Send)
        .where(col(Send.id).in_(send_ids))
        .values(state=State.HELD, settled_at=now, lease_until=None, accepted_at=None)
    )


def still_wanted(session: Session, send_ids: Sequence[int], *, holder: str) -> set[int]:
    """Of the sends we reserved, those that nobody paused, suppressed or took over meanwhile."""
    suppressed = (
        select(col(Person.id))
        .join(Suppression, col(Suppression.email_key) == col(Person.email_key))
        .where(col(Person.id) == col(Send.person_id))
    )
    question = (
        select(col(Send.id))
        .join(Experiment, col(Experiment.id) == col(Send.experiment_id))
        .where(
            col(Send.id).in_(send_ids),
            col(Send.state) == State.SENDING,
            col(Send.holder) == holder,
            col(Experiment.status).in_([Status.RUNNING, Status.MEASURING]),
            ~suppressed.exists(),
        )
    )
    return set(session.scalars(question).all())


def renew(session: Session, *, holder: str, until: datetime) -> None:
    """Say that we live: our reservations hold on."""
    session.execute(
        update(Send)
        .where(col(Send.state) == State.SENDING, col(Send.holder) == holder)
        .values(lease_until=until)
    )


def hold_reserved(
    session: Session, numbers: Sequence[tuple[int, int]], *, holder: str
) -> set[tuple[int, int]]:
    """Of these reservations (send, number), those that are open or uncertain still.

    They are this holder's and nobody else's until the transaction ends. In the order of their ids,
    so that two writers never cross.
    """
    question = (
        select(col(Send.id), col(Send.attempts))
        .where(
            col(Send.id).in_(sorted({send_id for send_id, _ in numbers})),
            col(Send.holder) == holder,
            col(Send.state).in_([State.SENDING, State.UNCERTAIN]),
        )
        .order_by(col(Send.id))
        .with_for_update()
    )
    return {(row[0], row[1]) for row in session.execute(question)} & set(numbers)


def settle(session: Session, edits: Sequence[tuple[int, Mapping[str, object]]]) -> None:
    """Write what became of sends whose reservations are held in this transaction."""
    ordered = sorted(edits, key=lambda edit: edit[0])
    for names in sorted({tuple(sorted(fields)) for _, fields in ordered}):
        statement = (
            update(_SEND)
            .where(_SEND.c.id == bindparam("row_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        rows = [
            {"row_id": send_id, **{f"new_{name}": fields[name] for name in names}}
            for send_id, fields in ordered
            if tuple(sorted(fields)) == names
        ]
        session.connection().execute(statement, rows)


def held_by(session: Session, holder: str) -> list[Send]:
    """Sends that this process reserved and that are open, or uncertain, still."""
    question = select(Send).where(
        col(Send.holder) == holder, col(Send.state).in_([State.SENDING, State.UNCERTAIN])
    )
    return list(session.scalars(question.order_by(col(Send.id))).all())


def leases(session: Session) -> dict[str, datetime]:
    """One row per process that holds reservations: how far it moved its leases."""
    question = (
        select(col(Send.holder), func.max(col(Send.lease_until)))
        .where(col(Send.state) == State.SENDING)
        .group_by(col(Send.holder))
    )
    return {row[0]: row[1] for row in session.execute(question)}


def unmoved(session: Session, holder: str, *, lease: datetime) -> list[Send]:
    """What a process holds, unless it has moved its leases since."""
    question = (
        select(Send)
        .where(
            col(Send.holder) == holder,
            col(Send.state) == State.SENDING,
            col(Send.lease_until) <= lease,
        )
        .order_by(col(Send.id))
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(question).all())


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"

"""The SQL of sending: who is due, reserved, renewed, settled."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, String, bindparam, func, select, text, update
from sqlmodel import Session, col

from app.audience.models import Declined, Person, Suppression
from app.delivery.models import Send, State
from app.experiments.models import Experiment, Status
from app.experiments.vocabulary import HOLDOUT, MailKind
from app.platform.bulk import Bulk, Written
from app.platform.db import UtcDateTime
from app.platform.documents import text_of_json

_TYPES = {
    "state": "text",
    "due_at": "timestamptz",
    "lease_until": "timestamptz",
    "accepted_at": "timestamptz",
    "settled_at": "timestamptz",
    "deferrals": "bigint",
    "last_reply": "text",
    "relay": "text",
}
_MOMENT = UtcDateTime()
_TEXTS = ("erased", "suppressed", "declined", "mail_kind", "cooling")
_MOMENTS = ("now", "lease_until", "mailed_since")
_LOCKED = "FOR UPDATE OF s SKIP LOCKED"
_SUPPRESSED = "The address was suppressed before the mail left."
_DECLINED = "This person turned off this kind of mail before it left."
_ERASED = "This person was erased."
_HAD_A_MAIL = "This person had a mail of another experiment within the cooling-off days."

_RESERVE = """
    -- One row per send that was due: reserved for this process, or passed over, where its person is
    -- erased or suppressed meanwhile, or turned off this kind of mail (skipped before its first
    -- release, failed after it), or had a mail of another experiment since they were enrolled
    -- (skipped; in every arm, for it tells none apart).
    -- Who is next is found first: a database that reckons with everybody who waits would read all
    -- people for each batch.
    WITH next AS (
        SELECT s.id, s.person_id, s.experiment_id, s.released_at
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
    ), due AS (
        SELECT s.id AS due_id,
               CASE WHEN NOT EXISTS (SELECT 1 FROM person p WHERE p.id = s.person_id) THEN :erased
                    WHEN EXISTS (SELECT 1
                                   FROM person p
                                   JOIN suppression x ON x.email_key = p.email_key
                                  WHERE p.id = s.person_id) THEN :suppressed
                    WHEN EXISTS (SELECT 1
                                   FROM person p
                                   JOIN declined d ON d.email_key = p.email_key
                                                  AND d.mail_kind = :mail_kind
                                  WHERE p.id = s.person_id) THEN :declined
                    WHEN {cooling} THEN :cooling END AS why
          FROM next s
    )
    UPDATE send
       SET state = CASE WHEN due.why IS NULL THEN 'sending'
                        WHEN send.released_at IS NULL THEN 'skipped'
                        ELSE 'failed' END,
           lease_until = CASE WHEN due.why IS NULL THEN :lease_until END,
           holder = :holder,
           attempts = send.attempts + CASE WHEN due.why IS NULL THEN 1 ELSE 0 END,
           released_at = CASE WHEN due.why IS NULL THEN COALESCE(send.released_at, :now)
                              ELSE send.released_at END,
           settled_at = CASE WHEN due.why IS NOT NULL THEN :now END,
           last_reply = COALESCE(due.why, send.last_reply)
      FROM due
     WHERE send.id = due.due_id AND send.state = 'queued'
    RETURNING id, arm, person_id, state, attempts, deferrals, released_at, relay
"""


_COOLING = """(s.released_at IS NULL AND EXISTS (
                         SELECT 1
                           FROM enrolment o
                           JOIN outcome m ON m.send_id = o.id
                          WHERE o.person_id = s.person_id
                            AND o.experiment_id <> s.experiment_id
                            AND NOT EXISTS (SELECT 1 FROM experiment r
                                             WHERE r.id = o.experiment_id AND r.rehearsal)
                            AND m.arm <> 'holdout' AND NOT m.failed AND NOT m.bounced
                            AND (NOT (m.sent OR m.uncertain)
                                 OR COALESCE(m.mailed_at, m.released_at) > :mailed_since)))"""


def reserve(
    session: Session,
    experiment_id: str,
    *,
    room: int,
    holder: str,
    lease_until: datetime,
    mail_kind: str = MailKind.OTHER,
    cooling_off: timedelta | None = None,
    now: datetime,
) -> Sequence[Row[Any]]:
    """Take up to `room` due sends, in one UPDATE that checks pause, suppression and cooling off.

    Whoever turned off this `mail_kind` is passed over, too.
    """
    locked = _LOCKED if _is_postgresql(session) else ""
    cooling = _COOLING if cooling_off else "1 = 0"
    values: dict[str, Any] = {
        "experiment_id": experiment_id,
        "room": room,
        "holder": holder,
        "lease_until": lease_until,
        "now": now,
        "erased": _ERASED,
        "suppressed": _SUPPRESSED,
        "declined": _DECLINED,
        "mail_kind": mail_kind,
        "cooling": _HAD_A_MAIL,
    }
    if cooling_off:
        values["mailed_since"] = now - cooling_off
    moments = [bindparam(name, type_=_MOMENT) for name in _MOMENTS if name in values]
    texts = [bindparam(name, type_=String()) for name in _TEXTS]
    statement = (
        text(_RESERVE.format(locked=locked, cooling=cooling))
        .bindparams(*moments, *texts)
        .columns(id=BigInteger(), released_at=_MOMENT)
    )
    return session.execute(statement, values).all()


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


def hold(session: Session, send_ids: Sequence[int], *, now: datetime) -> None:
    """People of the holdout are released like everybody, and get nothing."""
    session.execute(
        update(Send)
        .where(col(Send.id).in_(send_ids))
        .values(state=State.HELD, settled_at=now, lease_until=None, accepted_at=None)
    )


def still_wanted(session: Session, send_ids: Sequence[int], *, holder: str) -> set[int]:
    """Of the sends we reserved, those that nobody paused or took over meanwhile.

    Nor was their person erased or suppressed, nor did they turn off this kind of mail.
    """
    suppressed = (
        select(col(Person.id))
        .join(Suppression, col(Suppression.email_key) == col(Person.email_key))
        .where(col(Person.id) == col(Send.person_id))
    )
    kind = text_of_json(session, Experiment.design, "mail_kind")
    declined = (
        select(col(Person.id))
        .join(Declined, col(Declined.email_key) == col(Person.email_key))
        .where(
            col(Person.id) == col(Send.person_id),
            col(Declined.mail_kind) == func.coalesce(kind, str(MailKind.OTHER)),
        )
    )
    question = (
        select(col(Send.id))
        .join(Experiment, col(Experiment.id) == col(Send.experiment_id))
        .join(Person, col(Person.id) == col(Send.person_id))
        .where(
            col(Send.id).in_(send_ids),
            col(Send.state) == State.SENDING,
            col(Send.holder) == holder,
            col(Experiment.status).in_([Status.RUNNING, Status.MEASURING]),
            ~suppressed.exists(),
            ~declined.exists(),
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
    bulk = Bulk(session)
    rows: defaultdict[tuple[str, ...], list[tuple[object, ...]]] = defaultdict(list)
    for send_id, fields in sorted(edits, key=lambda edit: edit[0]):
        values = [bulk.moment(one) if isinstance(one, datetime) else one for one in fields.values()]
        rows[tuple(fields)].append((send_id, *values))
    for names, of_names in sorted(rows.items()):
        written = Written("send", {"id": "bigint"}, {name: _TYPES[name] for name in names})
        bulk.update(written, of_names)


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

"""All SQL of sending: who is due, reserved, settled; where links lead; what the outbox keeps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Row,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlmodel import Session, col

from app.audience.models import Membership, Person, Suppression
from app.delivery.mime import Mail
from app.delivery.models import (
    Destination,
    DestinationSet,
    Notice,
    OutboxMail,
    Send,
    State,
)
from app.experiments.models import Enrolment, Experiment, Status
from app.platform.db import UtcDateTime

_SEND = Send.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
_DESTINATION = Destination.__table__  # type: ignore[attr-defined]  # as above
_LINK = tuple(_DESTINATION.c[name] for name in ("set_id", "link", "kind", "label", "address"))
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


def released_since(session: Session, experiment_id: str, since: datetime) -> int:
    """Sends of an experiment that were first released after a moment."""
    question = select(func.count()).where(
        col(Send.experiment_id) == experiment_id, col(Send.released_at) > since
    )
    return int(session.execute(question).scalar_one())


def hold_rate(session: Session, experiment_id: str) -> None:
    """Let one worker at a time count an experiment's rate (SQLite has one writer anyway)."""
    if _is_postgresql(session):
        question = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
        session.execute(question, {"key": f"rate:{experiment_id}"})


def people_of(session: Session, send_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """One row per send: its person as they are now, and their columns as they were frozen."""
    question = (
        select(
            col(Send.id),
            col(Person.id).label("person_id"),
            col(Person.email),
            col(Person.name),
            col(Person.external_id),
            col(Person.timezone),
            col(Enrolment.frozen),
        )
        .join(Person, col(Person.id) == col(Send.person_id))
        .join(Enrolment, col(Enrolment.id) == col(Send.id))
        .where(col(Send.id).in_(send_ids))
    )
    return {row.id: row for row in session.execute(question)}


def frozen_of(session: Session, send_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The columns of each send's person as they were frozen at the start."""
    question = select(col(Enrolment.id), col(Enrolment.frozen)).where(
        col(Enrolment.id).in_(send_ids)
    )
    return {row.id: row.frozen for row in session.execute(question)}


def hold(session: Session, send_ids: Sequence[int], *, now: datetime) -> None:
    """People of the holdout are released like everybody, and get nothing."""
    session.execute(
        update(Send)
        .where(col(Send.id).in_(send_ids))
        .values(state=State.HELD, settled_at=now, lease_until=None, accepted_at=None)
    )


def emails_of(session: Session, person_ids: Sequence[str]) -> list[str]:
    """The addresses of people, as far as they were not erased."""
    question = select(col(Person.email)).where(col(Person.id).in_(person_ids))
    return list(session.scalars(question.order_by(col(Person.id))).all())


def member(session: Session, audience_id: str, person_id: str) -> Row[Any] | None:
    """A person of an audience with their columns there."""
    question = (
        select(
            col(Person.id).label("person_id"),
            col(Person.email),
            col(Person.name),
            col(Person.external_id),
            col(Person.timezone),
            col(Membership.data),
        )
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .where(col(Membership.audience_id) == audience_id, col(Person.id) == person_id)
    )
    return session.execute(question).first()


def last_replies(session: Session, person_id: str, *, limit: int) -> list[tuple[str, str]]:
    """How a person's latest sends ended: state and reply, newest first."""
    question = (
        select(col(Send.state), func.coalesce(col(Send.last_reply), ""))
        .where(col(Send.person_id) == person_id, col(Send.settled_at).is_not(None))
        .order_by(col(Send.settled_at).desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(question)]


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


def settle(
    session: Session, edits: Sequence[tuple[int, Mapping[str, object]]], *, holder: str
) -> None:
    """Write what became of sends that were ours. Sorted, so that two writers never cross."""
    ordered = sorted(edits, key=lambda edit: edit[0])
    for names in sorted({tuple(sorted(fields)) for _, fields in ordered}):
        statement = (
            update(_SEND)
            .where(
                _SEND.c.id == bindparam("row_id"),
                _SEND.c.holder == holder,
                (_SEND.c.state == State.SENDING) | (_SEND.c.state == State.UNCERTAIN),
            )
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        rows = [
            {"row_id": send_id, **{f"new_{name}": fields[name] for name in names}}
            for send_id, fields in ordered
            if tuple(sorted(fields)) == names
        ]
        session.connection().execute(statement, rows)


def held_by(session: Session, holders: Sequence[str]) -> list[Send]:
    """Sends that these processes reserved and that are open, or uncertain, still."""
    question = select(Send).where(
        col(Send.holder).in_(holders), col(Send.state).in_([State.SENDING, State.UNCERTAIN])
    )
    return list(session.scalars(question.order_by(col(Send.id))).all())


def lapsed(session: Session, before: datetime, *, limit: int) -> list[Send]:
    """Sends whose holder has not been heard of since its lease ran out."""
    question = select(Send).where(col(Send.state) == State.SENDING, col(Send.lease_until) < before)
    question = question.order_by(col(Send.id)).limit(limit).with_for_update(skip_locked=True)
    return list(session.scalars(question).all())


def counts(session: Session, experiment_id: str) -> dict[str, int]:
    """One row per state: sends of an experiment."""
    question = (
        select(col(Send.state), func.count())
        .where(col(Send.experiment_id) == experiment_id)
        .group_by(col(Send.state))
    )
    return {row[0]: row[1] for row in session.execute(question)}


def why_waiting(session: Session, experiment_id: str) -> str | None:
    """What the server said to the send that waits longest, if any waits for a server."""
    question = (
        select(col(Send.last_reply))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.last_reply).is_not(None),
        )
        .order_by(col(Send.due_at))
        .limit(1)
    )
    return session.scalars(question).first()


def unreleased(session: Session, experiment_id: str) -> bool:
    """Somebody's send waits for its first release."""
    waiting = select(col(Send.id)).where(
        col(Send.experiment_id) == experiment_id,
        col(Send.state) == State.QUEUED,
        col(Send.released_at).is_(None),
    )
    return bool(session.scalar(select(waiting.exists())))


def is_planned(session: Session, experiment_id: str) -> bool:
    """Everybody enrolled has a send."""
    return bool(session.scalar(select(_planned(experiment_id).exists())))


def experiments_unplanned(session: Session) -> list[str]:
    """Launched experiments whose sends are not all queued yet."""
    question = select(col(Experiment.id)).where(
        col(Experiment.status).in_([Status.RUNNING, Status.PAUSED]),
        col(Experiment.started_at).is_not(None),
        ~_planned(col(Experiment.id)).exists(),
    )
    return list(session.scalars(question.order_by(col(Experiment.id))).all())


def mark_planned(session: Session, experiment_id: str, *, now: datetime) -> None:
    """Note that everybody enrolled has a send."""
    session.execute(
        update(DestinationSet)
        .where(
            col(DestinationSet.experiment_id) == experiment_id,
            col(DestinationSet.purpose) == "send",
        )
        .values(planned_at=now)
    )


def _planned(experiment_id: Any) -> Any:
    return select(col(DestinationSet.id)).where(
        col(DestinationSet.experiment_id) == experiment_id,
        col(DestinationSet.purpose) == "send",
        col(DestinationSet.planned_at).is_not(None),
    )


def running(session: Session) -> list[Experiment]:
    """Experiments that may release people."""
    question = select(Experiment).where(col(Experiment.status) == Status.RUNNING)
    return list(session.scalars(question.order_by(col(Experiment.id))).all())


_PLAN = text("""
    -- One row per enrolment that has no send yet.
    INSERT INTO send
           (id, experiment_id, arm, person_id, wave, state, due_at, attempts, deferrals)
    SELECT e.id, e.experiment_id, e.arm, e.person_id, e.wave, 'queued', :due_at, 0, 0
      FROM enrolment e
      LEFT JOIN send s ON s.id = e.id
     WHERE e.experiment_id = :experiment_id
       AND e.wave = :wave
       AND e.id > :after
       AND s.id IS NULL
     ORDER BY e.id
     LIMIT :limit
        ON CONFLICT (id) DO NOTHING
    RETURNING id
""").bindparams(bindparam("due_at", type_=_MOMENT))


def plan(
    session: Session, experiment_id: str, *, wave: int, after: int, limit: int, due_at: datetime
) -> Sequence[int]:
    """Queue sends for the next enrolments of a wave; their ids."""
    values = {"experiment_id": experiment_id, "wave": wave, "after": after, "limit": limit}
    return session.scalars(_PLAN, params=values | {"due_at": due_at}).all()


def ended_with_queue(session: Session) -> list[Experiment]:
    """Experiments that ended while sends were queued."""
    waiting = select(col(Send.id)).where(
        col(Send.experiment_id) == col(Experiment.id), col(Send.state) == State.QUEUED
    )
    question = select(Experiment).where(
        col(Experiment.status).in_([Status.CANCELLED, Status.DECIDED]), waiting.exists()
    )
    return list(session.scalars(question).all())


def skip_unreleased(
    session: Session, experiment_id: str, *, why: str, limit: int, now: datetime
) -> int:
    """Pass over people who were not released; how many."""
    ids = (
        select(col(Send.id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.released_at).is_(None),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen = session.scalars(ids).all()
    session.execute(
        update(Send)
        .where(col(Send.id).in_(chosen))
        .values(state=State.SKIPPED, settled_at=now, last_reply=why)
    )
    return len(chosen)


def give_up(
    session: Session, experiment_id: str, *, why: str, limit: int, now: datetime
) -> Sequence[int]:
    """Fail those who were released and wait for another try; their ids."""
    ids = (
        select(col(Send.id))
        .where(
            col(Send.experiment_id) == experiment_id,
            col(Send.state) == State.QUEUED,
            col(Send.released_at).is_not(None),
        )
        .order_by(col(Send.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen = session.scalars(ids).all()
    session.execute(
        update(Send)
        .where(col(Send.id).in_(chosen))
        .values(state=State.FAILED, settled_at=now, last_reply=why)
    )
    return chosen


def add_set(session: Session, row: DestinationSet, links: Sequence[Mapping[str, object]]) -> None:
    """Keep where the links of an arm lead."""
    session.add(row)
    session.flush()
    if links:
        session.execute(insert(Destination), links)


def set_of(session: Session, experiment_id: str, arm: str) -> DestinationSet | None:
    """The links that an arm's sends carry."""
    question = select(DestinationSet).where(
        col(DestinationSet.experiment_id) == experiment_id,
        col(DestinationSet.arm) == arm,
        col(DestinationSet.purpose) == "send",
    )
    return session.scalars(question).first()


def destinations_of(session: Session, set_id: int) -> Sequence[Row[Any]]:
    """One row per link of a set, in their order: link, kind, label, address."""
    question = select(*_LINK).where(_DESTINATION.c.set_id == set_id)
    return session.execute(question.order_by(_DESTINATION.c.link)).all()


def all_destinations(session: Session) -> Sequence[Row[Any]]:
    """One row per link of every set, for the snapshot of the redirect."""
    question = select(*_LINK).order_by(_DESTINATION.c.set_id, _DESTINATION.c.link)
    return session.execute(question).all()


def destinations_version(session: Session) -> int:
    """A number that moves whenever a destination is edited. New sets need no notice."""
    return session.scalar(select(func.coalesce(func.sum(Destination.version - 1), 0))) or 0


def destinations_state(session: Session) -> tuple[int, int]:
    """What moves with every edited destination, and with every new set."""
    newest = session.scalar(select(func.coalesce(func.max(DestinationSet.id), 0))) or 0
    return destinations_version(session), newest


def links_of(session: Session, experiment_id: str) -> list[Destination]:
    """Where the links of an experiment's sends lead, by arm and place."""
    question = (
        select(Destination)
        .join(DestinationSet, col(DestinationSet.id) == col(Destination.set_id))
        .where(
            col(DestinationSet.experiment_id) == experiment_id,
            col(DestinationSet.purpose) == "send",
        )
        .order_by(col(Destination.arm), col(Destination.link))
    )
    return list(session.scalars(question).all())


def sends_page(
    session: Session, experiment_id: str, *, after: int, limit: int, state: str | None = None
) -> list[tuple[Send, str]]:
    """Sends of an experiment with their addresses, in the order of their ids."""
    question = (
        select(Send, col(Person.email))
        .join(Person, col(Person.id) == col(Send.person_id))
        .where(col(Send.experiment_id) == experiment_id, col(Send.id) > after)
        .order_by(col(Send.id))
        .limit(limit)
    )
    if state:
        question = question.where(col(Send.state) == state)
    return [(send, email) for send, email in session.execute(question).all()]


def facts_of(session: Session, send_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """One row per send: what a verdict needs to know of it, its links and its person's consent."""
    question = (
        select(
            col(Send.id),
            col(Send.experiment_id),
            col(Send.arm),
            col(Send.state),
            col(Send.accepted_at),
            col(DestinationSet.id).label("set_id"),
            col(DestinationSet.links),
            col(Experiment.design),
            col(Experiment.rule_version),
            col(Person.consent_click),
            col(Person.consent_open),
        )
        .join(Experiment, col(Experiment.id) == col(Send.experiment_id))
        .join(Person, col(Person.id) == col(Send.person_id))
        .join(
            DestinationSet,
            (col(DestinationSet.experiment_id) == col(Send.experiment_id))
            & (col(DestinationSet.arm) == col(Send.arm))
            & (col(DestinationSet.purpose) == "send"),
        )
        .where(col(Send.id).in_(send_ids))
    )
    return session.execute(question).all()


def keep_in_outbox(session: Session, mail: Mail, *, now: datetime) -> None:
    """Keep a mail instead of sending it."""
    session.add(
        OutboxMail(
            at=now,
            send_id=mail.send_id,
            experiment_id=mail.experiment_id,
            recipient=mail.recipient,
            subject=mail.subject,
            raw=mail.raw,
        )
    )


def notices_due(session: Session, *, now: datetime, limit: int) -> list[Notice]:
    """Notices to be sent, and those whose sender was not heard of again."""
    question = (
        select(Notice)
        .where(
            ((col(Notice.state) == "queued") & (col(Notice.due_at) <= now))
            | ((col(Notice.state) == "sending") & (col(Notice.lease_until) < now))
        )
        .order_by(col(Notice.due_at))
        .limit(limit)
    )
    return list(session.scalars(question).all())


def claim_notices(session: Session, *, now: datetime, until: datetime, limit: int) -> list[Notice]:
    """Take due notices; nobody else takes them until then."""
    claimed = []
    for notice in notices_due(session, now=now, limit=limit):
        taken = session.execute(
            update(Notice)
            .where(col(Notice.id) == notice.id, col(Notice.attempts) == notice.attempts)
            .values(state="sending", lease_until=until, attempts=notice.attempts + 1)
            .returning(col(Notice.id))
        )
        if taken.first():
            claimed.append(notice)
    return claimed


def outbox_page(
    session: Session, *, before: str | None, limit: int, experiment_id: str | None = None
) -> list[OutboxMail]:
    """Mails in the outbox, newest first. `before` is the id that the last page ended with."""
    question = select(OutboxMail).order_by(col(OutboxMail.id).desc()).limit(limit)
    if before:
        question = question.where(col(OutboxMail.id) < before)
    if experiment_id:
        question = question.where(col(OutboxMail.experiment_id) == experiment_id)
    return list(session.scalars(question).all())


def outbox_after(session: Session, seen: str, *, limit: int) -> list[OutboxMail]:
    """Mails that came into the outbox after one that was seen, oldest first."""
    question = select(OutboxMail).where(col(OutboxMail.id) > seen).order_by(col(OutboxMail.id))
    mails = list(session.scalars(question.limit(limit)).all())
    for mail in mails:  # they are read after the session ended
        session.expunge(mail)
    return mails


def forget(session: Session, person_id: str) -> None:
    """Take a person's mails out of the outbox; their sends keep no address."""
    sends = select(col(Send.id)).where(col(Send.person_id) == person_id)
    session.execute(delete(OutboxMail).where(col(OutboxMail.send_id).in_(sends)))


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"

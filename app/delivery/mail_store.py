"""The SQL of notices and of the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    insert,
    select,
    update,
)
from sqlmodel import Session, col

from app.delivery.mail.mime import Mail
from app.delivery.models import (
    Notice,
    OutboxMail,
    Send,
    State,
)
from app.delivery.replies import RESTS
from app.platform.ids import new_id
from app.platform.listing import Listing

NOTICE_LEASE = timedelta(minutes=5)
_SLACK = timedelta(minutes=1)  # machines' clocks differ by less


def keep_in_outbox(session: Session, mails: Sequence[tuple[Mail, datetime]]) -> None:
    """Keep mails instead of sending them, each with its moment; the last one is the newest."""
    rows = [
        {
            "id": new_id(),
            "at": at,
            "send_id": mail.send_id,
            "experiment_id": mail.experiment_id,
            "person_id": mail.person_id,
            "recipient": mail.recipient,
            "subject": mail.subject,
            "raw": mail.raw,
        }
        for mail, at in mails
    ]
    session.execute(insert(OutboxMail), rows)


def notices_due(session: Session, *, now: datetime, limit: int) -> list[Notice]:
    """Notices to be sent, and those whose sender was not heard of again.

    What lies further ahead than any rest or lease was written by a clock that was set back since.
    """
    is_fresh = col(Notice.attempts) == 0  # due at once, whatever a clock says
    too_far, too_long = now + RESTS[-1] + _SLACK, now + NOTICE_LEASE + _SLACK
    has_rested = (col(Notice.due_at) <= now) | (col(Notice.due_at) > too_far)
    has_lapsed = (col(Notice.lease_until) < now) | (col(Notice.lease_until) > too_long)
    question = (
        select(Notice)
        .where(
            ((col(Notice.state) == "queued") & (is_fresh | has_rested))
            | ((col(Notice.state) == "sending") & has_lapsed)
        )
        .order_by(col(Notice.due_at))
        .limit(limit)
    )
    return list(session.scalars(question).all())


def is_any_queued(session: Session) -> bool:
    """Whether any send or notice waits, for whatever time, or is being sent."""
    sends = select(col(Send.id)).where(col(Send.state).in_([State.QUEUED, State.SENDING]))
    waiting = select(col(Notice.id)).where(col(Notice.state).in_(["queued", "sending"]))
    return bool(session.execute(select(sends.exists() | waiting.exists())).scalar_one())


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


OUTBOX = Listing(
    name="outbox page",
    key=col(OutboxMail.id),
    usual="-at",
    sorts={
        "at": col(OutboxMail.id),
        "subject": col(OutboxMail.subject),
        "to": col(OutboxMail.recipient),
    },
    words=(col(OutboxMail.subject), col(OutboxMail.recipient)),
)


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


def outbox_next(session: Session, experiment_id: str, *, after: str) -> OutboxMail | None:
    """The next mail of an experiment's sends; its first one after ""."""
    question = select(OutboxMail).where(
        col(OutboxMail.experiment_id) == experiment_id,
        col(OutboxMail.send_id).is_not(None),
        col(OutboxMail.id) > after,
    )
    return session.scalars(question.order_by(col(OutboxMail.id)).limit(1)).first()


def outbox_after(session: Session, seen: str, *, limit: int) -> list[OutboxMail]:
    """Mails that came into the outbox after one that was seen, oldest first."""
    question = select(OutboxMail).where(col(OutboxMail.id) > seen).order_by(col(OutboxMail.id))
    mails = list(session.scalars(question.limit(limit)).all())
    for mail in mails:  # they are read after the session ended
        session.expunge(mail)
    return mails

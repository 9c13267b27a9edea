"""What this room holds about a person, and what becomes of it when they are erased."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from app.delivery.models import CameBackRow, Notice, OutboxMail, Send, State, WrittenBack
from app.experiments.vocabulary import HOLDOUT
from app.platform.held import Part, Subject
from app.tally.models import Outcome


def _send(subject: Subject) -> ColumnElement[bool]:
    return col(Send.person_id) == subject.person_id


def _outcome(subject: Subject) -> ColumnElement[bool]:
    return col(Outcome.send_id).in_(subject.send_ids)


def _came_back(subject: Subject) -> ColumnElement[bool]:
    return col(CameBackRow.send_id).in_(subject.send_ids)


def _written_back(subject: Subject) -> ColumnElement[bool]:
    return col(WrittenBack.send_id).in_(subject.send_ids)


def _outbox(subject: Subject) -> ColumnElement[bool]:
    """Mails to them, and test mails that show their columns."""
    return or_(
        col(OutboxMail.send_id).in_(subject.send_ids),
        col(OutboxMail.person_id) == subject.person_id,
    )


def _notice(subject: Subject) -> ColumnElement[bool]:
    return col(Notice.person_id) == subject.person_id


_MAIL = ("recipient", "subject", "raw")
_NOTICE = ("recipient", "subject", "text", "html", "headers", "last_reply")

PARTS: Sequence[Part] = (
    Part("sends", Send, _send, ("last_reply",), {"last_reply": None}),
    Part("outcomes", Outcome, _outcome, ()),  # counted, and of nobody once the person is gone
    Part("came_back", CameBackRow, _came_back, ("words",), None),
    Part("replies", WrittenBack, _written_back, ("words", "nameless"), None),
    Part("mails", OutboxMail, _outbox, _MAIL, None),
    Part("test_mails", Notice, _notice, _NOTICE, None),
)


def send_ids(session: Session, person_id: str) -> tuple[int, ...]:
    """The numbers of a person's sends."""
    question = select(col(Send.id)).where(col(Send.person_id) == person_id)
    return tuple(session.scalars(question.order_by(col(Send.id))))


def under_way(session: Session, person_id: str) -> int:
    """How many mails to a person are being sent at this moment."""
    question = select(col(Send.id)).where(
        col(Send.person_id) == person_id, col(Send.state) == State.SENDING
    )
    return len(session.scalars(question).all())


def counted(session: Session, person_id: str) -> tuple[int, int]:
    """A person's mails: those that wait for their first try, and those that were released."""
    question = select(col(Send.state), col(Send.released_at), col(Send.arm)).where(
        col(Send.person_id) == person_id, col(Send.arm) != HOLDOUT
    )
    rows = session.execute(question).all()
    waiting = sum(row.released_at is None and row.state == State.QUEUED for row in rows)
    return waiting, sum(row.released_at is not None for row in rows)

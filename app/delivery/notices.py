"""Mail that belongs to no experiment and counts nowhere: test mails first of all."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.delivery import mail_store
from app.delivery.mail import pictures
from app.delivery.mail.mime import Mail, ascii_address, mailbox, quoted, words
from app.delivery.models import Notice
from app.delivery.replies import Meaning, Reply, Stage, again_at, meaning_of, shortened
from app.delivery.transports.ports import Transport
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.duties import Trouble, awaited, tried
from app.platform.ids import new_id

_AT_A_TIME = 10
_WAITS = {Meaning.LATER, Meaning.LATER_ALL, Meaning.LIMIT, Meaning.FULL, Meaning.OUR_FAULT}
_AWAY = timedelta(seconds=15)
_WHAT = "a notice"
# Their link opens a log-in, or they hold a customer's words: once they left, we forget them.
_FORGOTTEN = frozenset({"invitation", "reply"})
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """The customer whom a mail to the team is about: an answer to it goes to them."""

    person_id: str
    email: str


def queue(
    session: Session,
    settings: Settings,
    *,
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    now: datetime,
    about: About | None = None,
) -> None:
    """Queue a mail to one of the team, in this transaction."""
    notice_id, subject = new_id(), quoted(subject)
    host = settings.sender_address.rpartition("@")[2]
    headers = {
        "From": mailbox("Thinslice", settings.sender_address, what="The sender's name"),
        "To": ascii_address(to),
        "Subject": words(subject, what="The subject"),
        "Message-ID": f"<{kind}.{notice_id}@{host}>",
        "Auto-Submitted": "auto-generated",
    }
    if about is not None:
        headers["Reply-To"] = ascii_address(about.email)
    session.add(
        Notice(
            id=notice_id,
            kind=kind,
            person_id=about.person_id if about else None,
            recipient=to,
            subject=subject,
            text=text,
            html=html,
            headers=headers,
            due_at=now,
            created_at=now,
        )
    )


async def send_due(
    database: Database, settings: Settings, transport: Transport, *, now: datetime
) -> int:
    """Send the notices that are due; how many. They are few, and go one by one."""
    with database.read() as session:
        if not mail_store.notices_due(session, now=now, limit=1):
            return 0
    with database.write() as session:
        notices = mail_store.claim_notices(
            session, now=now, until=now + mail_store.NOTICE_LEASE, limit=_AT_A_TIME
        )
    for notice in notices:
        reply = await _sent(notice, settings, transport, now=now)
        with database.write() as session:
            held = session.get(Notice, notice.id)
            if held is not None:  # whoever it showed may have been erased meanwhile
                _settle(held, reply, now=now)
    return len(notices)


async def _sent(
    notice: Notice, settings: Settings, transport: Transport, *, now: datetime
) -> Reply:
    """What the server said, or why it could not be asked: that concerns this notice alone."""
    mail = tried(lambda: _mail(notice, settings, now=now), what=_WHAT)
    if isinstance(mail, Trouble):
        return Reply(554, mail.sentence, Stage.MESSAGE)
    came = await awaited(transport.send(mail, _nothing_to_note), what=_WHAT)
    return Reply(451, came.sentence, Stage.MESSAGE) if isinstance(came, Trouble) else came


def _mail(notice: Notice, settings: Settings, *, now: datetime) -> Mail:
    raw = pictures.filled(notice.headers, text=notice.text, html=notice.html, now=now)
    return Mail(
        mail_id=f"{notice.kind}.{notice.id}",
        return_path=ascii_address(settings.bounce_address or settings.sender_address),
        recipient=ascii_address(notice.recipient),
        subject=notice.subject,
        raw=raw,
        person_id=notice.person_id,
    )


def _settle(notice: Notice, reply: Reply, *, now: datetime) -> None:
    meaning = meaning_of(reply)
    notice.last_reply = shortened(str(reply))
    notice.lease_until = None
    if meaning is Meaning.ACCEPTED:
        notice.state = "sent"
        if notice.kind in _FORGOTTEN:
            notice.text = notice.html = ""
            notice.headers = {}
        return
    at = again_at(deferrals=notice.attempts - 1, now=now)
    if meaning in _WAITS and at is not None:
        notice.state = "queued"
        notice.due_at = now + _AWAY if meaning in {Meaning.LATER_ALL, Meaning.LIMIT} else at
        return
    notice.state = "failed"
    log.warning("a notice (%s) was refused: %s", notice.kind, notice.last_reply)


async def _nothing_to_note() -> None:
    """A notice that arrives twice harms nobody: it has no journal."""

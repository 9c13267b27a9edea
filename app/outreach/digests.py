"""Who gets the week by mail, when it is due, and that it leaves once a week."""

from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text
from sqlmodel import Session

from app.outreach import store
from app.outreach.models import Connector, Digest, WeeklyRun
from app.outreach.schemas import DigestDraft
from app.platform.db import Database, UtcDateTime
from app.platform.weekly import Moment, latest, parsed
from app.review import agenda

NAME = "digest"
_ONE = 1
_TOO_LATE = timedelta(days=1)  # a digest that could not leave for a day is left out; our choice
_CLAIM = text("""
    -- One row per duty and week; the second who tries adds none.
    INSERT INTO weekly_run (name, week, ran_at)
    VALUES (:name, :week, :now)
        ON CONFLICT (name, week) DO NOTHING
""").bindparams(bindparam("now", type_=UtcDateTime))


class Letter(Protocol):
    """Whoever writes the week's mail."""

    def queue(self, session: Session, recipients: list[str], week: str, *, now: datetime) -> None:
        """Add one notice for each recipient about that week, in this transaction."""

    def post(self, session: Session, chat: Connector, week: str, *, now: datetime) -> None:
        """Owe a chat the same week, in this transaction."""


def of(session: Session) -> Digest | None:
    """What was set, or None."""
    return session.get(Digest, _ONE)


def put(session: Session, draft: DigestDraft, *, now: datetime) -> Digest:
    """Set recipients and time; no time means no digest."""
    row = session.get(Digest, _ONE) or Digest(id=_ONE, set_at=now)
    row.recipients = list(dict.fromkeys(str(one) for one in draft.recipients))
    row.sends_at, row.set_at = draft.sends_at, now
    session.add(row)
    session.flush()
    return row


def queue_due(database: Database, letter: Letter, *, zone: ZoneInfo, now: datetime) -> int:
    """Queue this week's digest when its time has come; how many mails and chats."""
    with database.read() as session:
        owed = due(of(session), zone=zone, now=now)
        if owed is None or session.get(WeeklyRun, (NAME, owed.week)) is not None:
            return 0
    with database.write() as session:
        row, chats = of(session), store.chats(session)
        moment = due(row, zone=zone, now=now)
        if row is None or moment is None or not _claim(session, moment.week, now=now):
            return 0
        told = agenda.latest_week(zone=zone, now=moment.at)
        letter.queue(session, row.recipients, told, now=now)
        for chat in chats:
            letter.post(session, chat, told, now=now)
        return len(row.recipients) + len(chats)


def due(row: Digest | None, *, zone: ZoneInfo, now: datetime) -> Moment | None:
    """When the digest should leave, or None. A time set today is not owed for before.

    Chats get it without a mail address on the list.
    """
    if row is None or row.sends_at is None:
        return None
    weekday, at = parsed(row.sends_at)
    moment = latest(weekday, at, zone=zone, now=now)
    if moment.at < row.set_at or now - moment.at > _TOO_LATE:
        return None
    return moment


def _claim(session: Session, week: str, *, now: datetime) -> bool:
    done = session.connection().execute(_CLAIM, {"name": NAME, "week": week, "now": now})
    return bool(done.rowcount)

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
from app.platform.weekly import latest, parsed
from app.review import agenda

NAME = "digest"
_ONE = 1
_TOO_LATE = timedelta(days=1)  # a digest that could not leave for a day is left out; our choice
_CLAIM = text("""
    -- One row per duty and week that is told about, whenever it is; the second who tries adds none.
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
    """Set recipients and time; no time means no digest.

    What is owed stays owed while somebody edits: only a digest that begins anew owes nothing yet.
    """
    row = session.get(Digest, _ONE) or Digest(id=_ONE, set_at=now, timed_at=now)
    row.recipients = list(dict.fromkeys(str(one) for one in draft.recipients))
    if row.sends_at is None:
        row.set_at = now
    if row.sends_at != draft.sends_at:
        row.sends_at, row.timed_at = draft.sends_at, now
    session.add(row)
    session.flush()
    return row


def queue_due(database: Database, letter: Letter, *, zone: ZoneInfo, now: datetime) -> int:
    """Queue this week's digest when its time has come; how many mails and chats."""
    with database.read() as session:
        owed = due(of(session), zone=zone, now=now)
        told = agenda.latest_week(zone=zone, now=owed) if owed else ""
        if not told or session.get(WeeklyRun, (NAME, told)) is not None:
            return 0
    with database.write() as session:
        row, chats = of(session), store.chats(session)
        owed = due(row, zone=zone, now=now)
        told = agenda.latest_week(zone=zone, now=owed) if owed else ""
        if row is None or not told or not _claim(session, told, now=now):
            return 0
        letter.queue(session, row.recipients, told, now=now)
        for chat in chats:
            letter.post(session, chat, told, now=now)
        return len(row.recipients) + len(chats)


def due(row: Digest | None, *, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the digest came due, or None. One that began today owes nothing for before.

    Where a time is moved back over now, what would have left later leaves now. Chats get it
    without a mail address on the list.
    """
    if row is None or row.sends_at is None:
        return None
    weekday, at = parsed(row.sends_at)
    moment = latest(weekday, at, zone=zone, now=now)
    if moment < row.set_at or now - max(moment, row.timed_at) > _TOO_LATE:
        return None
    return moment


def _claim(session: Session, week: str, *, now: datetime) -> bool:
    done = session.connection().execute(_CLAIM, {"name": NAME, "week": week, "now": now})
    return bool(done.rowcount)

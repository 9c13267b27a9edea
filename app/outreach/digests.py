"""Who gets the week by mail, when it is due, and that it leaves once a week."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text
from sqlmodel import Session

from app.outreach import store
from app.outreach.models import Digest, WeeklyRun
from app.outreach.schemas import DigestDraft
from app.outreach.team_mails import Letters
from app.platform import put_off
from app.platform.db import Database, UtcDateTime
from app.platform.duties import Duty
from app.platform.put_off import Work
from app.platform.weekly import latest, week_time_of
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


def digest_settings(session: Session) -> Digest | None:
    """What was set, or None."""
    return session.get(Digest, _ONE)


def put(session: Session, draft: DigestDraft, *, now: datetime) -> Digest:
    """Set recipients and time; no time means no digest.

    What is owed stays owed while somebody edits: only a digest that begins anew owes nothing yet.
    """
    row = session.get(Digest, _ONE) or Digest(id=_ONE, set_at=now, timed_at=now)
    row.recipients = list(dict.fromkeys(str(recipient) for recipient in draft.recipients))
    if row.sends_at is None:
        row.set_at = now
    if row.sends_at != draft.sends_at:
        row.sends_at, row.timed_at = draft.sends_at, now
    session.add(row)
    session.flush()
    return row


def duty(database: Database, letters: Letters, *, zone: ZoneInfo) -> Duty:
    """Tell the week when its time has come: first it is owed to each, then each gets it."""

    def items(session: Session, now: datetime) -> list[str]:
        owed = list(put_off.of_work(session, Work.DIGEST))
        told = _told(session, zone=zone, now=now)
        is_new = told and session.get(WeeklyRun, (NAME, told)) is None
        return [told, *owed] if is_new else owed

    def tell(item: str, now: datetime) -> int:
        week, _, whom = item.partition(" ")
        with database.write() as session:
            if whom:
                return _tell(session, letters, week, whom, now=now)
            return _owe(session, week, zone=zone, now=now)

    return Duty(work=Work.DIGEST, items=items, do=tell)


def pass_over(session: Session, *, zone: ZoneInfo, now: datetime) -> None:
    """Count the digest that is due as told, and owe it to nobody."""
    if told := _told(session, zone=zone, now=now):
        _claim(session, told, now=now)
    put_off.drop(session, [row.id for row in put_off.of_work(session, Work.DIGEST).values()])


def _told(session: Session, *, zone: ZoneInfo, now: datetime) -> str:
    """The week whose digest has come due; empty where none has."""
    owed = due(digest_settings(session), zone=zone, now=now)
    return agenda.latest_week(zone=zone, now=owed) if owed else ""


def _owe(session: Session, week: str, *, zone: ZoneInfo, now: datetime) -> int:
    """Owe a week to each address and chat, once, whoever tries."""
    row = digest_settings(session)
    if row is None or _told(session, zone=zone, now=now) != week:
        return 0
    if not _claim(session, week, now=now):
        return 0
    for whom in (*row.recipients, *(chat.id for chat in store.chats(session))):
        put_off.owe(session, Work.DIGEST, f"{week} {whom}", now=now)
    return 1


def _tell(session: Session, letters: Letters, week: str, whom: str, *, now: datetime) -> int:
    """Give one address or chat what it is owed; nothing where another worker did."""
    if not put_off.take(session, Work.DIGEST, f"{week} {whom}"):
        return 0
    if "@" in whom:
        letters.queue(session, whom, week, now=now)
        return 1
    chat = next((connector for connector in store.chats(session) if connector.id == whom), None)
    if chat is not None:
        letters.post(session, chat, week, now=now)
    return chat is not None


def due(row: Digest | None, *, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the digest came due, or None. One that began today owes nothing for before.

    Where a time is moved back over now, what would have left later leaves now. Chats get it
    without a mail address on the list.
    """
    if row is None or row.sends_at is None:
        return None
    moment = latest(week_time_of(row.sends_at), zone=zone, now=now)
    if moment < row.set_at or now - max(moment, row.timed_at) > _TOO_LATE:
        return None
    return moment


def _claim(session: Session, week: str, *, now: datetime) -> bool:
    done = session.connection().execute(_CLAIM, {"name": NAME, "week": week, "now": now})
    return bool(done.rowcount)

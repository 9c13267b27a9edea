"""Open a week once: by its schedule, or by hand."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.allocation import calendar, store
from app.allocation.models import Invitation, Mode, Opening
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.errors import Conflict
from app.platform.iso_weeks import monday_of
from app.platform.put_off import Work


def duty(database: Database, *, zone: ZoneInfo) -> Duty:
    """Open each week that is due, once. Any number of workers may try."""

    def open_week(week: str, now: datetime) -> int:
        with database.write() as session:
            return _open(session, week, zone=zone, now=now)

    return Duty(
        work=Work.OPEN_WEEK,
        items=lambda session, now: _due(session, zone=zone, now=now),
        do=open_week,
    )


def open_due(session: Session, *, zone: ZoneInfo, now: datetime) -> None:
    """Open whatever is due, in this transaction."""
    for week in _due(session, zone=zone, now=now):
        _open(session, week, zone=zone, now=now)


def open_by_hand(session: Session, week: str, *, zone: ZoneInfo, now: datetime) -> Opening:
    """Open a week before its time, or one that was missed. Opened already, it is a conflict."""
    monday = monday_of(week)
    if monday > now.astimezone(zone).date():
        raise Conflict(f"{week} has not begun: open it from {monday} on.")
    if not _open(session, week, zone=zone, now=now):
        raise Conflict(f"{week} is open already: a week opens once.")
    return store.get_opening(session, week)


def _due(session: Session, *, zone: ZoneInfo, now: datetime) -> list[str]:
    if not any(respondent.active for respondent in store.respondents(session)):
        return []  # nobody to ask: nothing opens until somebody is added
    schedule = store.settings_of(session).schedule()
    return calendar.weeks_due(store.last_week(session), now=now, schedule=schedule, zone=zone)


def _open(session: Session, week: str, *, zone: ZoneInfo, now: datetime) -> bool:
    settings = store.settings_of(session)
    schedule = settings.schedule()
    opening = Opening(
        name=store.FRIDAY,
        week=week,
        mode=Mode(settings.mode),
        opened_at=now,
        reminds_at=calendar.instant(week, schedule.reminds, zone),
        closes_at=calendar.instant(week, schedule.closes, zone),
    )
    if not store.insert_opening(session, opening):
        return False
    store.put_week_buckets(session, week)
    for respondent in store.respondents(session):
        if respondent.active:
            session.add(
                Invitation(week=week, respondent_id=respondent.id, asked_time=respondent.asked_time)
            )
    session.flush()
    return True

"""Duties of a weekday and time: which one was the last to come due. Pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parsed(text: str) -> tuple[int, time]:
    """`monday 08:00` as a weekday (Monday is 0) and a time. Raises ValueError."""
    day, clock = text.split(" ")
    return DAYS.index(day), time.fromisoformat(clock)


def latest(weekday: int, at: time, *, zone: ZoneInfo, now: datetime) -> datetime:
    """The last time that this weekday and wall time came round, in the zone."""
    here = now.astimezone(zone)
    day = here.date() - timedelta(days=(here.weekday() - weekday) % 7)
    due = datetime.combine(day, at, tzinfo=zone)
    if due > now:
        day -= timedelta(days=7)
        due = datetime.combine(day, at, tzinfo=zone)
    return due

"""Duties of a weekday and time: which one was the last to come due. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Moment:
    """The week, as `2026-W47`, and when its duty came due."""

    week: str
    at: datetime


def parsed(text: str) -> tuple[int, time]:
    """`monday 08:00` as a weekday (Monday is 0) and a time. Raises ValueError."""
    day, clock = text.split(" ")
    return DAYS.index(day), time.fromisoformat(clock)


def latest(weekday: int, at: time, *, zone: ZoneInfo, now: datetime) -> Moment:
    """The last time that this weekday and wall time came round, in the zone."""
    here = now.astimezone(zone)
    day = here.date() - timedelta(days=(here.weekday() - weekday) % 7)
    due = datetime.combine(day, at, tzinfo=zone)
    if due > now:
        day -= timedelta(days=7)
        due = datetime.combine(day, at, tzinfo=zone)
    year, week, _ = day.isocalendar()
    return Moment(f"{year}-W{week:02d}", due)

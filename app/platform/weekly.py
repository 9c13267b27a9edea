"""Times of the week: how they are written, and which one was the last to come due. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, order=True)
class WeekTime:
    """A day (Monday is 0; 7 is the Monday after) and a time on the wall of the organisation."""

    day: int
    at: time


def week_time_of(text: str) -> WeekTime:
    """What was written: `friday 14:00`, `next monday 09:00`. Raises ValueError."""
    words = text.lower().split()
    after = words[:1] == ["next"]
    try:
        day, at = words[after:]
        return WeekTime(DAYS.index(day) + len(DAYS) * after, time.fromisoformat(at))
    except ValueError:
        raise ValueError(
            "write a day and a time, like friday 14:00, or next monday 09:00 for the week after"
        ) from None


def written(when: WeekTime) -> str:
    """The same as somebody writes it."""
    after, day = divmod(when.day, len(DAYS))
    return f"{'next ' * after}{DAYS[day]} {when.at:%H:%M}"


def latest(when: WeekTime, *, zone: ZoneInfo, now: datetime) -> datetime:
    """The last time that this day and wall time came round, in the zone."""
    here = now.astimezone(zone)
    day = here.date() - timedelta(days=(here.weekday() - when.day) % 7)
    due = datetime.combine(day, when.at, tzinfo=zone)
    if due > now:
        day -= timedelta(days=7)
        due = datetime.combine(day, when.at, tzinfo=zone)
    return due

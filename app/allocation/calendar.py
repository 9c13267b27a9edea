"""When a week opens, reminds and closes, in the organisation's zone. Pure: no clock, no rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.platform.errors import Invalid
from app.platform.iso_weeks import monday_of, week_of
from app.platform.weekly import WeekTime

_OPENS, _REMINDS, _CLOSES = WeekTime(4, time(14)), WeekTime(7, time(9)), WeekTime(7, time(10))
_LONGEST_OPEN = 2  # weeks: it closes by the Sunday after its own


@dataclass(frozen=True, slots=True)
class Schedule:
    """The Friday mail's times. They stand in a row that an editor edits."""

    opens: WeekTime = _OPENS
    reminds: WeekTime = _REMINDS
    closes: WeekTime = _CLOSES  # when the week's mail is written

    def __post_init__(self) -> None:
        order = [self.opens, self.reminds, self.closes]
        if sorted(set(order)) != order:
            raise Invalid("A week opens first, then reminds, then closes: put the times in order.")
        if self.closes.day - self.opens.day > 7 or not 0 <= self.opens.day < 7:
            raise Invalid("A week opens on one of its own days and closes within seven days.")


def instant(week: str, when: WeekTime, zone: ZoneInfo) -> datetime:
    """The one instant of a time of the week in one week.

    A time that the clocks jump over is as long after the jump as it would have been before it;
    a time that comes twice is its first.
    """
    day = monday_of(week) + timedelta(days=when.day)
    return datetime.combine(day, when.at, zone).astimezone(UTC)


def weeks_due(last: str | None, *, now: datetime, schedule: Schedule, zone: ZoneInfo) -> list[str]:
    """The weeks that are to be asked about now and are later than the last one opened.

    One that has closed is not opened: nobody could be asked any more. The first time it is the
    newest alone. A clock that went back finds nothing due.
    """
    due = [
        week
        for week in _recent(now, zone)
        if instant(week, schedule.opens, zone) <= now < instant(week, schedule.closes, zone)
    ]
    return due[-1:] if last is None else [week for week in due if week > last]


def _recent(now: datetime, zone: ZoneInfo) -> Iterator[str]:
    today = now.astimezone(zone).date()
    for back in range(_LONGEST_OPEN - 1, -1, -1):
        yield week_of(today - timedelta(weeks=back))


def number_of(week: str) -> int:
    """A week as the number that a token carries: 2026-W47 is 202647."""
    monday_of(week)
    return int(week[:4]) * 100 + int(week[6:])


def week_numbered(number: int) -> str:
    """The week that a token's number means. Raises Invalid."""
    week = f"{number // 100:04}-W{number % 100:02}"
    monday_of(week)
    return week

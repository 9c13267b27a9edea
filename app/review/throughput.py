"""How many slices were decided, week by week: the pace at which a team learns."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.platform.iso_weeks import week_of
from app.review import store
from app.review.models import Choice

_WEEK = timedelta(days=7)
_CHOICES = (Choice.BUILD, Choice.ITERATE, Choice.STOP)


@dataclass(frozen=True, slots=True)
class Week:
    """What was decided in one week, by choice."""

    week: str
    build: int
    iterate: int
    stop: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.build + self.iterate + self.stop


def weekly_throughput(
    session: Session, *, weeks: int, zone: ZoneInfo, now: datetime
) -> tuple[Week, ...]:
    """The last weeks, the oldest first, this one included; a week without decisions is there."""
    today = now.astimezone(zone).date()
    mondays = [today - timedelta(days=today.weekday()) - back * _WEEK for back in range(weeks)]
    since = datetime.combine(mondays[-1], time(), zone)
    counted = Counter(
        (week_of(row.at.astimezone(zone).date()), row.decision)
        for row in store.choices_since(session, since)
    )
    return tuple(
        Week(week, *(counted[week, choice] for choice in _CHOICES))
        for week in map(week_of, reversed(mondays))
    )

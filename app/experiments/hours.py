"""The hours in which the mails of an experiment leave, in one time zone or another.

All moments that are given or answered are in UTC or aware of their zone. Where clocks go forward
over an opening, it opens at that moment; hours that come twice are open twice.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from app.experiments.part_schemas import MailHours
from app.experiments.vocabulary import MailDays

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_LONGEST = 10  # days to look ahead: a weekend, and one day whose hours the clocks leave out
_WEEKEND = 5  # Saturday, as Python counts
# Every difference to UTC that any place has, in quarters of an hour: -12:00 to +14:00.
ANYWHERE: Sequence[tzinfo] = tuple(
    timezone(timedelta(minutes=minutes)) for minutes in range(-12 * 60, 14 * 60 + 1, 15)
)


def is_open(at: datetime, zone: tzinfo, hours: MailHours) -> bool:
    """Whether mails may leave at this moment."""
    local = at.astimezone(zone)
    return _is_day(local.date(), hours) and hours.opens <= local.hour < hours.closes


def next_open(now: datetime, zone: tzinfo, hours: MailHours) -> datetime:
    """Now where mails may leave, else the moment, in UTC, from which they may again."""
    if is_open(now, zone, hours):
        return now
    return next(at for at in _begins(now, zone, hours) if at > now and is_open(at, zone, hours))


def openings(now: datetime, hours: MailHours) -> frozenset[datetime]:
    """The next moments at which somebody's hours begin who waits now, wherever they are."""
    found = {next_open(now, zone, hours) for zone in ANYWHERE}
    return frozenset(found - {now})


def last_leaves(
    start: datetime, sending: timedelta, zones: Sequence[tzinfo], hours: MailHours
) -> datetime:
    """When the last mail leaves at the latest, of sending that takes so long while it may."""
    if hours.are_all:
        return start + sending
    return max(_last(start, sending, zone, hours) for zone in zones or ANYWHERE)


def _last(start: datetime, left: timedelta, zone: tzinfo, hours: MailHours) -> datetime:
    days = 5 if hours.days is MailDays.WORKING else 7
    of_week = timedelta(hours=days * (hours.closes - hours.opens))
    weeks = max(0, left // of_week - 1)
    left -= weeks * of_week
    at = next_open(start + weeks * _WEEK, zone, hours)
    while (closes := end(at, zone, hours)) - at < left:
        left -= closes - at
        at = next_open(closes, zone, hours)
    return at + left


def end(at: datetime, zone: tzinfo, hours: MailHours) -> datetime:
    """When the hours end that are open at a moment; where clocks leave the end out, after one."""
    day = at.astimezone(zone).date() + (_DAY if hours.closes == 24 else timedelta())
    closes = _moment(day, hours.closes % 24, zone, fold=0)
    return max(closes, at + timedelta(minutes=1))


def _begins(now: datetime, zone: tzinfo, hours: MailHours) -> Iterator[datetime]:
    """Each day's beginning from today on; of a time that comes twice, both."""
    today = now.astimezone(zone).date()
    for ahead in range(_LONGEST):
        both = {_moment(today + ahead * _DAY, hours.opens, zone, fold=fold) for fold in (0, 1)}
        yield from sorted(both)


def _moment(day: date, hour: int, zone: tzinfo, *, fold: int) -> datetime:
    return datetime.combine(day, time(hour, fold=fold), zone).astimezone(UTC)


def _is_day(day: date, hours: MailHours) -> bool:
    return hours.days is MailDays.EVERY or day.weekday() < _WEEKEND

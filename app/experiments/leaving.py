"""When mails leave at the latest: at a rate, on the days of a warm-up, in people's hours.

Mails leave in the order of their waves. Whoever is to come may all live in one zone, so each zone
is walked alone and the latest moment counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from app.experiments import hours
from app.experiments.part_schemas import MailHours
from app.platform.warm_up import WarmUp

SENT_A_MINUTE = 1_000  # a guess where no rate is set; any server does it
_ABOUT_ANYWHERE = hours.ANYWHERE[::8]  # every two hours: days count here, and each is walked
_DAY, _HALF_A_YEAR = timedelta(days=1), timedelta(days=182)
# Nobody plans further: a warm-up that begins in another century was mistyped, and whoever
# looks at a page waits for no walk of that length. What is left then counts as leaving at once.
_WALKED_DAYS = 1_000


@dataclass(frozen=True, slots=True)
class KeptPace:
    """As a plan keeps it."""

    per_minute: float | None
    warm_up: str | None
    zone: str

    def read(self) -> "Pace":
        """The same again."""
        warming = WarmUp.read(self.warm_up) if self.warm_up else None
        return Pace(self.per_minute, warming, ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast mails leave: so many a minute, and on each day of a warm-up so many.

    `zone`: of these days. `gone`: how many left on `today` already. `ahead`: mails of others that
    wait, and may be taken before these.
    """

    per_minute: float | None = None
    warming: WarmUp | None = None
    zone: tzinfo = UTC
    today: date | None = None
    gone: int = 0
    ahead: int = 0

    def kept(self) -> "KeptPace":
        """What holds on any day."""
        return KeptPace(
            self.per_minute, self.warming.written if self.warming else None, str(self.zone)
        )

    def limit(self, at: datetime) -> int | None:
        """How many of all mails may leave on the day of a moment; None: as many as there are."""
        return self.warming.limit(self.day(at)) if self.warming else None

    def day(self, at: datetime) -> date:
        """The day of a moment."""
        return at.astimezone(self.zone).date()

    def minutes(self, mails: int) -> timedelta:
        """How long so many take while nothing else holds them up."""
        return timedelta(minutes=mails / (self.per_minute or SENT_A_MINUTE))

    def within(self, span: timedelta) -> int:
        """How many leave in so long."""
        return int(span.total_seconds() / 60 * (self.per_minute or SENT_A_MINUTE))


AT_ONCE = Pace()  # as fast as any server takes them
Part = tuple[datetime, int]  # not before then, so many mails


def lasts(
    parts: Sequence[Part], pace: Pace, zones: Sequence[tzinfo], mail_hours: MailHours
) -> list[datetime]:
    """When the last mail of each part leaves at the latest. `zones`: of people; none: anywhere."""
    if mail_hours.are_all:
        zones = (UTC,)
    elif pace.limit(parts[0][0]) is not None:
        zones = _apart(zones or _ABOUT_ANYWHERE, parts[0][0])
    each = [_in_zone(parts, pace, zone, mail_hours) for zone in zones or hours.ANYWHERE]
    return [max(moments) for moments in zip(*each, strict=True)]


def _apart(zones: Sequence[tzinfo], at: datetime) -> list[tzinfo]:
    """One of those whose clocks agree, in summer and in winter: a walk takes a step a day."""
    found = {
        (at.astimezone(zone).utcoffset(), (at + _HALF_A_YEAR).astimezone(zone).utcoffset()): zone
        for zone in zones
    }
    return [*found.values()]


def _in_zone(
    parts: Sequence[Part], pace: Pace, zone: tzinfo, mail_hours: MailHours
) -> list[datetime]:
    at, days, found = parts[0][0], _Days(pace, parts[0][0]), []
    for begins, mails in parts:
        at = _last(max(at, begins), mails, days, zone, mail_hours)
        found.append(at)
    return found


def _last(at: datetime, mails: int, days: "_Days", zone: tzinfo, mail_hours: MailHours) -> datetime:
    pace = days.pace
    while True:
        at = at if mail_hours.are_all else hours.next_open(at, zone, mail_hours)
        room = days.room(at)
        if room is None:
            return hours.last_leaves(at, pace.minutes(mails), (zone,), mail_hours)
        midnight = days.end
        end = midnight if mail_hours.are_all else min(midnight, hours.end(at, zone, mail_hours))
        some = min(mails, room, pace.within(end - at))
        days.take(some)
        mails -= some
        if not mails:
            return at + pace.minutes(some)
        at = midnight if some == room else end


class _Days:
    """What the days of a warm-up leave, one after another; others who wait are taken first."""

    def __init__(self, pace: Pace, start: datetime) -> None:
        self.pace = pace
        self._day = pace.today or pace.day(start)
        self._last = self._day + timedelta(days=_WALKED_DAYS)
        self._ahead = pace.ahead
        self._room: int | None
        self._begin(pace.gone)

    def room(self, at: datetime) -> int | None:
        """How many may leave on the day of a moment; None: as many as there are."""
        day = self.pace.day(at)
        while self._day < day and self._room is not None:
            self._day += _DAY
            self._begin(0)
        if self._day > self._last:
            self._room = None
        return self._room

    def take(self, mails: int) -> None:
        """So many leave."""
        assert self._room is not None
        self._room -= mails

    def _begin(self, gone: int) -> None:
        limit = self.pace.warming.limit(self._day) if self.pace.warming else None
        self._room = None if limit is None else max(0, limit - gone)
        if self._room is not None:
            others = min(self._ahead, self._room)
            self._ahead -= others
            self._room -= others

    @property
    def end(self) -> datetime:
        """When the day is over."""
        return datetime.combine(self._day + _DAY, time(), self.pace.zone).astimezone(UTC)

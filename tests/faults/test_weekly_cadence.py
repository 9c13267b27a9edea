"""Ten years of weeks in every time zone (F7): whoever looks every few hours runs once a week."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from app.platform.weekly import WeekTime, latest

_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
_HOURS = 11  # between two looks: no hour of the day is always met
_WHEN = (
    WeekTime(6, time(2, 30)),
    WeekTime(0, time(0)),
)  # in hours that clocks leave out or go through twice


def test_whatever_the_zone_there_is_one_run_a_week(full: bool):
    zones = sorted(available_timezones())[:: 1 if full else 40]
    wrong: dict[str, list[timedelta]] = {}
    total = 0
    for zone in zones:
        for when in _WHEN:
            runs = list(_runs(when, ZoneInfo(zone)))
            total += len(runs)
            apart = [later - one for one, later in itertools.pairwise(runs)]
            strange = [gap for gap in apart if abs(gap - timedelta(days=7)) > timedelta(hours=30)]
            wrong |= {f"{zone} {when.at}": strange} if strange else {}
    print(f"F7: {len(zones)} zones, {total} runs, not a week apart: {wrong}")

    assert wrong == {}


def _runs(when: WeekTime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments for which somebody who looks every few hours runs."""
    now, last = _FROM, latest(when, zone=zone, now=_FROM)
    while now < _UNTIL:
        now += timedelta(hours=_HOURS)
        due = latest(when, zone=zone, now=now)
        if due != last:
            yield due.astimezone(UTC)
        last = due

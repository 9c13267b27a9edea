from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from app.allocation.calendar import Schedule, instant, weeks_due
from app.platform.errors import Invalid
from app.platform.iso_weeks import monday_of, week_of
from app.platform.weekly import WeekTime

OSLO = ZoneInfo("Europe/Oslo")
FRIDAY = datetime(2026, 11, 20, 13, tzinfo=UTC)  # 14:00 in Oslo
WEEK = timedelta(weeks=1)
ZONES = ("UTC", "Europe/Oslo", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe")
DAYS_OF_NOTE = (
    date(2026, 12, 31),  # of a year with a week 53
    date(2027, 1, 1),
    date(2028, 2, 29),
    date(2026, 3, 29),  # the clocks of Europe change
    date(2026, 10, 25),
    date(2026, 11, 1),  # those of New York
)


def due(last: str | None, now: datetime) -> list[str]:
    return weeks_due(last, now=now, schedule=Schedule(), zone=OSLO)


@pytest.mark.parametrize("part", range(8))
def test_every_zone_opens_once_a_week_for_ten_years(part: int):
    opens = Schedule().opens
    first = datetime(2016, 1, 4, tzinfo=UTC).date()
    weeks = [week_of(first + number * WEEK) for number in range(522)]
    for name in sorted(available_timezones())[part::8]:
        zone = ZoneInfo(name)
        at = [instant(week, opens, zone) for week in weeks]
        gaps = {after - before for before, after in pairwise(at)}

        assert all(WEEK - timedelta(hours=25) < gap < WEEK + timedelta(hours=25) for gap in gaps)
        assert [week_of(moment.astimezone(zone).date()) for moment in at] == weeks


def test_a_worker_that_looks_every_seven_hours_opens_each_week_once():
    opened: list[str] = []
    for step in range(0, 24 * 365 * 2, 7):
        opened += due(opened[-1] if opened else None, FRIDAY + timedelta(hours=step))

    assert opened == sorted(set(opened))
    assert len(opened) == 105


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("first", DAYS_OF_NOTE)
def test_a_week_opens_once_around_days_of_note(first: date, day: int, name: str):
    zone = ZoneInfo(name)
    schedule = Schedule(
        WeekTime(day, time(2, 30)), WeekTime(day + 3, time(9)), WeekTime(day + 3, time(10))
    )
    began = datetime.combine(first - timedelta(days=17), time(), UTC)
    opened: list[str] = []
    for hours in range(0, 24 * 35, 5):
        now = began + timedelta(hours=hours)
        opened += weeks_due(
            opened[-1] if opened else "2000-W01", now=now, schedule=schedule, zone=zone
        )

    weeks = [week_of(monday_of(opened[0]) + number * WEEK) for number in range(len(opened))]
    assert opened == weeks
    assert len(opened) in {5, 6}


def test_a_week_opens_at_two_on_friday():
    assert due("2026-W46", FRIDAY - timedelta(seconds=1)) == []
    assert due("2026-W46", FRIDAY) == ["2026-W47"]


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), timedelta(days=6)])
def test_a_clock_that_goes_back_opens_nothing_twice(jump: timedelta):
    assert due("2026-W47", FRIDAY - jump) == []


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), timedelta(days=8)])
def test_a_clock_that_goes_forward_skips_no_week_that_can_be_answered(jump: timedelta):
    assert due("2026-W46", FRIDAY + jump) == ["2026-W48" if jump.days > 7 else "2026-W47"]


@pytest.mark.parametrize("last", [None, "2026-W40"])
@pytest.mark.parametrize("days", range(3, 7))  # from Monday on, 10:00 having passed
def test_a_week_that_has_closed_is_not_opened(last: str | None, days: int):
    assert due(last, FRIDAY + timedelta(days=days)) == []


def test_the_first_opening_is_the_newest_week_alone():
    assert due(None, FRIDAY + timedelta(days=1)) == ["2026-W47"]


def test_a_long_year_has_a_week_53():
    assert monday_of("2026-W53").isoformat() == "2026-12-28"


@pytest.mark.parametrize("week", ["2025-W53", "2026-W00", "2026W47", "soon", "2026-W4", ""])
def test_what_is_no_week_is_refused(week: str):
    with pytest.raises(Invalid):
        monday_of(week)

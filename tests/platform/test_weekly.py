from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from app.platform.weekly import latest, parsed

OSLO = ZoneInfo("Europe/Oslo")


def test_the_wall_clock_decides_in_summer_and_in_winter():
    summer = latest(0, time(8), zone=OSLO, now=datetime(2026, 7, 6, 12, tzinfo=UTC))
    winter = latest(0, time(8), zone=OSLO, now=datetime(2026, 12, 7, 12, tzinfo=UTC))

    assert summer.at.astimezone(UTC).hour == 6
    assert winter.at.astimezone(UTC).hour == 7


def test_before_its_time_the_week_before_is_the_latest():
    moment = latest(0, time(8), zone=OSLO, now=datetime(2026, 11, 23, 6, 59, tzinfo=UTC))

    assert moment.week == "2026-W47"


def test_the_year_of_a_week_is_that_of_its_thursday():
    moment = latest(4, time(9), zone=OSLO, now=datetime(2027, 1, 1, 12, tzinfo=UTC))

    assert moment.week == "2026-W53"


def test_a_day_and_a_time_are_read():
    assert parsed("friday 16:30") == (4, time(16, 30))

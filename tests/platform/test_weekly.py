from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platform.weekly import WeekTime, latest, week_time_of, written

OSLO = ZoneInfo("Europe/Oslo")


def test_the_wall_clock_decides_in_summer_and_in_winter():
    summer = latest(WeekTime(0, time(8)), zone=OSLO, now=datetime(2026, 7, 6, 12, tzinfo=UTC))
    winter = latest(WeekTime(0, time(8)), zone=OSLO, now=datetime(2026, 12, 7, 12, tzinfo=UTC))

    assert summer.astimezone(UTC).hour == 6
    assert winter.astimezone(UTC).hour == 7


def test_before_its_time_the_week_before_is_the_latest():
    moment = latest(WeekTime(0, time(8)), zone=OSLO, now=datetime(2026, 11, 23, 6, 59, tzinfo=UTC))

    assert moment == datetime(2026, 11, 16, 7, tzinfo=UTC)


@given(
    st.integers(0, 6),
    st.times(),
    st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    st.datetimes(datetime(2019, 1, 1), datetime(2033, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_it_is_the_last_one_whatever_the_zone(
    weekday: int, at: time, zone: ZoneInfo, now: datetime
):
    moment = latest(WeekTime(weekday, at), zone=zone, now=now)
    after = latest(
        WeekTime(weekday, at), zone=zone, now=moment.astimezone(UTC) + timedelta(days=8, hours=2)
    )

    assert moment <= now < after
    assert moment.astimezone(zone).weekday() in {weekday, (weekday + 1) % 7}  # past a jump
    assert latest(WeekTime(weekday, at), zone=zone, now=moment.astimezone(UTC)) == moment


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("friday 14:00", WeekTime(4, time(14))),
        ("next monday 09:00", WeekTime(7, time(9))),
        ("Next Friday 09:30", WeekTime(11, time(9, 30))),
    ],
)
def test_a_time_of_the_week_is_written_and_read(text: str, when: WeekTime):
    assert week_time_of(text) == when
    assert written(when) == text.lower()

"""The hours in which mails leave: on days when clocks change, at the ends of each range."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.experiments import hours
from app.experiments.part_schemas import MailHours
from app.experiments.vocabulary import MailDays
from tests.experiments.scenes import draft

STEP = timedelta(minutes=15)
OSLO = ZoneInfo("Europe/Oslo")
OFFICE = MailHours(opens=8, closes=18, days=MailDays.WORKING)
# Each begins two days before clocks change there, or a day is left out; some by half an hour.
CHANGES = [
    ("Europe/Oslo", "2027-03-26"),
    ("Europe/Oslo", "2027-10-29"),
    ("America/New_York", "2027-03-12"),
    ("America/New_York", "2027-11-05"),
    ("Australia/Lord_Howe", "2027-04-02"),
    ("Australia/Lord_Howe", "2027-10-01"),
    ("America/Havana", "2027-03-12"),
    ("Africa/Cairo", "2027-04-28"),
    ("Pacific/Apia", "2011-12-28"),
    ("Asia/Kathmandu", "2027-01-01"),
]
DAILY = [MailHours(opens=a, closes=b) for a, b in [(0, 1), (1, 3), (2, 3), (8, 18), (23, 24)]]


def steps(begin: str) -> Iterator[datetime]:
    at = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    for number in range(5 * 24 * 4):
        yield at + number * STEP


@pytest.mark.parametrize(("zone", "begin"), CHANGES)
def test_the_next_opening_is_the_first_moment_that_is_open(zone: str, begin: str):
    """Walked back over five days, a quarter of an hour at a time: no quarter before it is open."""
    for mail_hours in DAILY:
        first: datetime | None = None
        for at in reversed([*steps(begin)]):
            if hours.is_open(at, ZoneInfo(zone), mail_hours):
                first = at
            if first is not None and at.minute % 30 == 0:
                assert hours.next_open(at, ZoneInfo(zone), mail_hours) == first


@given(
    at=st.datetimes(
        datetime(1970, 1, 1),  # noqa: DTZ001
        datetime(2199, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    zone=st.sampled_from([UTC, OSLO, ZoneInfo("America/St_Johns"), *hours.ANYWHERE[::20]]),
    opens=st.integers(0, 23),
    more=st.integers(1, 24),
    days=st.sampled_from(MailDays),
)
def test_it_is_open_then_and_within_four_days(
    at: datetime, zone: tzinfo, opens: int, more: int, days: MailDays
):
    mail_hours = MailHours(opens=opens, closes=min(24, opens + more), days=days)
    now = at

    found = hours.next_open(now, zone, mail_hours)

    assert hours.is_open(found, zone, mail_hours)
    assert timedelta() <= found - now <= timedelta(days=4, hours=1)
    assert (found == now) == hours.is_open(now, zone, mail_hours)
    assert hours.next_open(found, zone, mail_hours) == found


def at(day: str, zone: tzinfo = OSLO) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-27T07:59:59", "2026-11-27T08:00"),
        ("2026-11-27T08:00", "2026-11-27T08:00"),
        ("2026-11-27T17:59:59", "2026-11-27T17:59:59"),
        ("2026-11-27T18:00", "2026-11-30T08:00"),
        ("2026-11-29T12:00", "2026-11-30T08:00"),
    ],
)
def test_hours_begin_and_end_on_the_hour_and_pass_over_a_weekend(now: str, then: str):
    assert hours.next_open(at(now), OSLO, OFFICE) == at(then)


def test_hours_that_clocks_leave_out_begin_on_the_day_after():
    night = MailHours(opens=2, closes=3)

    assert hours.next_open(at("2027-03-28T00:30"), OSLO, night) == at("2027-03-29T02:00")
    wide = MailHours(opens=2, closes=5)
    assert hours.next_open(at("2027-03-28T00:30"), OSLO, wide) == at("2027-03-28T03:00")


@pytest.mark.parametrize(("day", "long"), [("2027-03-28", 23), ("2027-10-31", 25)])
def test_over_the_whole_day_nobody_ever_waits(day: str, long: int):
    every = MailHours()
    at_all = [at(day).astimezone(UTC) + timedelta(hours=number) for number in range(long)]

    assert every.are_all
    assert [hours.next_open(one, OSLO, every) for one in at_all] == at_all
    assert hours.openings(at_all[0], every) == frozenset()


def test_the_last_mail_leaves_when_hours_and_pace_let_it():
    def last(start: str, sending: float, *zones: tzinfo, of: MailHours = OFFICE) -> datetime:
        return hours.last_leaves(at(start), timedelta(hours=sending), zones or (OSLO,), of)

    assert last("2026-11-25T09:00", 2) == at("2026-11-25T11:00")
    assert last("2026-11-25T17:00", 1) == at("2026-11-25T18:00")
    assert last("2026-11-25T17:00", 2) == at("2026-11-26T09:00")
    assert last("2026-11-27T17:00", 12) == at("2026-12-01T09:00")
    assert last("2026-11-25T17:00", 100) == at("2026-12-09T17:00")
    assert last("2026-11-25T17:00", 100, of=MailHours()) == at("2026-11-29T21:00")
    new_york = ZoneInfo("America/New_York")
    assert last("2026-11-25T09:00", 2, OSLO, new_york) == at("2026-11-25T10:00", new_york)
    anywhere = hours.last_leaves(at("2026-11-25T09:00"), timedelta(), (), OFFICE)
    assert anywhere == at("2026-11-26T08:00", timezone(timedelta(hours=10)))  # its day is just over


def test_everybody_who_waits_is_due_at_one_of_the_openings():
    now = at("2026-11-27T21:10")
    found = hours.openings(now, OFFICE)

    for zone in ("Pacific/Auckland", "Asia/Kolkata", "America/St_Johns", "Europe/Oslo"):
        then = hours.next_open(now, ZoneInfo(zone), OFFICE)
        assert (then in found) == (then != now)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"opens": 8, "closes": 8}, "closes"),
        ({"opens": 18, "closes": 8}, "closes"),
        ({"opens": -1}, "opens"),
        ({"opens": 24}, "opens"),
        ({"closes": 0}, "closes"),
        ({"closes": 25}, "closes"),
        ({"days": "sunday"}, "days"),
        ({"zone_column": 'a"b'}, "zone_column"),
    ],
)
def test_hours_of_no_day_are_refused_at_their_field(said: dict[str, object], field: str):
    with pytest.raises(ValidationError) as refused:
        draft(hours=said)

    assert [one["loc"] for one in refused.value.errors()] == [("hours", field)]


def test_every_pair_of_hours_of_a_day_is_taken():
    taken = [MailHours(opens=a, closes=b) for a, b in product(range(24), range(1, 25)) if a < b]

    assert len(taken) == 300
    assert [one for one in taken if one.are_all] == [MailHours()]

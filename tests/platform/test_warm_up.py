"""A daily limit that rises: what it lets leave on each day, and when the last mail does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.platform import config
from app.platform.config import BadSettings, Settings
from app.platform.warm_up import WarmUp

NOON = datetime(2026, 12, 3, 12, tzinfo=UTC)
FIRST = WarmUp.read("2026-12-01 50 1.5")


def test_it_begins_small_and_rises_until_it_is_over():
    days = [FIRST.begins + timedelta(days=number) for number in (-9, 0, 1, 2, 3, 24, 25)]

    assert [FIRST.limit(day) for day in days] == [50, 50, 75, 112, 168, 841_705, None]


@given(
    some.integers(1, 1_000_000),
    some.floats(1.01, 10),
    some.integers(0, 40),
    some.integers(0, 10**7),
)
def test_the_last_day_is_the_first_by_which_all_may_have_left(
    first: int, factor: float, since: int, mails: int
):
    warming = WarmUp(NOON.date() - timedelta(days=since), first, factor)
    left = warming.limit(NOON.date()) or 0
    last = warming.last_day(mails, today=NOON.date(), left=left)

    days = [NOON.date() + timedelta(days=n) for n in range((last - NOON.date()).days + 1)]
    limits = [warming.limit(day) for day in days]
    before = left + sum(limit or 0 for limit in limits[1:-1]) if len(days) > 1 else 0
    assert mails > before or mails == 0 or len(days) == 1
    assert limits[-1] is None or left + sum(limit or 0 for limit in limits[1:]) >= mails
    assert all(one <= other for one, other in pairwise(limits) if one and other)


@pytest.mark.parametrize(
    "written",
    ["50", "2026-12-01 50", "2026-12-01 0 2", "2026-12-01 50 1", "2026-12-01 50 nan", "x 50 2",
     "2026-12-01 50 11", "2026-13-01 50 2", "1900-01-01 50 2", "2026-12-01 2000000 2",
     "2026-12-01 50 1.5 3"],
)  # fmt: skip
def test_what_is_no_warm_up_is_refused_with_how_it_is_written(written: str):
    with pytest.raises(BadSettings, match=r"2026-12-01 50 1\.5"):
        config.load(warm_up=written)


def test_a_plan_reckons_with_days():
    settings = Settings(warm_up="2026-12-01 50 1.5", mail_rates="600")

    def pace(people: int) -> float | None:
        return settings.pace_of(None, people, now=NOON, zone=UTC)

    assert pace(112) == 600  # all leave today
    assert pace(113) == pytest.approx(113 / (24 * 60))  # the last tomorrow
    assert pace(112 + 168 + 1) == pytest.approx(281 / (2 * 24 * 60))
    assert Settings().pace_of(None, 5_000, now=NOON, zone=UTC) is None
    assert Settings().pace_of(60, 5_000, now=NOON, zone=UTC) == 60

"""No minute has more mails than a rate allows, wherever it begins, whoever draws."""

from collections import deque
from datetime import timedelta

import pytest

from app.delivery import rate_store, rates
from app.delivery.rates import Bucket
from app.platform.db import Database
from tests.delivery.scenes import NOW


def drawn(rate: int, *, every: float, minutes: int = 5) -> list[float]:
    """When mails left, where whoever sends asks so often and takes all there is."""
    bucket, left, seconds = None, [], 0.0
    while seconds < minutes * 60:
        now = NOW + timedelta(seconds=seconds)
        held = rates.filled(bucket, rate, now=now)
        got = int(held.tokens + 1e-6)
        left += [seconds] * got
        bucket = Bucket(held.tokens - got, now)
        seconds += every
    return left


@pytest.mark.parametrize("rate", [1, 7, 29, 30, 60, 100, 119, 1_000])
@pytest.mark.parametrize("every", [0.05, 0.7, 1.0, 4.0, 61.0])
def test_no_minute_has_more_than_were_allowed(rate: int, every: float):
    left = drawn(rate, every=every)
    within: deque[float] = deque()
    for at in left:
        within.append(at)
        while at - within[0] >= 60 - 1e-6:
            within.popleft()
        assert len(within) <= rate
    if every == 0.05:
        assert len(left) >= 5 * rate * 0.95 - 1


def test_a_clock_that_is_set_back_gives_nothing_and_goes_on_from_there():
    empty = Bucket(0.0, NOW)

    back = rates.filled(empty, 6, now=NOW - timedelta(hours=1))

    assert back.tokens == 0
    assert rates.filled(back, 6, now=back.at + timedelta(seconds=10)).tokens == 1
    assert rates.seconds_until_one(empty, 6) == 10
    assert rates.seconds_until_one(Bucket(1.0, NOW), 6) == 0


def test_all_who_draw_share_one_bucket_and_what_is_not_needed_comes_back(database: Database):
    with database.write() as session:
        first, _ = rate_store.take(session, "relay:a", 600, 15, now=NOW)
    with database.write() as session:
        second, seconds = rate_store.take(session, "relay:a", 600, 15, now=NOW)
        other, _ = rate_store.take(session, "relay:b", 600, 8, now=NOW)
    with database.write() as session:
        rate_store.give_back(session, {"relay:a": (600, 3)}, now=NOW)
        third, _ = rate_store.take(session, "relay:a", 600, 8, now=NOW)

    assert (first, second, other, third) == (15, 6, 8, 3)
    assert 0 < seconds < 0.2

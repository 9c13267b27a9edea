"""A daily limit that rises: what it lets leave on each day, and when the last mail does."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from app.platform import config
from app.platform.config import BadSettings, Settings
from app.platform.warm_up import WarmUp

FIRST = WarmUp.read("2026-12-01 50 1.5")


def test_it_begins_small_and_rises_until_it_is_over():
    days = [FIRST.begins + timedelta(days=number) for number in (-9, 0, 1, 2, 3, 24, 25)]

    assert [FIRST.limit(day) for day in days] == [50, 50, 75, 112, 168, 841_705, None]


@given(some.dates(), some.integers(1, 1_000_000), some.floats(1.01, 10), some.integers(0, 2_000))
def test_it_never_falls_ends_for_good_and_reads_what_it_writes(
    begins: date, first: int, factor: float, days: int
):
    warming = WarmUp(max(begins, date(1970, 1, 1)), first, factor)
    assume(warming.begins.year < 2190)
    limits = [warming.limit(warming.begins + timedelta(days=n)) for n in range(days, days + 3)]

    assert all(limit is None or first <= limit <= 1_000_000 for limit in limits)
    assert all(
        other is None or (one is not None and one <= other) for one, other in pairwise(limits)
    )
    assert WarmUp.read(warming.written) == warming


@pytest.mark.parametrize(
    "written",
    ["50", "2026-12-01 50", "2026-12-01 0 2", "2026-12-01 50 1", "2026-12-01 50 nan", "x 50 2",
     "2026-12-01 50 11", "2026-13-01 50 2", "1900-01-01 50 2", "2026-12-01 2000000 2",
     "2026-12-01 50 1.5 3"],
)  # fmt: skip
def test_what_is_no_warm_up_is_refused_with_how_it_is_written(written: str):
    with pytest.raises(BadSettings, match=r"2026-12-01 50 1\.5"):
        config.load(warm_up=written)


def test_a_rehearsal_warms_nothing_up():
    assert Settings(warm_up="2026-12-01 50 1.5").warming is None
    assert Settings(warm_up="2026-12-01 50 1.5", mail="smtp://mx.example").warming == FIRST
    assert Settings(warm_up="2026-12-01 50 1.5", demo=True).warming == FIRST

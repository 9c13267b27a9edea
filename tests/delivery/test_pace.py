"""The pace falls to what a server takes and rises again, for limits of every size."""

import pytest

from app.delivery.pace import UNLIMITED, Pace
from app.delivery.replies import Meaning


def minutes_of(limit: int | None, people: int, *, pace: Pace) -> tuple[int, int]:
    """(minutes, refusals) until everybody has had their mail of a server with that limit."""
    left, refused, seconds, in_minute, minute = people, 0, 0.0, 0, 0
    while left:
        if int(seconds // 60) != minute:
            minute, in_minute = int(seconds // 60), 0
        heard = []
        for _ in range(min(pace.room(ticks=seconds), left)):
            if limit is not None and in_minute >= limit:
                heard.append(Meaning.LIMIT)
                break
            heard.append(Meaning.ACCEPTED)
            in_minute += 1
        left -= heard.count(Meaning.ACCEPTED)
        refused += heard.count(Meaning.LIMIT)
        pace.hear(heard, ticks=seconds)
        seconds += 0.5
    return minute + 1, refused


@pytest.mark.parametrize("limit", [1, 3, 10, 60, 500])
def test_it_falls_to_what_is_taken_and_uses_most_of_it(limit: int):
    minutes, refused = minutes_of(limit, limit * 30, pace=Pace())

    assert minutes <= 30 * 1.7 + 2
    assert refused <= minutes


def test_it_rises_again_when_the_limit_is_gone():
    pace = Pace(10.0)
    minutes_of(None, 2_000, pace=pace)

    assert pace.per_minute is None or pace.per_minute > 60


def test_a_server_without_a_limit_is_never_slowed():
    pace = Pace()

    assert minutes_of(None, 5_000, pace=pace) == (1, 0)
    assert pace.room(ticks=0) == UNLIMITED


def test_greylisting_is_no_limit():
    pace = Pace()
    pace.hear([Meaning.LATER] * 40, ticks=1)

    assert pace.per_minute is None


def test_a_server_that_takes_nothing_is_asked_ever_more_rarely():
    pace, tried, seconds = Pace(), [], 0.0
    while seconds < 3_600:
        if pace.room(ticks=seconds):
            tried.append(seconds)
            pace.hear([Meaning.LIMIT], ticks=seconds)
        seconds += 1

    assert len(tried) <= 16

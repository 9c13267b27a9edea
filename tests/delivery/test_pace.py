"""The pace falls to what a server takes and rises again, for limits of every size."""

import random

import pytest

from app.delivery.pace import FEWEST, MOST, Pace
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
    assert pace.room(ticks=0) == MOST


@pytest.mark.parametrize(
    ("meaning", "seconds", "batches", "expected"),
    [
        (Meaning.ACCEPTED, 0.1, 1, 2 * FEWEST),
        (Meaning.ACCEPTED, 0.1, 9, MOST),
        (Meaning.ACCEPTED, 0.7, 9, FEWEST),
        (Meaning.LATER, 0.1, 9, FEWEST),
    ],
)
def test_more_are_held_at_a_time_only_where_they_leave_at_once(
    meaning: Meaning, seconds: float, batches: int, expected: int
):
    pace = Pace()
    for batch in range(batches):
        pace.hear([meaning] * pace.room(ticks=batch), ticks=batch, seconds=seconds)

    assert pace.room(ticks=batches) == expected


def test_fewer_are_held_again_where_a_server_grows_slow():
    pace = Pace()
    for batch, seconds in enumerate([0.1] * 3 + [2.0] * 9):
        pace.hear([Meaning.ACCEPTED] * pace.room(ticks=batch), ticks=batch, seconds=seconds)

    assert pace.room(ticks=12) == FEWEST


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


def minutes_of_a_mix(share: float, people: int, *, pace: Pace, seed: int) -> int:
    """Minutes until everybody was tried by a server that puts off that share, however slowly."""
    lot, left, seconds = random.Random(seed), people, 0.0
    while left:
        tried = min(pace.room(ticks=seconds), left)
        left -= tried
        heard = [Meaning.LATER if lot.random() < share else Meaning.ACCEPTED for _ in range(tried)]
        pace.hear(heard, ticks=seconds)
        seconds += 0.5
    return int(seconds // 60) + 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.6, 0.75, 0.9])
def test_people_put_off_for_reasons_of_their_own_slow_nobody_for_long(share: float, seed: int):
    assert minutes_of_a_mix(share, 5_000, pace=Pace(), seed=seed) <= 15


def minutes_of_an_unnamed_limit(limit: int, people: int, *, pace: Pace) -> tuple[int, int]:
    """(minutes, put off) of a server that says no more than "later" past so many a minute."""
    left, put_off, seconds, in_minute, minute = people, 0, 0.0, 0, 0
    while left:
        if int(seconds // 60) != minute:
            minute, in_minute = int(seconds // 60), 0
        heard = []
        for _ in range(min(pace.room(ticks=seconds), left)):
            heard.append(Meaning.ACCEPTED if in_minute < limit else Meaning.LATER)
            in_minute += 1
        left -= heard.count(Meaning.ACCEPTED)
        put_off += heard.count(Meaning.LATER)
        pace.hear(heard, ticks=seconds)
        seconds += 0.5
    return minute + 1, put_off


@pytest.mark.parametrize("limit", [5, 10, 30, 60, 200])
def test_a_limit_that_nobody_names_is_found_and_kept_to(limit: int):
    pace = Pace()
    minutes, put_off = minutes_of_an_unnamed_limit(limit, limit * 30, pace=pace)

    assert pace.per_minute is not None
    assert pace.per_minute <= limit * 2
    assert minutes <= 30 * 1.7 + 3
    assert put_off <= limit * 30  # no more than were taken: each is tried about twice at most


def test_a_guess_is_kept_only_once_it_has_shown_that_it_helps():
    pace = Pace()
    stopped = [Meaning.ACCEPTED] * 5 + [Meaning.LATER] * 20
    kept = [pace.hear(stopped, ticks=1)]
    guessed = pace.per_minute
    mixed = [Meaning.ACCEPTED] + [Meaning.LATER] * 3
    kept += [pace.hear(mixed, ticks=40 * n) for n in range(1, 6)]

    assert guessed == 5
    assert (kept, pace.per_minute) == ([False] * 6, None)

"""The smallest difference that a comparison tells: what it promises is kept."""

import numpy as np
import pytest

from app.stats.checks import NotEnoughData
from app.stats.rate_power import hits_called, hits_needed, people_for_rise, smallest_rise
from app.stats.two_arm import Arm, compare


def told(
    arms: tuple[int, int], rates: tuple[float, float], runs: int, rng: np.random.Generator
) -> float:
    """How often, of so many runs, a comparison of 95 % says that the first arm is better."""
    drawn = np.stack([rng.binomial(arms[at], rates[at], runs) for at in (0, 1)])
    counts, times = np.unique(drawn, axis=1, return_counts=True)
    said = [
        compare(Arm(arms[0], hits), Arm(arms[1], base_hits), confidence=0.95, mde=0.5).low > 0
        for hits, base_hits in counts.T.tolist()
    ]
    return float(np.array(said) @ times / runs)


@pytest.mark.parametrize(("people", "base_people"), [(900, 100), (100, 900), (500, 500)])
def test_the_difference_is_told_four_times_in_five(people: int, base_people: int):
    rise = smallest_rise(people, base_people, base_rate=0.1, confidence=0.95)
    rng = np.random.default_rng([people, base_people])

    got = told((people, base_people), (0.1 + rise, 0.1), 4_000, rng)

    assert got == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("people", "base_people"), [(90, 10), (10, 90), (25, 25)])
def test_of_few_people_a_call_says_better_from_the_count_that_was_planned_with(
    people: int, base_people: int
):
    base_hits = np.arange(4.0)
    needed = hits_called(people, base_people, base_hits, confidence=0.95)

    for base, hits in zip(map(int, base_hits), map(int, needed), strict=True):
        said = compare(
            Arm(people, min(hits, people)), Arm(base_people, base), confidence=0.95, mde=0.02
        )
        assert (said.low > 0) == (hits <= people)
    assert (needed >= hits_needed(people, base_people, base_hits, critical=1.959964)).all()


@pytest.mark.parametrize(
    ("people", "base_people", "rate"), [(160, 40, 0.005), (190, 10, 0.02), (10, 190, 0.005)]
)
def test_where_cells_are_sparse_the_rise_is_told_four_times_in_five_by_the_call_itself(
    people: int, base_people: int, rate: float
):
    rise = smallest_rise(people, base_people, base_rate=rate, confidence=0.95)
    rng = np.random.default_rng([people, base_people])

    got = told((people, base_people), (rate + rise, rate), 2_000, rng)

    assert got == pytest.approx(0.8, abs=0.04)


def test_a_rule_that_is_read_oftener_asks_for_more():
    once, often = (
        smallest_rise(900, 100, base_rate=0.1, confidence=0.95, times=times) for times in (1, 1.02)
    )

    assert once < often < 1.1 * once


def test_too_few_people_are_refused():
    with pytest.raises(NotEnoughData, match="too few"):
        smallest_rise(2, 2, base_rate=0.5, confidence=0.95)
    with pytest.raises(ValueError, match="base_rate"):
        smallest_rise(20, 20, base_rate=0.0, confidence=0.95)


@pytest.mark.parametrize(("rise", "share"), [(0.02, 0.5), (0.05, 0.9), (0.3, 0.5)])
def test_so_many_people_see_just_that_rise(rise: float, share: float):
    everybody = people_for_rise(rise, (share, 1 - share), base_rate=0.1, confidence=0.95)
    people = int(everybody * share)

    seen = smallest_rise(people, everybody - people, base_rate=0.1, confidence=0.95)

    assert seen == pytest.approx(rise, rel=0.05)


def test_more_looks_take_more_people_and_too_many_are_refused():
    once, often = (
        people_for_rise(0.05, (0.5, 0.5), base_rate=0.1, confidence=0.95, times=times)
        for times in (1, 1.1)
    )

    assert often == pytest.approx(once * 1.21, rel=0.02)
    with pytest.raises(NotEnoughData, match="more than 10,000,000"):
        people_for_rise(1e-4, (0.5, 0.5), base_rate=0.5, confidence=0.95)
    with pytest.raises(ValueError, match="rise"):
        people_for_rise(0.5, (0.5, 0.5), base_rate=0.5, confidence=0.95)

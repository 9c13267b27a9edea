"""Does a lead fade? A second derivation, simulation, refusals."""

import numpy as np
import pytest

from app.stats.checks import NotEnoughData
from app.stats.fading import Timed, hazard_trend, value_trend


def by_partial_likelihood(hits: list[int], base_hits: list[int], n: int, m: int) -> float:
    """z of a trend in Cox's model without ties, from the likelihood itself."""
    events = []
    for ours, theirs in zip(hits, base_hits, strict=True):
        events += [(1, n, m)] * ours + [(0, n, m)] * theirs
        n, m = n - ours, m - theirs
    times = np.arange(1, len(events) + 1)
    arm, own, other = (np.array(side, dtype=float) for side in zip(*events, strict=True))

    def score(beta: float) -> float:
        share = np.exp(beta) * own / (np.exp(beta) * own + other)
        return float((arm - share).sum())

    low, high = -20.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > 0 else (low, middle)
    share = np.exp(low) * own / (np.exp(low) * own + other)
    spread = share * (1 - share)
    variance = (times**2 * spread).sum() - (times * spread).sum() ** 2 / spread.sum()
    return float((times * (arm - share)).sum() / np.sqrt(variance))


def test_without_ties_it_is_the_score_test_of_coxs_model():
    rng = np.random.default_rng(2)
    arm = rng.random(60) < 0.6
    hits, base_hits = arm.astype(int).tolist(), (~arm).astype(int).tolist()

    got = hazard_trend(hits, base_hits, people=300, base_people=200)
    assert got.z == pytest.approx(by_partial_likelihood(hits, base_hits, 300, 200), abs=1e-6)


def first_hits(rng: np.random.Generator, people: int, chances: np.ndarray) -> list[int]:
    left, found = people, []
    for chance in chances:
        found.append(int(rng.binomial(left, chance)))
        left -= found[-1]
    return found


@pytest.mark.parametrize(("people", "base_people"), [(2_000, 2_000), (3_600, 400)])
def test_a_constant_lead_is_hardly_ever_said_to_fade(people: int, base_people: int):
    rng, fades, runs = np.random.default_rng([people, 1]), 0, 400
    falling = 0.02 * np.exp(-np.arange(72) / 12)
    for _ in range(runs):
        hits = first_hits(rng, people, 1.5 * falling)
        base_hits = first_hits(rng, base_people, falling)
        got = hazard_trend(hits, base_hits, people=people, base_people=base_people)
        fades += got.speaks and got.z < 0

    assert fades / runs <= 0.025 + 3 * (0.025 / runs) ** 0.5


def test_a_lead_that_is_gone_after_a_day_is_found():
    rng, found = np.random.default_rng(4), 0
    falling = 0.01 * np.exp(-np.arange(72) / 24)
    first_day = np.where(np.arange(72) < 24, 1.8, 1.0)
    for _ in range(100):
        hits, base_hits = (first_hits(rng, 2_000, one) for one in (first_day * falling, falling))
        got = hazard_trend(hits, base_hits, people=2_000, base_people=2_000)
        found += got.speaks and got.z < 0

    assert found > 40


def test_too_few_or_impossible_hits_are_refused():
    with pytest.raises(NotEnoughData, match="10 people"):
        hazard_trend([9], [20], people=100, base_people=100)
    with pytest.raises(NotEnoughData, match="same hour"):
        hazard_trend([20], [20], people=100, base_people=100)
    with pytest.raises(ValueError, match="same hours"):
        hazard_trend([20, 1], [20], people=100, base_people=100)
    with pytest.raises(ValueError, match="more hits"):
        hazard_trend([20], [20], people=10, base_people=100)


def spent(rng: np.random.Generator, people: int, *, share: float, late: float = 0.0) -> Timed:
    """Somebody brings several values of uneven size, most of them early in the window."""
    buyers = int(rng.binomial(people, share))
    orders = 1 + rng.poisson(1, buyers)
    who = np.repeat(np.arange(buyers), orders)
    decay = 3.0 - late
    at = -np.log(1 - rng.random(len(who)) * (1 - np.exp(-decay))) / decay
    value = np.repeat(rng.lognormal(0, 0.75, buyers), orders) * rng.lognormal(0, 1.07, len(who))
    whole, timed = np.bincount(who, value, buyers), np.bincount(who, value * at, buyers)
    return Timed(people, whole.tolist(), timed.tolist())


@pytest.mark.parametrize(("people", "base_people"), [(3_600, 400), (400, 3_600), (1_500, 1_500)])
def test_a_lead_in_uneven_values_that_stays_is_seldom_said_to_move(people: int, base_people: int):
    rng, judged, said = np.random.default_rng([people, 3]), 0, {-1: 0, 1: 0}
    for _ in range(500):
        arm, base = spent(rng, people, share=0.45), spent(rng, base_people, share=0.3)
        try:
            trend = value_trend(arm, base)
        except NotEnoughData:
            continue
        judged += 1
        if abs(trend.z) > 1.96:
            said[1 if trend.z > 0 else -1] += 1

    limit = judged * 0.033 + 3 * (judged * 0.033) ** 0.5  # a side, as of the call itself
    assert max(said.values()) <= limit


def test_value_that_comes_later_is_said_to_grow_and_earlier_to_fade():
    rng = np.random.default_rng(5)
    late, early = (spent(rng, 4_000, share=0.4, late=late) for late in (2.0, 0.0))

    assert value_trend(late, early).z > 1.96
    assert value_trend(early, late).z < -1.96
    assert value_trend(late, early).ratio == pytest.approx(1 / value_trend(early, late).ratio)


def test_of_a_moment_that_a_few_people_made_nothing_is_said():
    many = Timed(2_000, [1.0] * 200, [0.5] * 200)
    with pytest.raises(NotEnoughData, match="a few people"):
        value_trend(Timed(2_000, [1.0] * 200 + [100.0], [0.5] * 200 + [90.0]), many)
    with pytest.raises(NotEnoughData, match="100 people"):
        value_trend(Timed(2_000, [1.0] * 99, [0.5] * 99), many)

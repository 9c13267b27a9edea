"""Exact looks at two arms: a second implementation, properties, error by simulation, refusals."""

from collections import defaultdict
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, hypergeom

from app.stats.checks import NotEnoughData
from app.stats.conditional import (
    Limits,
    critical_at,
    interval_at,
    limits,
    looks_p,
    one_side,
    relative_at,
)
from app.stats.group_sequential import spent
from app.stats.score import Pair

ALPHA = 0.05
Step = tuple[int, int, int, int]  # hits, people, base hits, base people that a look adds


def course(steps: list[Step]) -> list[Pair]:
    return [
        Pair(*now)
        for now in zip(*(accumulate(side) for side in zip(*steps, strict=True)), strict=True)
    ]


def shares_of(looks: list[Pair]) -> list[float]:
    most = looks[-1].people + looks[-1].base_people
    return [(one.people + one.base_people) / most for one in looks]


@st.composite
def steps(draw: st.DrawFn, most: int = 60) -> list[Step]:
    found = []
    for _ in range(draw(st.integers(1, 5))):
        people, base_people = draw(st.integers(2, most)), draw(st.integers(2, most))
        hits, base_hits = draw(st.integers(0, people)), draw(st.integers(0, base_people))
        found.append((hits, people, base_hits, base_people))
    return found


def by_dictionary(added: list[Step], shares: list[float], alpha: float) -> list[int | None]:
    """The same boundaries, path by path."""
    alive, used, found = {0: 1.0}, 0.0, []
    together = arm = everybody = 0
    for (hits, people, base_hits, base_people), share in zip(added, shares, strict=True):
        both = hits + base_hits
        law = hypergeom(people + base_people, people, both)
        then: defaultdict[int, float] = defaultdict(float)
        for count, chance in alive.items():
            for more in range(both + 1):
                then[count + more] += chance * law.pmf(more)
        together, arm = together + both, arm + people
        allowed = spent(share, alpha=2 * alpha) / 2 - used
        fits = [
            c
            for c in range(together + 2)
            if sum(chance for count, chance in then.items() if count >= c) <= allowed
        ]
        everybody = everybody + people + base_people
        needed = max(fits[0], together * arm // everybody + 1) if fits else None
        if needed is not None:
            used += sum(chance for count, chance in then.items() if count >= needed)
            alive = {count: chance for count, chance in then.items() if count < needed}
        else:
            alive = dict(then)
        found.append(needed if needed is not None and needed <= min(arm, together) else None)
    return found


@given(steps(most=12))
@settings(max_examples=25)
def test_the_boundaries_are_those_of_a_walk_over_all_paths(added: list[Step]):
    looks = course(added)
    shares = shares_of(looks)

    ours = one_side(looks, shares, alpha=0.025)
    assert list(ours.needed) == by_dictionary(added, shares, 0.025)
    assert ours.error <= 0.025 + 1e-12


@given(steps())
@settings(max_examples=80)
def test_count_interval_ratio_and_p_cannot_disagree(added: list[Step]):
    looks = course(added)
    asked = limits(looks, shares_of(looks), alpha=ALPHA)
    crossed = False
    for seen, limit in zip(looks, asked, strict=True):
        low, high = interval_at(seen, limit)
        up = limit.above is not None and seen.hits >= limit.above
        down = limit.below is not None and seen.base_hits >= limit.below
        crossed |= up or down

        assert (low > 0, high < 0) == (up, down)
        assert -1 <= low <= seen.difference <= high <= 1
        if 0 < seen.pooled < 1 and seen.base_hits:
            less, more = relative_at(seen, limit)
            assert (less > 0, more < 0) == (up, down)
            assert less <= seen.hits / seen.people / (seen.base_hits / seen.base_people) - 1 <= more
    assert (looks_p(looks, shares_of(looks), alpha=ALPHA) <= ALPHA) == crossed


def test_a_limit_that_falls_with_alpha_does_not_contradict_its_p():
    """A larger alpha ends more paths at the second look here, and asks for more at the third."""
    looks = [Pair(6, 16, 18, 145), Pair(17, 79, 82, 711), Pair(20, 92, 100, 834)]
    shares = [0.161, 0.79, 0.926]

    for alpha in np.linspace(0.01, 0.2, 39):
        asked = limits(looks, shares, alpha=alpha)
        told = any(
            (one.above is not None and seen.hits >= one.above)
            or (one.below is not None and seen.base_hits >= one.below)
            for seen, one in zip(looks, asked, strict=True)
        )
        assert (looks_p(looks, shares, alpha=alpha) <= alpha) == told


@given(steps())
@settings(max_examples=40)
def test_swapping_the_arms_mirrors_everything(added: list[Step]):
    looks = course(added)
    turned = [one.turned() for one in looks]
    shares = shares_of(looks)

    ours, theirs = (limits(one, shares, alpha=ALPHA) for one in (looks, turned))
    assert [(one.above, one.below) for one in ours] == [(one.below, one.above) for one in theirs]
    ours_p, theirs_p = (looks_p(one, shares, alpha=ALPHA) for one in (looks, turned))
    assert ours_p == pytest.approx(theirs_p, abs=1e-9)


@given(steps())
@settings(max_examples=40)
def test_a_later_look_never_changes_an_earlier_one(added: list[Step]):
    looks = course(added)
    shares = shares_of(looks)

    whole = limits(looks, shares, alpha=ALPHA)
    assert limits(looks[:1], shares[:1], alpha=ALPHA) == whole[:1]


def test_with_one_look_the_p_is_twice_fishers_one_sided():
    seen = Pair(20, 900, 0, 100)
    table = [[20, 0], [880, 100]]

    p = looks_p([seen], [1.0], alpha=ALPHA)
    assert p == pytest.approx(2 * fisher_exact(table, alternative="greater").pvalue, rel=1e-6)
    assert p > 0.2


def test_nobody_in_a_small_holdout_is_luck_and_not_proof():
    looks = [Pair(4 * j, 180 * j, 0, 20 * j) for j in range(1, 6)]
    asked = limits(looks, shares_of(looks), alpha=ALPHA)

    assert all(one.above is None for one in asked)
    assert critical_at(looks[-1], None) == 8


def test_many_hits_are_counted_as_few_are():
    """Where counts are many, rare ones are cut and sums are taken by Fourier's way."""
    step = (3_000, 30_000, 2_900, 30_000)
    looks, shares = course([step] * 6), [place / 6 for place in range(1, 7)]
    ours = one_side(looks, shares, alpha=0.025)
    chances, first = np.ones(1), 0
    law, counts = hypergeom(60_000, 30_000, 5_900), np.arange(2_400, 3_500)
    used = 0.0
    for place, needed in enumerate(ours.needed):
        chances, first = np.convolve(chances, law.pmf(counts)), first + 2_400
        allowed = spent(shares[place], alpha=0.05) / 2 - used
        tails = chances[::-1].cumsum()[::-1]
        if needed is None:
            continue
        assert tails[needed - first] <= allowed < tails[needed - first - 1]
        used += tails[needed - first]
        chances = chances[: needed - first]

    assert ours.needed[-1] is not None
    assert ours.error == pytest.approx(used, abs=1e-12)


@pytest.mark.parametrize(
    ("people", "base_people", "rate"), [(4_500, 500, 0.02), (250, 4_750, 0.02), (900, 100, 0.1)]
)
def test_equal_arms_are_told_apart_no_oftener_than_allowed(
    people: int, base_people: int, rate: float
):
    runs, looks = 800, 10
    rng = np.random.default_rng([people, base_people])
    arm, base = (
        rng.binomial(one // looks, rate, (runs, looks)).cumsum(axis=1)
        for one in (people, base_people)
    )
    shares, wrong = [(place + 1) / looks for place in range(looks)], 0
    for hits, base_hits in zip(arm.tolist(), base.tolist(), strict=True):
        seen = [
            Pair(
                hits[at], people // looks * (at + 1), base_hits[at], base_people // looks * (at + 1)
            )
            for at in range(looks)
        ]
        needed = one_side(seen, shares, alpha=0.025).needed
        wrong += any(c is not None and h >= c for c, h in zip(needed, hits, strict=True))

    assert wrong / runs <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5


def test_hits_that_are_found_or_taken_back_after_a_look_keep_the_error():
    """A tenth of the hits is found a look late, a tenth is taken back a look later."""
    runs, looks, people, base_people, rate = 500, 6, 300, 60, 0.1
    rng, wrong = np.random.default_rng(11), 0
    shares = [(place + 1) / looks for place in range(looks)]
    for _ in range(runs):
        seen, sums, owed = [], np.zeros(2, int), np.zeros(2, int)
        for place in range(looks):
            new = rng.binomial([people, base_people], rate)
            late, back = rng.binomial(new, 0.1), rng.binomial(new, 0.1)
            sums, owed = np.maximum(0, sums + new - late + owed), late - back
            seen.append(
                Pair(int(sums[0]), people * (place + 1), int(sums[1]), base_people * (place + 1))
            )
        needed = one_side(seen, shares, alpha=0.025).needed
        wrong += any(c is not None and one.hits >= c for c, one in zip(needed, seen, strict=True))

    assert wrong / runs <= 0.025 + 3 * (0.025 * 0.975 / runs) ** 0.5


def test_hits_without_anybody_new_are_weighed_too():
    looks = [Pair(30, 300, 20, 300), Pair(55, 300, 21, 300), Pair(50, 300, 21, 300)]
    first, found, lost = limits(looks, [1 / 2, 1 / 2, 1.0], alpha=ALPHA)

    assert first.above is not None
    assert found.above is None or found.above > 40  # all was spent but what the last look may
    assert lost.above is not None
    assert 40 < lost.above <= 50


def test_without_people_a_look_or_a_share_nothing_is_told():
    with pytest.raises(NotEnoughData, match="no look"):
        limits([], [], alpha=ALPHA)
    with pytest.raises(NotEnoughData, match="nobody"):
        limits([Pair(1, 9, 0, 0)], [1.0], alpha=ALPHA)
    with pytest.raises(ValueError, match="share"):
        limits([Pair(1, 9, 0, 9)], [], alpha=ALPHA)
    with pytest.raises(ValueError, match="shares"):
        looks_p([Pair(1, 9, 0, 9)], [1.5], alpha=ALPHA)
    with pytest.raises(ValueError, match="alpha"):
        limits([Pair(1, 9, 0, 9)], [1.0], alpha=1.0)
    with pytest.raises(NotEnoughData, match="baseline"):
        relative_at(Pair(1, 9, 0, 9), Limits(None, None))

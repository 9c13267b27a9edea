"""Is something harmful happening, whenever one looks?"""

from math import log, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stats.guardrails import GuardState, guard


def test_none_of_a_hundred_cannot_prove_under_one_percent():
    got = guard(0, 100, maximum=0.01, n_max=100)

    assert (got.state, got.ok) == (GuardState.UNKNOWN, True)


@pytest.mark.parametrize(
    ("hits", "state"), [(1, GuardState.SAFE), (20, GuardState.UNKNOWN), (34, GuardState.BREACHED)]
)
def test_a_rate_is_safe_unknown_or_breached(hits: int, state: GuardState):
    assert guard(hits, 2000, maximum=0.01, n_max=2000).state is state


@given(st.integers(1, 2000), st.data(), st.floats(0.001, 0.2))
@settings(max_examples=80)
def test_more_harm_is_more_evidence(people: int, data: st.DataObject, maximum: float):
    hits = data.draw(st.integers(0, people - 1))
    less, more = (guard(one, people, maximum=maximum, n_max=3000) for one in (hits, hits + 1))

    assert less.log_e < more.log_e
    assert (less.state is GuardState.BREACHED) == (less.log_e >= log(20))
    assert less.rate == hits / people


@pytest.mark.parametrize(("rate", "people"), [(0.01, 2000), (0.005, 500), (0.05, 300)])
def test_a_bearable_rate_is_hardly_ever_called_a_breach_in_fifty_reads(rate: float, people: int):
    runs, rng = 2_000, np.random.default_rng(3)
    at = np.linspace(0, people, 51)[1:].astype(int)
    hits = rng.binomial(np.diff(at, prepend=0), rate, (runs, len(at))).cumsum(axis=1)
    least = [
        next(k for k in range(n + 2) if k > n or not guard(k, n, maximum=rate, n_max=people).ok)
        for n in at.tolist()
    ]

    assert (hits >= np.array(least)).any(axis=1).mean() <= 0.05


def test_twice_the_limit_is_found():
    rng = np.random.default_rng(5)
    found = [
        not guard(int(k), 2000, maximum=0.01, n_max=2000).ok for k in rng.binomial(2000, 0.02, 500)
    ]

    assert np.mean(found) > 0.6


@pytest.mark.parametrize(("hits", "people"), [(-1, 10), (11, 10), (1, 0)])
def test_impossible_counts_are_refused(hits: int, people: int):
    with pytest.raises(ValueError, match=r"hits must lie|nobody"):
        guard(hits, people, maximum=0.01, n_max=10)


def test_nobody_counted_is_unknown_and_has_no_rate():
    got = guard(0, 0, maximum=0.01, n_max=10)

    assert (got.state, got.rate) == (GuardState.UNKNOWN, None)


@pytest.mark.parametrize(("maximum", "n_max"), [(0, 1), (1, 1), (nan, 1), (0.01, 0)])
def test_a_maximum_or_a_plan_out_of_range_are_refused(maximum: float, n_max: int):
    with pytest.raises(ValueError, match=r"maximum|n_max"):
        guard(1, 100, maximum=maximum, n_max=n_max)

"""Is something harmful happening?"""

from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from app.stats.guardrails import GuardState, guard


def test_none_of_a_hundred_cannot_prove_under_one_percent():
    # the rule of three: the 95 % upper bound of 0 of n is about 3/n (Hanley & Lippman-Hand 1983)
    got = guard(0, 100, maximum=0.01)

    assert (got.state, got.ok) == (GuardState.UNKNOWN, True)
    assert got.high == pytest.approx(3 / 100, abs=0.001)


@given(st.integers(1, 2000), st.data(), st.floats(0.001, 0.2))
@settings(max_examples=80)
def test_the_state_agrees_with_scipys_exact_tests(people: int, data: st.DataObject, maximum: float):
    hits = data.draw(st.integers(0, people))
    above = binomtest(hits, people, maximum, alternative="greater").pvalue
    below = binomtest(hits, people, maximum, alternative="less").pvalue

    state = guard(hits, people, maximum=maximum).state

    if abs(above - 0.05) > 1e-6:
        assert (state is GuardState.BREACHED) == (above < 0.05)
    if abs(below - 0.05) > 1e-6:
        assert (state is GuardState.SAFE) == (below < 0.05)


@given(st.integers(1, 500), st.data())
@settings(max_examples=40)
def test_more_looks_never_breach_sooner(people: int, data: st.DataObject):
    hits = data.draw(st.integers(0, people))

    assert guard(hits, people, maximum=0.05, looks=5).low <= guard(hits, people, maximum=0.05).low


@pytest.mark.parametrize(
    ("hits", "state"), [(3, GuardState.SAFE), (10, GuardState.UNKNOWN), (16, GuardState.BREACHED)]
)
def test_a_rate_is_safe_unknown_or_breached_by_its_exact_bounds(hits: int, state: GuardState):
    # 16 of 1,000 is the exact pass count over 1 % (case of the design); 10 is the maximum itself
    assert guard(hits, 1000, maximum=0.01).state is state


def test_the_count_that_breaches_at_one_look_does_not_at_five():
    assert guard(16, 1000, maximum=0.01, looks=5).state is GuardState.UNKNOWN


@pytest.mark.parametrize(("hits", "people"), [(-1, 10), (11, 10), (1, 0)])
def test_impossible_counts_are_refused(hits: int, people: int):
    with pytest.raises(ValueError, match="hits must lie"):
        guard(hits, people, maximum=0.01)


def test_nobody_counted_is_unknown_and_has_no_rate():
    got = guard(0, 0, maximum=0.01)

    assert (got.state, got.rate) == (GuardState.UNKNOWN, None)


@pytest.mark.parametrize(("maximum", "looks"), [(0, 1), (1, 1), (nan, 1), (0.01, 0)])
def test_a_maximum_or_looks_out_of_range_are_refused(maximum: float, looks: int):
    with pytest.raises(ValueError, match=r"maximum|looks"):
        guard(1, 100, maximum=maximum, looks=looks)

"""One arm looked at on planned days: published boundaries, sums by hand, properties, refusals."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from app.stats.checks import NotEnoughData
from app.stats.sequential import (
    conditional_power,
    next_boundary,
    planned_boundaries,
    sequential_error,
    sequential_interval,
)

LOOKS = tuple(range(250, 3001, 250))


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[int, int]]:
    """(people, hits) of each look, both rising."""
    people = hits = 0
    found = []
    for step in draw(st.lists(st.integers(1, 300), min_size=1, max_size=5)):
        people += step
        hits += draw(st.integers(0, step))
        found.append((people, hits))
    return found


def held(
    people: list[int], threshold: float, *, n_max: int, ended: bool
) -> list[tuple[int, int | None]]:
    """The boundaries of looks that came as they came."""
    found: list[tuple[int, int | None]] = []
    for so_far in people:
        last = ended and so_far == people[-1]
        boundary = next_boundary(found, so_far, threshold, confidence=0.95, n_max=n_max, last=last)
        found.append((so_far, boundary))
    return found


def test_twelve_looks_of_250_against_8_percent_have_the_known_boundaries():
    got = planned_boundaries(LOOKS, 0.08, confidence=0.95)

    assert got == (37, 60, 83, 105, 126, 146, 168, 188, 208, 228, 249, 268)
    error = sequential_error(list(zip(LOOKS, got, strict=True)), 0.08)
    assert error == pytest.approx(0.04997, abs=5e-6)


def test_two_looks_agree_with_the_binomial_added_up_by_hand():
    first, second = planned_boundaries((20, 50), 0.1, confidence=0.95)
    assert first is not None
    assert second is not None

    late = sum(binom.pmf(k, 20, 0.1) * binom.sf(second - k - 1, 30, 0.1) for k in range(first))
    by_hand = binom.sf(first - 1, 20, 0.1) + late

    assert sequential_error([(20, first), (50, second)], 0.1) == pytest.approx(by_hand, abs=1e-13)
    assert by_hand <= 0.05


def test_a_boundary_one_lower_would_spend_more_than_is_allowed():
    first, second = planned_boundaries((20, 50), 0.1, confidence=0.95)
    assert first is not None
    assert second is not None

    assert binom.sf(first - 1, 20, 0.1) <= 0.05 * (20 / 50) ** 2 < binom.sf(first - 2, 20, 0.1)
    assert sequential_error([(20, first), (50, second - 1)], 0.1) > 0.05


def test_one_look_is_the_exact_test():
    (got,) = planned_boundaries([600], 0.08, confidence=0.95)

    assert got == int(binom.isf(0.05, 600, 0.08)) + 1 == 60


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=8),
    st.floats(0.005, 0.5),
    st.integers(0, 999),
)
def test_uneven_looks_never_err_more_than_alpha(steps: list[int], rate: float, more: int):
    people = [sum(steps[: place + 1]) for place in range(len(steps))]

    looks = held(people, rate, n_max=people[-1] + more, ended=True)

    assert sequential_error(looks, rate) <= 0.05 + 1e-12


def test_a_frozen_table_used_with_other_counts_errs_more_than_boundaries_made_anew():
    planned = planned_boundaries(LOOKS, 0.08, confidence=0.95)
    more = [275 * place for place in range(1, 13)]

    frozen = sequential_error(list(zip(more, planned, strict=True)), 0.08)
    anew = sequential_error(held(more, 0.08, n_max=3000, ended=True), 0.08)

    assert anew <= 0.05 < frozen


@settings(max_examples=40)
@given(courses(), st.floats(0.01, 0.6), st.booleans())
def test_the_interval_leaves_out_the_threshold_exactly_where_a_look_reached_its_boundary(
    course: list[tuple[int, int]], threshold: float, ended: bool
):
    looks = held([people for people, _ in course], threshold, n_max=1500, ended=ended)
    reached = any(
        boundary is not None and hits >= boundary
        for (_, hits), (_, boundary) in zip(course, looks, strict=True)
    )

    got = sequential_interval(course, n_max=1500, confidence=0.95, ended=ended)

    assert (got.low > threshold) == reached
    assert 0 <= got.low <= got.high <= 1


@settings(max_examples=20)
@given(courses())
def test_those_who_did_not_have_the_mirrored_interval(course: list[tuple[int, int]]):
    others = [(people, people - hits) for people, hits in course]

    got = sequential_interval(course, n_max=1500, confidence=0.95, ended=False)
    mirrored = sequential_interval(others, n_max=1500, confidence=0.95, ended=False)

    if got.low < got.high:
        assert (got.low, got.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-8)


def test_power_grows_with_the_rate_and_at_the_threshold_is_the_error():
    looks = list(zip(LOOKS, planned_boundaries(LOOKS, 0.08, confidence=0.95), strict=True))

    powers = [sequential_error(looks, rate) for rate in (0.07, 0.08, 0.09, 0.1, 0.12)]

    assert all(later > before for before, later in pairwise(powers))
    assert powers[1] <= 0.05
    assert powers[-1] > 0.99


def test_conditional_power_with_one_look_left_is_a_binomial_tail():
    got = conditional_power(1000, 80, [(3000, 268)], true_rate=0.08)

    assert got == pytest.approx(binom.sf(268 - 80 - 1, 2000, 0.08), rel=1e-9)


def test_a_boundary_that_is_reached_already_is_certain_and_no_look_is_hopeless():
    assert conditional_power(1000, 300, [(3000, 268)], true_rate=0.08) == pytest.approx(1)
    assert conditional_power(1000, 80, [], true_rate=0.08) == 0


def test_looks_too_early_for_any_count_have_no_boundary():
    assert planned_boundaries((2, 60), 0.5, confidence=0.95)[0] is None


def test_what_cannot_be_looked_at_is_refused():
    with pytest.raises(ValueError, match="must rise"):
        next_boundary([(500, 60)], 400, 0.08, confidence=0.95, n_max=3000)
    with pytest.raises(NotEnoughData):
        planned_boundaries((), 0.08, confidence=0.95)
    with pytest.raises(NotEnoughData, match="even every one"):
        planned_boundaries((1,), 0.08, confidence=0.95)
    with pytest.raises(NotEnoughData):
        sequential_interval([], n_max=100, confidence=0.95, ended=False)
    with pytest.raises(ValueError, match="threshold"):
        planned_boundaries((100,), 1.0, confidence=0.95)
    with pytest.raises(NotEnoughData):
        conditional_power(0, 0, [(100, 10)], true_rate=0.1)

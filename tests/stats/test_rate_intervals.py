"""Bounds of a rate: published numbers, what they mean, properties, refusals."""

import math
from math import nan
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from app.stats.checks import NotEnoughData
from app.stats.rate_intervals import clopper_pearson, jeffreys, wilson

STATSMODELS = "statsmodels@82c59e37 test_proportion.py (R binom.confint, DescTools BinomCI)"


@st.composite
def counts(draw: st.DrawFn, least: int = 1) -> tuple[int, int]:
    people = draw(st.integers(least, 3000))
    return draw(st.integers(0, people)), people


confidences = st.floats(0.6, 0.999)


@pytest.mark.parametrize(
    ("hits", "people", "low", "high"),
    [
        (18, 20, 0.6989663547715128, 0.972133518786232),
        (4, 200, 0.00780442641634947, 0.05028708690582643),
        (100, 200, 0.4313609, 0.5686391),
    ],
)
def test_wilson_matches_r(hits: int, people: int, low: float, high: float):
    got = wilson(hits, people, confidence=0.95)

    assert (got.low, got.high) == pytest.approx((low, high), abs=5e-7), STATSMODELS


@pytest.mark.parametrize(
    ("hits", "people", "low", "high"),
    [
        (18, 20, 0.716146742695748, 0.97862751197755),
        (4, 200, 0.00678759879519299, 0.0468465669668423),
    ],
)
def test_jeffreys_matches_r(hits: int, people: int, low: float, high: float):
    got = jeffreys(hits, people, confidence=0.95)

    assert (got.low, got.high) == pytest.approx((low, high), abs=1e-6), STATSMODELS


@pytest.mark.parametrize(
    ("hits", "people", "low", "high"),
    [
        (4, 20, 0.05733399705003284, 0.436614002996668),
        (4, 200, 0.005475565879556443, 0.05041360908989634),
        (51, 235, 0.1660633298083073, 0.2752683640289254),
    ],
)
def test_clopper_pearson_matches_r(hits: int, people: int, low: float, high: float):
    got = clopper_pearson(hits, people, confidence=0.975)  # 2.5 % on each side, as R has it

    assert (got.low, got.high) == pytest.approx((low, high), abs=1e-12), STATSMODELS


def test_one_sided_lower_bounds_match_r():
    # cases c111, c112 (DescTools BinomCI, "smaller") and c117 (R binom.test): 5 % below
    assert wilson(100, 200, confidence=0.9).low == pytest.approx(0.442235, abs=5e-7)
    assert jeffreys(100, 200, confidence=0.9).low == pytest.approx(0.4421138, abs=5e-7)
    assert clopper_pearson(51, 235, confidence=0.95).low == pytest.approx(
        0.1735252778065201, abs=1e-13
    )


def test_jeffreys_matches_spotifys_confidence():
    # spotify/confidence@e1f8a492 tests/bayesian/test_betabinomial.py::test_summary
    got = jeffreys(500, 1009, confidence=0.95)

    assert (got.low, got.high) == pytest.approx((0.46473987, 0.52636595), abs=1e-6)


@given(counts(), confidences)
@settings(max_examples=100)
def test_the_exact_bounds_are_rates_at_which_so_many_or_so_few_are_just_that_rare(
    count: tuple[int, int], confidence: float
):
    hits, people = count

    got = clopper_pearson(hits, people, confidence=confidence)

    if hits:
        assert binom.sf(hits - 1, people, got.low) == pytest.approx(1 - confidence, rel=1e-6)
    if hits < people:
        assert binom.cdf(hits, people, got.high) == pytest.approx(1 - confidence, rel=1e-6)


@given(counts(), confidences)
@settings(max_examples=100)
def test_wilsons_bounds_are_rates_that_lie_just_so_many_standard_errors_away(
    count: tuple[int, int], confidence: float
):
    hits, people = count
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    got = wilson(hits, people, confidence=confidence)

    for bound in (got.low, got.high):
        away = (hits / people - bound) ** 2
        assert away == pytest.approx(z * z * bound * (1 - bound) / people, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("people", [1, 2, 30, 600, 10_000_000])
@pytest.mark.parametrize("method", [clopper_pearson, wilson, jeffreys])
def test_where_nobody_or_everybody_did_it_the_interval_ends_exactly_at_0_or_1(
    method, people: int, confidence: float
):
    none = method(0, people, confidence=confidence)
    everybody = method(people, people, confidence=confidence)

    assert (none.low, everybody.high) == (0, 1)
    assert 0 < none.high < 1
    assert 0 < everybody.low < 1


@given(counts(), confidences)
@settings(max_examples=100)
def test_jeffreys_agrees_with_the_beta_distribution(count: tuple[int, int], confidence: float):
    hits, people = count
    low, high = beta(hits + 0.5, people - hits + 0.5).interval(confidence)

    got = jeffreys(hits, people, confidence=confidence)

    assert got.low == pytest.approx(low if hits else 0, abs=1e-9)
    assert got.high == pytest.approx(high if hits < people else 1, abs=1e-9)


METHODS = (clopper_pearson, wilson, jeffreys)


@given(counts(), confidences, st.sampled_from(METHODS))
@settings(max_examples=100)
def test_an_interval_holds_its_rate_inside_0_to_1(
    count: tuple[int, int], confidence: float, method
):
    hits, people = count

    got = method(hits, people, confidence=confidence)

    assert 0 <= got.low <= got.high <= 1
    if method is not jeffreys or 0 < hits < people:  # its prior pulls bounds past 0 and n
        assert got.low <= hits / people + 1e-12
        assert got.high >= hits / people - 1e-12


@given(counts(), confidences, st.sampled_from(METHODS))
@settings(max_examples=100)
def test_counting_those_who_did_not_mirrors_the_interval(
    count: tuple[int, int], confidence: float, method
):
    hits, people = count
    got = method(hits, people, confidence=confidence)
    mirrored = method(people - hits, people, confidence=confidence)

    assert (got.low, got.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


@given(counts(), confidences, st.sampled_from(METHODS))
@settings(max_examples=100)
def test_one_more_click_moves_both_bounds_up(count: tuple[int, int], confidence: float, method):
    hits, people = count
    if hits == people:
        return
    less = method(hits, people, confidence=confidence)
    more = method(hits + 1, people, confidence=confidence)

    assert less.low <= more.low
    assert less.high <= more.high


@pytest.mark.parametrize("people", [1, 30, 600, 10_000_000])
def test_the_exact_bounds_at_nobody_and_everybody_are_roots_of_alpha(people: int):
    # P(X = 0 | p) = (1-p)^n = alpha, and P(X = n | p) = p^n = alpha
    none = clopper_pearson(0, people, confidence=0.95)
    everybody = clopper_pearson(people, people, confidence=0.95)

    assert (none.low, everybody.high) == (0, 1)
    assert none.high == pytest.approx(-math.expm1(math.log(0.05) / people), rel=1e-9)
    assert everybody.low == pytest.approx(0.05 ** (1 / people), rel=1e-9)


@pytest.mark.parametrize("method", [clopper_pearson, wilson, jeffreys])
@pytest.mark.parametrize(("hits", "people"), [(-1, 10), (11, 10), (1, 0)])
def test_impossible_counts_are_refused(method, hits: int, people: int):
    with pytest.raises(ValueError, match="hits must lie"):
        method(hits, people, confidence=0.95)


@pytest.mark.parametrize("method", [clopper_pearson, wilson, jeffreys])
def test_nobody_is_not_enough_data(method):
    with pytest.raises(NotEnoughData):
        method(0, 0, confidence=0.95)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 1.5, nan])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float):
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 10, confidence=confidence)

"""Bounds for any moment: published numbers, second derivations, properties, refusals."""

from math import exp, inf, log, nan, sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom, norm

from app.stats.anytime import (
    anytime_bounds,
    anytime_pass_count,
    log_evidence,
    mixture_weight,
)
from app.stats.checks import NotEnoughData
from app.stats.mixtures import (
    asymptotic_low,
    asymptotic_low_p,
    beta_binomial_sequence,
    log_beta_binomial_mixture,
    log_normal_mixture,
    normal_mixture_bound,
    normal_mixture_weight,
)
from app.stats.sums import Sums
from app.stats.welch import welch_relative

CONTROL, ARM = Sums(3000, 1396.87, 52377.9767), Sums(3461, 2422.7, 134698.29)
DIFFERENCE = ARM.mean - CONTROL.mean
ERROR = sqrt(ARM.variance / ARM.people + CONTROL.variance / CONTROL.people)

MOMENTS = st.tuples(
    st.floats(-3, 3), st.floats(1e-3, 2), st.integers(1, 20_000), st.integers(1, 20_000)
)


@pytest.mark.parametrize(
    ("hits", "people", "tightest", "low", "high"),
    [
        # c158 to c163: gostevehoward/confseq@70b1ef30 test/uniform_boundaries_unittest.cpp
        (15, 50, 50, 0.129556, 0.511896),
        (5, 50, 50, 0.013021, 0.269264),
        (1, 2, 50, 0.0, 1.0),
        (100, 200, 1, 0.328923, 0.671076),
        (0, 1, 50, 0.0, 1.0),
    ],
)
def test_the_two_sided_sequence_matches_confseq(
    hits: int, people: int, tightest: int, low: float, high: float
):
    got = beta_binomial_sequence(hits, people, tightest=tightest, alpha=0.05)

    assert (got.low, got.high) == pytest.approx((low, high), abs=1e-5)


def test_the_mixtures_match_confseq():
    # c165, c166: gostevehoward/confseq@70b1ef30 test/uniform_boundaries_unittest.cpp
    mixed = log_beta_binomial_mixture(10, 100, below=0.2, above=0.8, tightest=100, alpha=0.05)
    weight = normal_mixture_weight(100, alpha=0.05)

    assert mixed == pytest.approx(-0.6941012, abs=1e-5)
    assert weight == pytest.approx(12.60056, abs=1e-5)
    assert log_normal_mixture(10, 100, weight=weight) == pytest.approx(-0.6510052, abs=1e-5)
    assert normal_mixture_bound(100, alpha=0.05, weight=weight) == pytest.approx(30.35209, abs=1e-5)


def test_the_one_sided_sequences_match_gbstats():
    # c013, c014, c015: growthbook/growthbook@8f1db445 packages/stats/tests, one-sided sequences
    relative = welch_relative(ARM, CONTROL)

    low = asymptotic_low(DIFFERENCE, ERROR, 6461, n_max=5000, alpha=0.05)
    high = -asymptotic_low(-DIFFERENCE, ERROR, 6461, n_max=5000, alpha=0.05)
    share = asymptotic_low(relative.difference, relative.error, 6461, n_max=5000, alpha=0.05)

    assert low == pytest.approx(-0.12656844172804982, abs=1e-5)
    assert high == pytest.approx(0.5953217750613832, abs=1e-5)
    assert share == pytest.approx(-0.42356454602790883, abs=1e-5)


def test_the_one_sided_p_matches_gbstats():
    # c014: gbstats finds it by bisection, to about 1e-4
    got = asymptotic_low_p(DIFFERENCE, ERROR, 6461, n_max=5000, alpha=0.05)

    assert got == pytest.approx(0.46316491943359384, abs=2e-4)


def test_the_evidence_is_the_likelihood_averaged_over_the_rates_above_the_threshold():
    weight = mixture_weight(1000, confidence=0.95)
    prior = beta(weight * 0.08, weight * 0.92)

    def ratio(rate: float) -> float:
        return float((rate / 0.08) ** 30 * ((1 - rate) / 0.92) ** 220 * prior.pdf(rate))

    averaged = quad(ratio, 0.08, 0.5, limit=200)[0] / prior.sf(0.08)

    assert exp(log_evidence(30, 250, 0.08, weight=weight)) == pytest.approx(averaged, rel=1e-6)


def test_the_expected_evidence_is_one_if_the_threshold_is_true():
    weight = mixture_weight(1000, confidence=0.95)

    mean = sum(
        binom.pmf(k, 60, 0.08) * exp(log_evidence(k, 60, 0.08, weight=weight)) for k in range(61)
    )

    assert mean == pytest.approx(1, abs=1e-9)


def test_the_normal_mixture_is_the_likelihood_averaged_over_shifts():
    weight = 12.5

    def ratio(shift: float) -> float:
        return float(exp(shift * 7 - shift * shift * 40 / 2) * norm.pdf(shift, 0, weight**-0.5))

    averaged = quad(ratio, -3, 3)[0]

    assert log_normal_mixture(7, 40, weight=weight) == pytest.approx(log(averaged), abs=1e-8)


def test_peeking_at_every_person_errs_less_than_alpha():
    threshold, n_max = 0.3, 200
    alive, error = {0: 1.0}, 0.0
    for people in range(1, n_max + 1):
        grown: dict[int, float] = {}
        for hits, chance in alive.items():
            grown[hits] = grown.get(hits, 0) + chance * (1 - threshold)
            grown[hits + 1] = grown.get(hits + 1, 0) + chance * threshold
        try:
            needed = anytime_pass_count(people, threshold, n_max=n_max, confidence=0.95)
        except NotEnoughData:
            needed = people + 1
        error += sum(chance for hits, chance in grown.items() if hits >= needed)
        alive = {hits: chance for hits, chance in grown.items() if hits < needed}

    assert 0.01 < error <= 0.05


@settings(max_examples=60)
@given(st.integers(1, 3000), st.floats(0, 1), st.floats(0.005, 0.9))
def test_the_bound_says_what_the_evidence_says(people: int, share: float, threshold: float):
    hits = round(people * share)
    evidence = log_evidence(
        hits, people, threshold, weight=mixture_weight(3000, confidence=0.95)
    ) - log(1 / (1 - 0.95))
    assume(abs(evidence) > 1e-7)

    got = anytime_bounds(hits, people, n_max=3000, confidence=0.95)

    assert (got.low > threshold) == (evidence > 0 and hits > threshold * people)
    assert 0 <= got.low <= hits / people <= got.high <= 1


@settings(max_examples=40)
@given(st.integers(20, 3000), st.floats(0.01, 0.5))
def test_the_count_that_is_enough_is_the_smallest_whose_bound_is_over(
    people: int, threshold: float
):
    try:
        needed = anytime_pass_count(people, threshold, n_max=3000, confidence=0.95)
    except NotEnoughData:
        assert anytime_bounds(people, people, n_max=3000, confidence=0.95).low <= threshold
        return

    assert anytime_bounds(needed, people, n_max=3000, confidence=0.95).low > threshold - 1e-9
    assert anytime_bounds(needed - 1, people, n_max=3000, confidence=0.95).low < threshold + 1e-9


@given(MOMENTS, st.sampled_from([0.01, 0.025, 0.05, 0.2]))
def test_0_is_under_the_bound_exactly_where_p_is_under_alpha(
    moment: tuple[float, float, int, int], alpha: float
):
    estimate, error, people, n_max = moment
    one_sided = asymptotic_low_p(estimate, error, people, n_max=n_max, alpha=alpha)
    assume(abs(one_sided - alpha) > 1e-9)

    lower = asymptotic_low(estimate, error, people, n_max=n_max, alpha=alpha)

    assert (lower > 0) == (one_sided < alpha)
    assert 0 <= one_sided <= 1


@settings(max_examples=40)
@given(st.integers(1, 500), st.floats(0, 1), st.floats(1, 1000))
def test_two_sides_mirror_and_hold_the_rate(people: int, share: float, tightest: float):
    hits = round(people * share)

    got = beta_binomial_sequence(hits, people, tightest=tightest, alpha=0.05)
    mirrored = beta_binomial_sequence(people - hits, people, tightest=tightest, alpha=0.05)

    assert 0 <= got.low <= hits / people <= got.high <= 1
    assert (got.low, got.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


@given(st.floats(0, 1e4), st.floats(0.1, 1e3), st.floats(0.001, 0.5))
def test_a_sum_at_its_bound_has_just_enough_evidence(variance: float, weight: float, alpha: float):
    bound = normal_mixture_bound(variance, alpha=alpha, weight=weight)

    assert log_normal_mixture(bound, variance, weight=weight) == pytest.approx(-log(alpha))


def test_what_cannot_be_read_at_any_time_is_refused():
    with pytest.raises(NotEnoughData, match="too few"):
        mixture_weight(5, confidence=0.95)
    with pytest.raises(NotEnoughData):
        anytime_bounds(0, 0, n_max=100, confidence=0.95)
    with pytest.raises(NotEnoughData, match="even every one"):
        anytime_pass_count(1, 0.5, n_max=100, confidence=0.95)
    with pytest.raises(ValueError, match="weight"):
        log_evidence(1, 10, 0.1, weight=0)


def test_what_cannot_be_described_is_refused():
    with pytest.raises(NotEnoughData):
        beta_binomial_sequence(0, 0, tightest=10, alpha=0.05)
    with pytest.raises(NotEnoughData, match="spread"):
        asymptotic_low(0.1, 0.0, 10, n_max=100, alpha=0.05)
    with pytest.raises(NotEnoughData, match="nobody"):
        asymptotic_low_p(0.1, 0.1, 0, n_max=100, alpha=0.05)
    with pytest.raises(ValueError, match="twice alpha"):
        asymptotic_low(0.1, 0.1, 10, n_max=100, alpha=0.5)
    with pytest.raises(ValueError, match="standard error"):
        asymptotic_low(0.1, nan, 10, n_max=100, alpha=0.05)
    with pytest.raises(ValueError, match="estimate"):
        asymptotic_low(inf, 0.1, 10, n_max=100, alpha=0.05)
    with pytest.raises(ValueError, match="weight"):
        normal_mixture_bound(10, alpha=0.05, weight=0)
    with pytest.raises(ValueError, match="tightest"):
        normal_mixture_weight(0, alpha=0.05)
    with pytest.raises(ValueError, match="reach"):
        log_beta_binomial_mixture(1, 1, below=0, above=1, tightest=10, alpha=0.05)

"""Statistics valid under peeking: published numbers, second derivations, properties, refusals."""

from math import exp, log, sqrt
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom, multivariate_normal

from app.stats.anytime import (
    always_valid_p,
    anytime_bounds,
    anytime_pass_count,
    asymptotic_low,
    asymptotic_sequence,
    log_evidence,
    mixture_weight,
)
from app.stats.checks import NotEnoughData
from app.stats.group_sequential import Spending, bounds, constant, crossing, spent
from app.stats.mixtures import (
    beta_binomial_sequence,
    log_mixture_two_sided,
    normal_mixture_bound,
    normal_mixture_rho,
)
from app.stats.power import detectable_in_looks
from app.stats.sequential import (
    conditional_power,
    next_boundary,
    planned_boundaries,
    sequential_error,
    sequential_interval,
)

CONFSEQ = "gostevehoward/confseq@70b1ef30 test/uniform_boundaries_unittest.cpp"
GBSTATS = "growthbook/growthbook@8f1db445 packages/stats"
LDBOUNDS = "Reboussin et al. 2000 / ldbounds vignette"
SPOTIFY = "spotify/confidence@e1f8a492 tests/frequentist"
JENNISON = "Jennison & Turnbull 2000 tables 2.1/2.3"
MONTHS = tuple(range(250, 3001, 250))
FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


def test_twelve_looks_of_250_against_8_percent_have_the_known_boundaries():
    got = planned_boundaries(MONTHS, 0.08, confidence=0.95)

    assert got == (37, 60, 83, 105, 126, 146, 168, 188, 208, 228, 249, 268)
    error = sequential_error(list(zip(MONTHS, got, strict=True)), 0.08)
    assert error == pytest.approx(0.04997, abs=5e-6)


def test_two_looks_agree_with_the_binomial_added_up_by_hand():
    first, second = planned_boundaries((20, 50), 0.1, confidence=0.95)
    assert first is not None
    assert second is not None

    late = sum(binom.pmf(k, 20, 0.1) * binom.sf(second - k - 1, 30, 0.1) for k in range(first))
    by_hand = binom.sf(first - 1, 20, 0.1) + late

    assert sequential_error([(20, first), (50, second)], 0.1) == pytest.approx(by_hand, abs=1e-14)
    assert by_hand <= 0.05


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=8),
    st.floats(0.005, 0.5),
    st.integers(0, 999),
)
def test_uneven_looks_never_err_more_than_alpha(steps: list[int], rate: float, more: int):
    looks = list[tuple[int, int | None]]()
    n_max = sum(steps) + more
    people = 0
    for number, step in enumerate(steps):
        people += step
        last = number == len(steps) - 1
        boundary = next_boundary(looks, people, rate, confidence=0.95, n_max=n_max, last=last)
        looks.append((people, boundary))

    assert sequential_error(looks, rate) <= 0.05 + 1e-12


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.floats(0.01, 0.3))
def test_the_sequential_interval_says_what_the_boundary_says(hits: int, threshold: float):
    planned = planned_boundaries((250, 700, 1000), threshold, confidence=0.95)
    early = [(250, round(0.25 * hits)), (700, round(0.7 * hits))]
    reached = [
        boundary is not None and count >= boundary
        for (_, count), boundary in zip([*early, (1000, hits)], planned, strict=True)
    ]

    got = sequential_interval([*early, (1000, hits)], n_max=1000, confidence=0.95, ended=True)

    assert (got.low > threshold) == any(reached)
    assert 0 <= got.low <= got.high <= 1


def test_power_grows_with_the_rate_and_at_the_threshold_is_the_error():
    looks = list(zip(MONTHS, planned_boundaries(MONTHS, 0.08, confidence=0.95), strict=True))
    powers = [sequential_error(looks, rate) for rate in (0.08, 0.09, 0.1)]

    assert powers == sorted(powers)
    assert powers[0] <= 0.05
    seen = detectable_in_looks(looks, 0.08)
    assert sequential_error(looks, seen) == pytest.approx(0.8, abs=1e-3)


def test_conditional_power_with_one_look_left_is_a_binomial_tail():
    got = conditional_power(1000, 80, [(3000, 268)], true_rate=0.08)

    assert got == pytest.approx(binom.sf(268 - 80 - 1, 2000, 0.08), rel=1e-9)


def test_shrinking_counts_and_nobody_are_refused():
    with pytest.raises(ValueError, match="must rise"):
        next_boundary([(500, 60)], 400, 0.08, confidence=0.95, n_max=3000, last=False)
    with pytest.raises(NotEnoughData):
        planned_boundaries((), 0.08, confidence=0.95)
    with pytest.raises(ValueError, match="must rise"):
        next_boundary([], 0, 0.08, confidence=0.95, n_max=3000, last=False)
    with pytest.raises(NotEnoughData, match="too few"):
        planned_boundaries((1,), 0.08, confidence=0.95)
    with pytest.raises(NotEnoughData, match="no look"):
        sequential_interval([], n_max=9, confidence=0.95, ended=False)


@pytest.mark.parametrize(
    ("spending", "expected"),
    [
        (Spending.OBRIEN_FLEMING, (4.8769, 3.3569, 2.6803, 2.2898, 2.031)),
        (Spending.POCOCK, (2.438, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_lan_demets_bounds_match_ldbounds(spending: Spending, expected: tuple[float, ...]):
    assert bounds(FIFTHS, alpha=0.05, spending=spending) == pytest.approx(expected, abs=2e-4), (
        LDBOUNDS
    )


@pytest.mark.parametrize(
    ("looks", "pocock", "fleming"), [(2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024)]
)
def test_the_classic_constants_match_jennison_and_turnbull(
    looks: int, pocock: float, fleming: float
):
    assert constant(looks, alpha=0.05, shape=0.5) == pytest.approx(pocock, abs=6e-4), JENNISON
    assert constant(looks, alpha=0.05, shape=0) == pytest.approx(fleming, abs=6e-4), JENNISON


def test_quadratic_spending_matches_spotify():
    shares = [n / 810 for n in (250, 450, 630, 810)]

    got = bounds(shares, alpha=0.01, spending=Spending.SQUARE)

    adjusted = [2 * (1 - NormalDist().cdf(bound)) for bound in got]
    assert adjusted == pytest.approx([0.00095, 0.00241, 0.0041, 0.00636], abs=1e-4), SPOTIFY


def test_the_repeated_interval_matches_spotify():
    variance = sum((q - s * s / 1250) / 1249 / 1250 for s, q in ((2510, 6304), (2492, 6163)))
    (bound,) = bounds((0.25,), alpha=0.01, spending=Spending.SQUARE)
    difference, half = (2492 - 2510) / 1250, bound * sqrt(variance)

    assert (difference - half, difference + half) == pytest.approx((-0.151, 0.121), abs=1e-3)


def test_the_first_of_many_days_matches_spotify():
    days = (0.0016169976338740648, 0.0057857955498163615)
    got = bounds(days, alpha=0.003333333, spending=Spending.SQUARE)

    # c080: their second bound is 8.0, for they drop what so small a step may spend; we don't
    assert got[0] == pytest.approx(5.75400023, rel=1e-4)
    assert crossing(days, got) == pytest.approx(
        spent(days[-1], alpha=0.003333333, spending=Spending.SQUARE), rel=1e-3
    )


def test_two_bounds_agree_with_the_bivariate_normal():
    first, second = bounds((0.3, 1.0), alpha=0.05, spending=Spending.POCOCK)

    inside = multivariate_normal(cov=[[1, sqrt(0.3)], [sqrt(0.3), 1]]).cdf(
        [first, second], lower_limit=[-first, -second]
    )

    assert 1 - inside == pytest.approx(0.05, abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.sampled_from(Spending))
def test_alpha_is_spent_where_nothing_differs(steps: list[float], spending: Spending):
    shares = [sum(steps[: n + 1]) / sum(steps) for n in range(len(steps))]
    shares[-1] = 1.0

    got = crossing(shares, bounds(shares, alpha=0.05, spending=spending))

    assert got == pytest.approx(0.05, abs=2e-5)


def test_information_that_does_not_grow_is_refused():
    with pytest.raises(ValueError, match="must rise"):
        bounds((0.5, 0.5), alpha=0.05)
    with pytest.raises(NotEnoughData, match="needs a look"):
        bounds((), alpha=0.05)
    with pytest.raises(ValueError, match="one bound for each"):
        crossing((0.5, 1.0), (2.0,))


@pytest.mark.parametrize(
    ("hits", "people", "t_opt", "low", "high"),
    [
        (15, 50, 50, 0.129556, 0.511896),
        (5, 50, 50, 0.013021, 0.269264),
        (1, 2, 50, 0.0, 1.0),
        (100, 200, 1, 0.328923, 0.671076),
        (0, 1, 50, 0.0, 1.0),
    ],
)
def test_the_two_sided_sequence_matches_confseq(
    hits: int, people: int, t_opt: int, low: float, high: float
):
    got = beta_binomial_sequence(hits, people, t_opt=t_opt, alpha=0.05)

    assert got == pytest.approx((low, high), abs=1e-5), CONFSEQ


def test_the_mixtures_match_confseq():
    mixed = log_mixture_two_sided(10, 100, v_opt=100, alpha_opt=0.05, g=0.2, h=0.8)
    rho = normal_mixture_rho(100, 0.05)

    assert mixed == pytest.approx(-0.6941012, abs=1e-5), CONFSEQ
    assert rho == pytest.approx(12.60056, abs=1e-5), CONFSEQ
    assert normal_mixture_bound(100, alpha=0.05, rho=rho) == pytest.approx(30.35209, abs=1e-5)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            (0.02, 0.012790621564255587, 2000, 2000),
            (-0.01882220956432893, 0.05882220956432894, 1.0),
        ),
        (
            (0.024, 0.005775534607289614, 10000, 12000),
            (0.006449339487287091, 0.041550660512712896, 0.0015262689215666248),
        ),
        (
            (0.04, 0.018931455305918773, 1000, 6000),
            (-0.02558340990490174, 0.10558340990490173, 0.42751577884342634),
        ),
        (
            (0.25, 0.17897276329095443, 2000, 5000),
            (-0.30907137594753403, 0.8090713759475341, 0.972964266434485),
        ),
        (
            (0.3, 0.08245604889879213, 10000, 12000),
            (0.04943304475817367, 0.5505669552418262, 0.008788333706099794),
        ),
    ],
)
def test_the_asymptotic_sequence_matches_gbstats(
    inputs: tuple[float, float, int, int], expected: tuple[float, float, float]
):
    estimate, se, people, n_max = inputs

    low, high = asymptotic_sequence(estimate, se, people, n_max=n_max, alpha=0.05)
    p_value = always_valid_p(estimate, se, people, n_max=n_max, alpha=0.05)

    assert (low, high, p_value) == pytest.approx(expected, rel=1e-8, abs=1e-10), GBSTATS


def test_the_one_sided_sequences_match_gbstats():
    estimate = 2422.7 / 3461 - 1396.87 / 3000
    pairs = ((1396.87, 52377.9767, 3000), (2422.7, 134698.29, 3461))
    se = sqrt(sum((q - s * s / n) / (n - 1) / n for s, q, n in pairs))

    low = asymptotic_low(estimate, se, 6461, n_max=5000, alpha=0.05)
    high = -asymptotic_low(-estimate, se, 6461, n_max=5000, alpha=0.05)

    assert low == pytest.approx(-0.12656844172804982, abs=1e-5), GBSTATS
    assert high == pytest.approx(0.5953217750613832, abs=1e-5), GBSTATS


def test_the_e_value_is_the_likelihood_averaged_over_the_rates_above_the_threshold():
    c = mixture_weight(1000, confidence=0.95)
    prior = beta(c * 0.08, c * 0.92)

    def ratio(rate: float) -> float:
        return float((rate / 0.08) ** 30 * ((1 - rate) / 0.92) ** 220 * prior.pdf(rate))

    averaged = quad(ratio, 0.08, 0.5, limit=200)[0] / prior.sf(0.08)

    assert exp(log_evidence(30, 250, 0.08, weight=c)) == pytest.approx(averaged, rel=1e-6)


def test_the_expected_evidence_is_one_if_the_threshold_is_true():
    c = mixture_weight(1000, confidence=0.95)

    mean = sum(binom.pmf(k, 60, 0.08) * exp(log_evidence(k, 60, 0.08, weight=c)) for k in range(61))

    assert mean == pytest.approx(1, abs=1e-9)


@settings(deadline=None)
@given(st.integers(1, 3000), st.floats(0, 1), st.floats(0.005, 0.9))
def test_the_anytime_bound_says_what_the_evidence_says(people: int, share: float, threshold: float):
    hits = round(people * share)
    weight = mixture_weight(3000, confidence=0.95)
    evidence = log_evidence(hits, people, threshold, weight=weight)

    got = anytime_bounds(hits, people, n_max=3000, confidence=0.95)

    assert (got.low > threshold) == (evidence >= log(20)) or abs(got.low - threshold) < 1e-8
    assert 0 <= got.low <= hits / people <= got.high <= 1


def test_what_cannot_be_watched_is_refused():
    with pytest.raises(NotEnoughData):
        mixture_weight(5, confidence=0.95)
    with pytest.raises(NotEnoughData):
        anytime_bounds(0, 0, n_max=100, confidence=0.95)
    with pytest.raises(NotEnoughData):
        asymptotic_sequence(0.1, 0.0, 10, n_max=100, alpha=0.05)


def test_the_pass_count_is_where_the_evidence_first_suffices():
    needed = anytime_pass_count(600, 0.08, n_max=600, confidence=0.95)
    weight = mixture_weight(600, confidence=0.95)

    assert log_evidence(needed, 600, 0.08, weight=weight) >= log(20)
    assert log_evidence(needed - 1, 600, 0.08, weight=weight) < log(20)


@settings(deadline=None, max_examples=50)
@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.2), st.integers(2, 5000), st.floats(0.001, 0.2))
def test_the_p_value_is_under_alpha_where_zero_has_left_the_bounds(
    estimate: float, error: float, people: int, alpha: float
):
    low, high = asymptotic_sequence(estimate, error, people, n_max=2000, alpha=alpha)
    p_value = always_valid_p(estimate, error, people, n_max=2000, alpha=alpha)

    assert (p_value < alpha) == (low > 0 or high < 0) or abs(p_value - alpha) < 1e-9

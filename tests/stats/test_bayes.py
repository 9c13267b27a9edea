"""What is likely, given the counts: published numbers, twins, properties, refusals."""

from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, norm

from app.stats.bayes import (
    JEFFREYS,
    Belief,
    Prior,
    chance_to_beat,
    expected_loss,
    posterior_difference,
    posterior_interval,
)
from app.stats.checks import NotEnoughData
from app.stats.normal_belief import Effect, normal_belief, normal_losses, relative_effect
from app.stats.two_arm import Arm

A, B = Arm(104, 42), Arm(1009, 500)


@st.composite
def arms(draw: st.DrawFn, most: int = 2000) -> Arm:
    people = draw(st.integers(1, most))
    return Arm(people, draw(st.integers(0, people)))


def test_the_chance_to_beat_matches_millers_form_checked_by_quadrature():
    assert chance_to_beat(B, A) == pytest.approx(0.9620819667900848, abs=1e-9)  # c189


def test_an_interval_matches_spotifys_confidence():
    got = posterior_interval(500, 1009, confidence=0.95, prior=JEFFREYS)  # c085

    assert (got.low, got.high) == pytest.approx((0.46473987, 0.52636595), abs=1e-6)


def test_a_difference_matches_spotifys_confidence():
    # c087, a seeded Monte Carlo there: hence the tolerance
    got = posterior_difference(B, A, confidence=0.95, prior=JEFFREYS)

    assert (got.mean, got.low, got.high) == pytest.approx(
        (0.090737, -0.0092189024, 0.18712235), abs=1.5e-3
    )
    assert (got.chance_to_beat, got.loss, got.loss_baseline) == pytest.approx(
        (0.962782, 0.000767784, 0.091504838), abs=1.5e-3
    )


@given(arms(300), arms(300))
@settings(max_examples=40)
def test_closed_forms_agree_with_the_integrated_difference(arm: Arm, baseline: Arm):
    got = posterior_difference(arm, baseline, confidence=0.9)

    assert chance_to_beat(arm, baseline) == pytest.approx(got.chance_to_beat, abs=2e-5)
    assert expected_loss(arm, baseline) == pytest.approx(got.loss, abs=2e-5)
    assert expected_loss(baseline, arm) == pytest.approx(got.loss_baseline, abs=2e-5)


@pytest.mark.parametrize(("arm", "baseline"), [(B, A), (Arm(500, 0), Arm(400, 3)), (Arm(3, 3), A)])
def test_chance_and_loss_agree_with_quadrature(arm: Arm, baseline: Arm):
    own, base = (beta(one.hits + 1, one.people - one.hits + 1) for one in (arm, baseline))
    peak = [float(own.mean()), float(base.mean())]
    chance = quad(lambda x: own.pdf(x) * base.cdf(x), 0, 1, points=peak, epsabs=1e-12)[0]
    # E[(base - own)+] = the integral of P(own < x < base)
    loss = quad(lambda x: own.cdf(x) * base.sf(x), 0, 1, points=peak, epsabs=1e-12)[0]

    assert chance_to_beat(arm, baseline) == pytest.approx(chance, abs=1e-8)
    assert expected_loss(arm, baseline) == pytest.approx(loss, abs=1e-8)


@given(arms(), arms())
@settings(max_examples=80)
def test_one_of_two_is_better_and_losses_differ_by_the_means(arm: Arm, baseline: Arm):
    own, base = ((one.hits + 1) / (one.people + 2) for one in (arm, baseline))

    assert chance_to_beat(arm, baseline) + chance_to_beat(baseline, arm) == pytest.approx(1)
    assert 0 <= chance_to_beat(arm, baseline) <= 1
    gap = expected_loss(baseline, arm) - expected_loss(arm, baseline)
    assert gap == pytest.approx(own - base, abs=1e-9)


def test_large_counts_neither_overflow_nor_lose_digits():
    arm, baseline = Arm(1_000_000, 100_500), Arm(1_000_000, 100_000)
    z = 0.0005 / sqrt((0.1005 * 0.8995 + 0.09) / 1e6)

    assert chance_to_beat(arm, baseline) == pytest.approx(norm.cdf(z), abs=1e-4)


@given(arms(), st.floats(0.5, 0.99))
@settings(max_examples=40)
def test_an_interval_agrees_with_scipy(arm: Arm, confidence: float):
    expected = beta(arm.hits + 1, arm.people - arm.hits + 1).interval(confidence)
    got = posterior_interval(arm.hits, arm.people, confidence=confidence)

    assert (got.low, got.high) == pytest.approx(expected, abs=1e-9)
    assert 0 < got.low < got.high < 1


def mean_of(total: float, squares: float, n: int) -> Effect:
    """A mean and its standard error from sums, with n - 1."""
    return Effect(total / n, sqrt((squares - total**2 / n) / (n - 1) / n))


def rate_of(hits: int, n: int) -> Effect:
    return Effect(hits / n, sqrt(hits / n * (1 - hits / n) / n))


GROWTHBOOK = "growthbook@8f1db445 packages/stats"


@pytest.mark.parametrize(
    ("arm", "base", "prior", "expected", "within"),
    [
        # TestNorm::test_bayesian_gaussian_ab_test, …_informative: c017, c018
        (mean_of(105, 1111.5, 10), mean_of(100, 1002.25, 10), (0.0, inf),
         Belief(0.05, -0.02, 0.12, 0.91923, 0.00131, 0.05131), 1.1e-5),
        (mean_of(105, 1111.5, 10), mean_of(100, 1002.25, 10), (0.1, 0.1),
         Belief(0.05063, -0.01893, 0.12019, 0.92315, 0.00123, 0.05186), 1.1e-5),
        # gbstats run: g023, g024, g029, g030
        (rate_of(100, 1000), rate_of(80, 1000), (0.0, inf),
         Belief(0.25000000000000006, -0.10078017026388297, 0.6007801702638831,
                0.9187722513656966, 0.006608105705272768, 0.2566081057052728), 1e-9),
        (rate_of(100, 1000), rate_of(80, 1000), (0.0, 0.09),
         Belief(0.18437900128040977, -0.11686663133106243, 0.48562463389188193,
                0.8848538885846488, 0.008629885676615285, 0.19300888695702506), 1e-9),
        (rate_of(460, 5000), rate_of(400, 5000), (0.0, inf),
         Belief(0.14999999999999997, 0.0026470712226309423, 0.29735292877736896,
                0.9769879973356159, 0.0006466466441969839, 0.15064664664419694), 1e-9),
        (rate_of(460, 5000), rate_of(400, 5000), (0.0, 0.09),
         Belief(0.14113625136889094, -0.0017967231962303376, 0.2840692259340122,
                0.973524877159522, 0.0007350925875735891, 0.14187134395646453), 1e-9),
    ],
)  # fmt: skip
def test_relative_beliefs_match_growthbook(arm, base, prior, expected, within):
    got = normal_belief(
        relative_effect(arm, base), confidence=0.95, prior_mean=prior[0], prior_variance=prior[1]
    )

    for name in ("mean", "low", "high", "chance_to_beat", "loss", "loss_baseline"):
        assert getattr(got, name) == pytest.approx(getattr(expected, name), abs=within), GROWTHBOOK


def test_a_relative_belief_of_means_matches_growthbook_and_its_mirror_where_less_is_better():
    # c025, c026: test_get_metric_dfs_new, …_inverse
    got = normal_belief(
        relative_effect(mean_of(300, 869, 120), mean_of(270, 848.79, 100)), confidence=0.95
    )

    assert got.mean == pytest.approx(-0.074074074, abs=1e-8)
    assert (got.chance_to_beat, got.loss) == pytest.approx((0.071834168, 0.075691131), abs=1e-8)
    assert 1 - got.chance_to_beat == pytest.approx(0.928165832, abs=1e-8)
    assert got.loss_baseline == pytest.approx(0.001617057, abs=1e-8)


def test_a_relative_belief_matches_posthog():
    # c054: products/experiments/stats/tests/test_bayesian.py::test_realistic_example
    got = normal_belief(
        relative_effect(mean_of(1922.7, 94698.29, 2461), mean_of(1196.87, 37377.9767, 2507)),
        confidence=0.95,
    )

    assert (got.mean, got.low, got.high, got.chance_to_beat) == pytest.approx(
        (0.63646, -0.0873, 1.36026, 0.95759), abs=5e-5
    )


def test_a_relative_belief_with_sample_variance_matches_flagsmith():
    got = normal_belief(  # c055: test_stats.py::more_conversions
        relative_effect(mean_of(120, 120, 1000), mean_of(100, 100, 1000)), confidence=0.95
    )

    assert (got.mean, got.low, got.high, got.chance_to_beat) == pytest.approx(
        (0.2, -0.10074, 0.50074, 0.90379), abs=1e-4
    )


def test_a_belief_about_ratios_matches_growthbook():
    # c027: test_get_metric_dfs_bayesian_ratio; the ratio's variance by the delta method
    def ratio(n: int, num: tuple[float, float], den: tuple[float, float], both: float) -> Effect:
        y, x = num[0] / n, den[0] / n
        yy, xx = ((squares - total**2 / n) / (n - 1) for total, squares in (num, den))
        xy = (both - num[0] * den[0] / n) / (n - 1)
        return Effect(y / x, sqrt((yy - 2 * y / x * xy + (y / x) ** 2 * xx) / x**2 / n))

    base = ratio(100, (270, 848.79), (510, 810), -900)
    arm = ratio(120, (300, 869), (500, 800), -905)
    got = normal_belief(relative_effect(arm, base), confidence=0.95)

    assert (base.estimate, arm.estimate) == pytest.approx((0.529411765, 0.6), abs=1e-8)
    assert (got.mean, got.chance_to_beat, got.loss) == pytest.approx(
        (0.133333333, 0.694926359, 0.050934045), abs=1e-8
    )


def test_beliefs_about_quantiles_match_growthbook():
    # c019 to c021: TestEffectBayesianABTest; a quantile's error there is from its 95 % bounds,
    # with n - 1 of n people
    def quantile(people: int, at: float, low: float, high: float) -> Effect:
        return Effect(at, (high - low) / 2 / norm.ppf(0.975) * sqrt((people - 1) / people))

    base = quantile(11054, 7.157987489967789, 7.098780136176828, 7.217194843758751)
    arm = quantile(10861, 7.694499927525767, 7.64180598628119, 7.747193868770344)
    absolute = Effect(arm.estimate - base.estimate, sqrt(arm.error**2 + base.error**2))
    flat = normal_belief(absolute, confidence=0.95)
    shrunk = normal_belief(absolute, confidence=0.95, prior_variance=base.estimate**2)
    relative = normal_belief(relative_effect(arm, base), confidence=0.95, prior_variance=1e6)

    assert (flat.mean, flat.low, flat.high) == pytest.approx(
        (0.5365124375579775, 0.4572559589115422, 0.6157689162044128), abs=1e-9
    )
    assert (shrunk.mean, shrunk.low, shrunk.high) == pytest.approx(
        (0.536495315442269, 0.4572401014910488, 0.6157505293934892), abs=1e-9
    )
    assert (relative.mean, relative.low, relative.high) == pytest.approx(
        (0.07495297222736319, 0.06341005842481906, 0.08649588602990732), abs=1e-9
    )


@pytest.mark.parametrize(
    ("mean", "error", "losses", "within"),
    [
        (0.1, 0.05, (0.0004245351308414, 0.1004245351308), 1e-10),  # c022
        (-0.01, 4.5e-09, (0.01, 0.0), 1e-12),  # c024
    ],
)
def test_normal_losses_match_growthbook(mean, error, losses, within):
    assert normal_losses(mean, error) == pytest.approx(losses, abs=within)


@given(st.floats(-2, 2), st.floats(0.05, 2))
@settings(max_examples=40)
def test_normal_losses_agree_with_quadrature(mean: float, error: float):
    steps = np.linspace(-12, 12, 200_001)
    weights = norm.pdf(steps) * (steps[1] - steps[0])
    effect = mean + error * steps
    expected = (weights * np.maximum(-effect, 0)).sum(), (weights * np.maximum(effect, 0)).sum()

    assert normal_losses(mean, error) == pytest.approx(expected, abs=1e-7)


@given(st.floats(-1, 1), st.floats(0.01, 1), st.floats(-1, 1), st.floats(0.001, 10))
@settings(max_examples=60)
def test_a_belief_lies_between_prior_and_estimate_and_is_surer_than_either(
    estimate: float, error: float, prior: float, variance: float
):
    effect = Effect(estimate, error)
    got = normal_belief(effect, confidence=0.9, prior_mean=prior, prior_variance=variance)
    flat = normal_belief(effect, confidence=0.9)

    assert min(prior, estimate) - 1e-9 <= got.mean <= max(prior, estimate) + 1e-9
    assert got.high - got.low <= flat.high - flat.low + 1e-12
    assert got.loss_baseline - got.loss == pytest.approx(got.mean, abs=1e-9)


@pytest.mark.parametrize("method", [chance_to_beat, expected_loss])
def test_an_empty_arm_has_no_chance_and_no_loss(method):
    for arm, baseline in ((Arm(0, 0), A), (A, Arm(0, 0))):
        with pytest.raises(NotEnoughData, match="nobody"):
            method(arm, baseline)
        with pytest.raises(NotEnoughData, match="nobody"):
            posterior_difference(arm, baseline, confidence=0.95)


@pytest.mark.parametrize("confidence", [0, 1, nan])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float):
    for refused in (
        lambda: posterior_interval(1, 9, confidence=confidence),
        lambda: posterior_difference(A, B, confidence=confidence),
        lambda: normal_belief(Effect(1, 1), confidence=confidence),
    ):
        with pytest.raises(ValueError, match="confidence"):
            refused()


@pytest.mark.parametrize(("hits", "misses"), [(0, 1), (1, 0), (nan, 1), (1, inf), (-1, 1)])
def test_a_prior_that_is_none_is_refused(hits: float, misses: float):
    with pytest.raises(ValueError, match="prior"):
        Prior(hits, misses)


def test_effects_without_spread_or_baseline_or_sense_are_refused():
    with pytest.raises(NotEnoughData, match="spread"):
        Effect(0.1, 0)
    with pytest.raises(NotEnoughData, match="baseline is 0"):
        relative_effect(Effect(1, 1), Effect(0, 1))
    for estimate, error in ((nan, 1), (1, nan), (1, -1), (inf, 1)):
        with pytest.raises(ValueError, match="effect takes"):
            Effect(estimate, error)
        with pytest.raises(ValueError, match="must be numbers"):
            normal_losses(estimate, error)
    for mean, variance in ((nan, 1), (0, 0), (0, -1), (0, nan)):
        with pytest.raises(ValueError, match="prior"):
            normal_belief(Effect(1, 1), confidence=0.9, prior_mean=mean, prior_variance=variance)

"""An arm against its baseline: published numbers, second implementations, properties, refusals."""

from itertools import product
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import barnard_exact, binom, fisher_exact
from statsmodels.stats.proportion import proportions_ztest

from app.stats.checks import NotEnoughData
from app.stats.exact import exact_difference
from app.stats.one_arm import State
from app.stats.score import Pair, restricted_rate, score_low
from app.stats.skewed import skewed_low, skewed_p, skewed_z
from app.stats.two_arm import Arm, compare, critical_value

Z95 = critical_value(0.95)


@st.composite
def arms(draw: st.DrawFn, least: int = 1, most: int = 3000) -> Arm:
    people = draw(st.integers(least, most))
    return Arm(people, draw(st.integers(0, people)))


@st.composite
def busy_arms(draw: st.DrawFn) -> Arm:
    people = draw(st.integers(200, 3000))
    return Arm(people, draw(st.integers(people // 20, people // 2)))


def pair_of(arm: Arm, baseline: Arm) -> Pair:
    return Pair(arm.hits, arm.people, baseline.hits, baseline.people)


def score_bounds(pair: Pair, critical: float = Z95) -> tuple[float, float]:
    return score_low(pair, critical=critical), -score_low(pair.turned(), critical=critical)


@pytest.mark.parametrize(
    ("pair", "low", "high", "within"),
    [
        # c134, R PropCIs diffscoreci; statsmodels' method=score gives 0.0273, 0.3434 (its #10269)
        (Pair(7, 34, 1, 34), 0.0270416, 0.3452912, 1e-6),
        # c156, WUSS 2016 paper 127 p. 9 (SAS)
        (Pair(84, 101, 89, 105), -0.1191, 0.086, 1e-4),
    ],
)
def test_the_score_interval_matches_miettinen_and_nurminen(
    pair: Pair, low: float, high: float, within: float
):
    assert score_bounds(pair) == pytest.approx((low, high), abs=within)


@given(arms(), arms(), st.floats(-0.95, 0.95))
@settings(max_examples=80)
def test_the_restricted_rate_is_the_likeliest(arm: Arm, baseline: Arm, difference: float):
    def cost(base: float) -> float:
        rate = min(1.0, max(0.0, base + difference))
        one = xlogy(arm.hits, rate) + xlog1py(arm.people - arm.hits, -rate)
        other = xlogy(baseline.hits, base) + xlog1py(baseline.people - baseline.hits, -base)
        return float(-one - other)

    edges = max(0.0, -difference), min(1.0, 1 - difference)
    searched = minimize_scalar(cost, bounds=edges, method="bounded", options={"xatol": 1e-11})

    ours = cost(restricted_rate(pair_of(arm, baseline), difference))

    assert ours <= searched.fun + 1e-7 * (1 + abs(searched.fun))


@given(busy_arms(), busy_arms(), st.floats(0.6, 0.999))
@settings(max_examples=60)
def test_the_score_interval_agrees_with_a_root_search_over_searched_rates(
    arm: Arm, baseline: Arm, confidence: float
):
    def z(difference: float) -> float:
        def cost(base: float) -> float:
            rate = base + difference
            one = xlogy(arm.hits, rate) + xlog1py(arm.people - arm.hits, -rate)
            other = xlogy(baseline.hits, base) + xlog1py(baseline.people - baseline.hits, -base)
            return float(-one - other)

        edges = max(0.0, -difference) + 1e-12, min(1.0, 1 - difference) - 1e-12
        base = minimize_scalar(cost, bounds=edges, method="bounded", options={"xatol": 1e-12}).x
        rate, everybody = base + difference, arm.people + baseline.people
        variance = rate * (1 - rate) / arm.people + base * (1 - base) / baseline.people
        error = np.sqrt(variance * everybody / (everybody - 1))
        return float((arm.rate - baseline.rate - difference) / error)

    critical, seen = critical_value(confidence), arm.rate - baseline.rate
    expected = [
        brentq(lambda d, c=c: z(d) - c, seen - 0.4, seen + 0.4) for c in (critical, -critical)
    ]

    assert score_bounds(pair_of(arm, baseline), critical) == pytest.approx(expected, abs=1e-5)


def test_pooled_z_and_our_test_agree_about_15_and_6_of_500():
    got = compare(Arm(500, 15), Arm(500, 6), confidence=0.95, mde=0.02)

    assert got.p_value == pytest.approx(0.0473, abs=1e-4)  # pooled z has p = .0471
    assert (got.state, got.low > 0) == (State.VALIDATED, True)  # Newcombe's low is -.0002


def test_no_click_in_the_baseline_is_evidence_and_no_error():
    # where gbstats refuses with p = 1
    got = compare(Arm(500, 12), Arm(500, 0), confidence=0.95, mde=0.02)

    assert fisher_exact([[12, 0], [488, 500]]).pvalue < 0.001
    assert (got.state, got.relative) == (State.VALIDATED, None)
    assert got.p_value < 0.001


@given(arms(most=400), arms(most=400), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@settings(max_examples=120)
def test_the_call_the_p_value_and_the_interval_cannot_disagree(
    arm: Arm, baseline: Arm, confidence: float
):
    got = compare(arm, baseline, confidence=confidence, mde=0.05)

    if abs(got.p_value - (1 - confidence)) > 1e-9:
        assert (got.p_value < 1 - confidence) == (got.low > 0 or got.high < 0)
    assert (got.state is State.VALIDATED) == (got.low > 0)
    assert (got.state is State.REFUTED) == (got.low <= 0 and got.high < 0.05)
    assert -1 <= got.low <= got.difference <= got.high <= 1
    assert 0 < got.p_value <= 1


@given(arms(most=300), arms(most=300))
@settings(max_examples=60)
def test_swapping_the_arms_mirrors_the_interval(arm: Arm, baseline: Arm):
    one = compare(arm, baseline, confidence=0.95, mde=0.05)
    other = compare(baseline, arm, confidence=0.95, mde=0.05)

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert one.p_value == pytest.approx(other.p_value, rel=1e-6)


@given(arms(most=200), arms(most=200))
@settings(max_examples=60)
def test_one_more_click_in_the_arm_never_lowers_a_bound_of_one_method(arm: Arm, baseline: Arm):
    if arm.hits == arm.people:
        return
    more = Arm(arm.people, arm.hits + 1)
    one = compare(arm, baseline, confidence=0.95, mde=0.05)
    other = compare(more, baseline, confidence=0.95, mde=0.05)
    if one.method == other.method:
        assert one.low <= other.low + 1e-4  # the grid of shared rates moves with the counts
        assert one.high <= other.high + 1e-4


@pytest.mark.parametrize(("people", "base_people"), [(8, 8), (12, 6), (5, 15)])
def test_the_exact_interval_covers_at_every_pair_of_rates(people: int, base_people: int):
    """All tables enumerated: each side misses in 2.5 % at most, whatever the rates."""
    tables = list(product(range(people + 1), range(base_people + 1)))
    answers = [
        exact_difference(Pair(x, people, y, base_people), confidence=0.95) for x, y in tables
    ]
    low, high = (np.array([getattr(a, side) for a in answers]) for side in ("low", "high"))
    x, y = np.array(tables).T

    for rate, base in product(np.linspace(0.02, 0.98, 25), repeat=2):
        chance = binom.pmf(x, people, rate) * binom.pmf(y, base_people, base)
        assert chance[low > rate - base].sum() <= 0.025 + 1e-5
        assert chance[high < rate - base].sum() <= 0.025 + 1e-5


def test_sparse_arms_of_hundreds_are_called_wrongly_in_under_5_percent():
    people, base_people, most = 300, 100, 16
    tables = list(product(range(most), range(most)))
    answers = [
        compare(Arm(people, x), Arm(base_people, y), confidence=0.95, mde=0.5) for x, y in tables
    ]
    wrong = np.array([a.low > 0 or a.high < 0 for a in answers])
    x, y = np.array(tables).T

    for rate in (0.001, 0.003, 0.006, 0.01, 0.015):
        chance = binom.pmf(x, people, rate) * binom.pmf(y, base_people, rate)
        assert chance[wrong].sum() + 1 - chance.sum() < 0.055


@pytest.mark.parametrize("pair", [Pair(8, 10, 1, 6), Pair(5, 5, 0, 5), Pair(0, 20, 5, 20)])
def test_where_the_bound_is_near_0_the_exact_p_is_barnards(pair: Pair):
    # SciPy searches all shared rates, we those in their 1 - 1e-7 interval
    got = exact_difference(pair, confidence=0.95).p_value
    table = [[pair.hits, pair.base_hits],
             [pair.people - pair.hits, pair.base_people - pair.base_hits]]  # fmt: skip
    sides = [barnard_exact(table, alternative=side).pvalue for side in ("less", "greater")]

    assert got == pytest.approx(2 * min(sides), rel=2e-3)


def test_nobody_clicked_in_either_arm_still_bounds_the_difference():
    got = compare(Arm(500, 0), Arm(500, 0), confidence=0.95, mde=0.02)

    assert (got.difference, got.p_value, got.relative) == (0, 1, None)
    assert got.high == pytest.approx(-got.low)
    assert 0.007 < got.high < 0.009  # one arm alone: 1 - 0.025^(1/500) = 0.0073
    assert got.state is State.REFUTED


def test_everybody_clicked_in_both_arms_is_no_error():
    got = compare(Arm(50, 50), Arm(60, 60), confidence=0.95, mde=0.02)

    assert (got.difference, got.state) == (0, State.INCONCLUSIVE)
    assert -0.12 < got.low < 0 < got.high < 0.12


def test_an_effect_shown_but_under_the_mde_is_validated():
    got = compare(Arm(100_000, 9_000), Arm(100_000, 8_500), confidence=0.95, mde=0.02)

    assert 0 < got.low < got.high < 0.02
    assert got.state is State.VALIDATED


@pytest.mark.parametrize("pair", [Pair(0, 9, 0, 9), Pair(9, 9, 7, 7)])
def test_a_score_of_no_variance_is_refused(pair: Pair):
    with pytest.raises(NotEnoughData, match="exact"):
        skewed_p(pair)


@given(busy_arms(), busy_arms(), st.floats(0.6, 0.999))
@settings(max_examples=60)
def test_the_corrected_interval_is_its_z_inverted(arm: Arm, baseline: Arm, confidence: float):
    pair, critical = pair_of(arm, baseline), critical_value(confidence)
    low = skewed_low(pair, critical=critical)
    high = -skewed_low(pair.turned(), critical=critical)

    assert skewed_z(pair, low) == pytest.approx(critical, abs=1e-7)
    assert skewed_z(pair, high) == pytest.approx(-critical, abs=1e-7)
    assert low < arm.rate - baseline.rate < high


@given(busy_arms(), busy_arms())
@settings(max_examples=60)
def test_the_corrected_z_solves_its_equation(arm: Arm, baseline: Arm):
    """z + s(z² - 1) = t by Brent's method, with t and s written down anew."""
    pair = pair_of(arm, baseline)
    p, n, m = pair.pooled, arm.people, baseline.people
    variance = p * (1 - p) * (1 / n + 1 / m) * (n + m) / (n + m - 1)
    t = pair.difference / np.sqrt(variance)
    s = p * (1 - p) * (1 - 2 * p) * (1 / n**2 - 1 / m**2) / (6 * variance**1.5)
    top = 1 / abs(2 * s) if s else 99.0
    ends = sorted((-1 / (2 * s), np.copysign(50.0, s))) if abs(s) > 1e-9 else (-top, top)

    found = brentq(lambda z: z + s * (z * z - 1) - t, *ends, xtol=1e-13)
    assert skewed_z(pair, 0.0) == pytest.approx(found, abs=1e-6)


def test_arms_of_one_size_leave_the_score_as_it_is():
    pooled = proportions_ztest([60, 40], [500, 500])[0]

    assert skewed_z(Pair(60, 500, 40, 500), 0.0) == pytest.approx(pooled * np.sqrt(999 / 1000))


@pytest.mark.parametrize(("people", "hits"), [(10, 11), (10, -1), (-1, 0), (10, nan), (nan, 1)])
def test_impossible_counts_are_refused(people: int, hits: int):
    with pytest.raises(ValueError, match="hits must lie"):
        Arm(people, hits)


@pytest.mark.parametrize(("arm", "baseline"), [(Arm(0, 0), Arm(9, 1)), (Arm(9, 1), Arm(0, 0))])
def test_an_empty_arm_is_an_error_not_a_zero(arm: Arm, baseline: Arm):
    with pytest.raises(NotEnoughData, match="nobody"):
        compare(arm, baseline, confidence=0.95, mde=0.02)


@pytest.mark.parametrize("wrong", [0, 1, -0.1, 1.5, nan])
def test_confidence_or_mde_outside_0_to_1_are_refused(wrong: float):
    with pytest.raises(ValueError, match="confidence"):
        compare(Arm(9, 1), Arm(9, 1), confidence=wrong, mde=0.02)
    with pytest.raises(ValueError, match="mde"):
        compare(Arm(9, 1), Arm(9, 1), confidence=0.95, mde=wrong)

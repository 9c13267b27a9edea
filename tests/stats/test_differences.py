"""Others' answers about two rates and one: published numbers, twins, properties, refusals."""

from math import nan, pi, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportion_effectsize,
    proportions_ztest,
)

from app.stats.checks import NotEnoughData
from app.stats.differences import (
    agresti_caffo,
    cohens_h,
    mee,
    newcombe,
    pooled_z,
    unpooled_z,
    wald,
)
from app.stats.one_rate import agresti_coull, noninferiority, normal_interval, one_sample_z
from app.stats.two_arm import Arm

METHODS = (newcombe, agresti_caffo, wald, mee)


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    people = draw(st.integers(2, 3000))
    return Arm(people, draw(st.integers(1, people - 1)))


@pytest.mark.parametrize(
    ("method", "arm", "baseline", "low", "high", "within"),
    [
        # Newcombe (1998), Table II, method 10: c140, c141, c144, c146, c147
        (newcombe, Arm(70, 56), Arm(80, 48), 0.0524, 0.3339, 6e-5),
        (newcombe, Arm(10, 9), Arm(10, 3), 0.1705, 0.809, 6e-5),
        (newcombe, Arm(10, 0), Arm(20, 0), -0.1611, 0.2775, 6e-5),
        (newcombe, Arm(10, 10), Arm(20, 0), 0.6791, 1.0, 6e-5),
        (newcombe, Arm(10, 10), Arm(10, 0), 0.6075, 1.0, 6e-5),
        # Fagerland, Lydersen & Laake (2015), SMMR 24:224, Perondi's data: c126, c127
        (newcombe, Arm(34, 7), Arm(34, 1), 0.019, 0.34, 0.006),
        (mee, Arm(34, 7), Arm(34, 1), 0.028, 0.34, 0.006),
        # R PropCIs: c132, c133
        (agresti_caffo, Arm(34, 7), Arm(34, 1), 0.01161167, 0.32172166, 6e-7),
        (wald, Arm(34, 7), Arm(34, 1), 0.02916942, 0.32377176, 6e-7),
        # WUSS 2016 paper 127 p. 9 (SAS): c151, c153, c155
        (agresti_caffo, Arm(10, 9), Arm(10, 3), 0.16, 0.84, 1e-4),
        (wald, Arm(101, 84), Arm(105, 89), -0.1162, 0.0843, 1e-4),
        (agresti_caffo, Arm(101, 84), Arm(105, 89), -0.1168, 0.085, 1e-4),
        # spotify/confidence@e1f8a492 test_chisquared.py: c066
        (wald, Arm(1009, 500), Arm(104, 42), -0.0075254411815593725, 0.190913, 2e-6),
    ],
)
def test_intervals_match_published_ones(*, method, arm, baseline, low, high, within):
    got = method(arm, baseline, confidence=0.95)

    assert (got.low, got.high) == pytest.approx((low, high), abs=within)


def test_wald_at_999_of_1000_matches_spotifys_confidence():
    got = wald(Arm(1009, 500), Arm(104, 42), confidence=0.999)  # c068

    assert (got.low, got.high) == pytest.approx((-0.074883, 0.258271), rel=2e-5)


def test_z_tests_match_published_ones():
    # c121 statsmodels test_default_values; c066 and c075 spotify/confidence
    pooled = pooled_z(Arm(83, 5), Arm(99, 12))

    assert (pooled.z, pooled.p_value) == pytest.approx((-1.4078304151258787, 0.15918129181156992))
    assert pooled_z(Arm(1009, 500), Arm(104, 42)).p_value == pytest.approx(0.074866, rel=2e-5)
    assert unpooled_z(Arm(1009, 500), Arm(104, 42)).p_value == pytest.approx(0.0700932382, rel=1e-3)


def test_pooled_z_and_newcombe_disagree_about_15_and_6_of_500_so_neither_decides():
    arm, baseline = Arm(500, 15), Arm(500, 6)

    assert pooled_z(arm, baseline).p_value == pytest.approx(0.047, abs=5e-4)
    assert newcombe(arm, baseline, confidence=0.95).low == pytest.approx(-0.0002, abs=5e-5)


def test_a_rate_against_a_threshold_matches_statsmodels_published_test():
    got = one_sample_z(5, 83, 0.05)  # c122

    assert (got.z, got.p_value) == pytest.approx((0.392126026314, 0.694965098115), abs=1e-9)


@pytest.mark.parametrize(
    ("method", "hits", "people", "confidence", "low", "high", "within"),
    [
        # statsmodels@82c59e37 test_proportion.py (R binom.confint): c088, c096, c101
        (agresti_coull, 18, 20, 0.95, 0.6867561125596077, 0.984343760998137, 1e-6),
        (normal_interval, 4, 20, 0.95, 0.0246954918846837, 0.3753045081153163, 1e-6),
        (normal_interval, 4, 200, 0.95, 0.000597346459104517, 0.0394026535408955, 1e-6),
        # R DescTools BinomCI: c104; lower bounds of 95 % to one side c108, c109
        (agresti_coull, 100, 200, 0.95, 0.4313609, 0.5686391, 5e-7),
        (normal_interval, 100, 200, 0.9, 0.4418456, 1 - 0.4418456, 5e-7),
        (agresti_coull, 100, 200, 0.9, 0.442235, 1 - 0.442235, 5e-7),
        # spotify/confidence@e1f8a492 test_chisquared.py::test_summary: c065
        (normal_interval, 500, 1009, 0.95, 0.4646901340180582, 0.5263901434844195, 1e-6),
    ],
)
def test_intervals_of_one_rate_match_r(*, method, hits, people, confidence, low, high, within):
    got = method(hits, people, confidence=confidence)

    assert (got.low, got.high) == pytest.approx((low, high), abs=within)


def test_cohens_h_matches_statsmodels_published_test():
    assert cohens_h(0.5, 0.4) == pytest.approx(0.2013579207903309, abs=1e-13)  # c123


def test_noninferiority_matches_spotifys_confidence():
    # c077: sums 10021, 9892 and squares 25142, 24510 of 5,000 each; 2 % worse is bearable
    base, mean = 10021 / 5000, 9892 / 5000
    error = sqrt((25142 / 5000 - base**2) / 5000 + (24510 / 5000 - mean**2) / 5000)

    got = noninferiority(mean - base, error, margin=0.02 * base, confidence=0.99)

    assert got.high == pytest.approx(0.0207, abs=5e-4)
    assert got.p_value < 0.01


@given(arms(), arms(), st.floats(0.6, 0.999))
@settings(max_examples=80)
def test_intervals_agree_with_statsmodels(arm: Arm, baseline: Arm, confidence: float):
    for method, name in ((newcombe, "newcomb"), (agresti_caffo, "agresti-caffo"), (wald, "wald")):
        low, high = confint_proportions_2indep(
            arm.hits, arm.people, baseline.hits, baseline.people,
            method=name, alpha=1 - confidence,
        )  # fmt: skip
        got = method(arm, baseline, confidence=confidence)
        assert (got.low, got.high) == pytest.approx((max(-1, low), min(1, high)), abs=1e-9)


@given(arms(), arms())
@settings(max_examples=80)
def test_z_and_h_agree_with_statsmodels(arm: Arm, baseline: Arm):
    hits, people = [arm.hits, baseline.hits], [arm.people, baseline.people]
    pooled, unpooled = pooled_z(arm, baseline), unpooled_z(arm, baseline)
    error = sqrt(sum(one.rate * (1 - one.rate) / one.people for one in (arm, baseline)))
    z = (arm.rate - baseline.rate) / error

    assert (pooled.z, pooled.p_value) == pytest.approx(
        tuple(map(float, proportions_ztest(hits, people))), abs=1e-9
    )
    assert (unpooled.z, unpooled.p_value) == pytest.approx((z, 2 * norm.sf(abs(z))), abs=1e-9)
    assert cohens_h(arm.rate, baseline.rate) == pytest.approx(
        float(proportion_effectsize(arm.rate, baseline.rate)), abs=1e-12
    )


@given(arms(), st.floats(0.6, 0.999))
@settings(max_examples=80)
def test_intervals_of_one_rate_agree_with_statsmodels(arm: Arm, confidence: float):
    for method, name in ((normal_interval, "normal"), (agresti_coull, "agresti_coull")):
        expected = proportion_confint(arm.hits, arm.people, 1 - confidence, name)
        got = method(arm.hits, arm.people, confidence=confidence)
        assert (got.low, got.high) == pytest.approx(tuple(map(float, expected)), abs=1e-9)


@given(arms(), arms(), st.sampled_from(METHODS))
@settings(max_examples=80)
def test_swapping_the_arms_mirrors_an_interval(arm: Arm, baseline: Arm, method):
    one, other = method(arm, baseline, confidence=0.9), method(baseline, arm, confidence=0.9)

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert -1 <= one.low <= one.high <= 1 + 1e-12


@given(st.floats(-1, 1), st.floats(0.001, 1), st.floats(0, 1), st.floats(0.6, 0.999))
@settings(max_examples=80)
def test_the_bound_is_under_the_margin_exactly_if_the_p_value_is_small(
    harm: float, error: float, margin: float, confidence: float
):
    got = noninferiority(harm, error, margin=margin, confidence=confidence)

    assert got.p_value == pytest.approx(norm.cdf((harm - margin) / error), abs=1e-12)
    if abs(got.high - margin) > 1e-9:
        assert (got.high < margin) == (got.p_value < 1 - confidence)


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=40)
def test_h_changes_sign_with_its_rates_and_ends_at_pi(rate: float, base: float):
    assert cohens_h(rate, base) == pytest.approx(-cohens_h(base, rate), abs=1e-12)
    assert -pi <= cohens_h(rate, base) <= pi


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_arm_is_refused(method):
    with pytest.raises(NotEnoughData, match="nobody"):
        method(Arm(0, 0), Arm(10, 1), confidence=0.95)
    with pytest.raises(NotEnoughData, match="nobody"):
        method(Arm(10, 1), Arm(0, 0), confidence=0.95)


@pytest.mark.parametrize("hits", [0, 10])
def test_methods_without_width_refuse_none_and_all(hits: int):
    arm = Arm(10, hits)

    for refused in (
        lambda: wald(arm, arm, confidence=0.95),
        lambda: pooled_z(arm, arm),
        lambda: unpooled_z(arm, arm),
        lambda: normal_interval(hits, 10, confidence=0.95),
        lambda: one_sample_z(hits, 10, 0.5),
    ):
        with pytest.raises(NotEnoughData):
            refused()


@pytest.mark.parametrize("confidence", [0, 1, 2, nan])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float):
    for refused in (
        *(lambda m=m: m(Arm(9, 1), Arm(9, 2), confidence=confidence) for m in METHODS),
        lambda: normal_interval(1, 9, confidence=confidence),
        lambda: agresti_coull(1, 9, confidence=confidence),
        lambda: noninferiority(0.1, 0.1, margin=0.2, confidence=confidence),
    ):
        with pytest.raises(ValueError, match="confidence"):
            refused()


@pytest.mark.parametrize("method", [normal_interval, agresti_coull])
@pytest.mark.parametrize(("hits", "people"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_of_one_rate_are_refused(method, hits: int, people: int):
    with pytest.raises(ValueError, match=r"nobody|hits must lie"):
        method(hits, people, confidence=0.95)


@pytest.mark.parametrize(("rate", "base"), [(-0.1, 0.5), (0.5, 1.1), (nan, 0.5)])
def test_h_of_no_rate_is_refused(rate: float, base: float):
    with pytest.raises(ValueError, match="rates must lie"):
        cohens_h(rate, base)


@pytest.mark.parametrize(
    ("harm", "error", "margin"), [(nan, 1, 0), (0, -1, 0), (0, 1, -1), (0, 0, 1)]
)
def test_noninferiority_of_no_numbers_or_no_spread_is_refused(harm, error, margin):
    with pytest.raises(ValueError, match=r"numbers|spread"):
        noninferiority(harm, error, margin=margin, confidence=0.95)

"""Several arms at once."""

import gc
from math import nan
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from statsmodels.stats.multitest import multipletests

from app.stats.checks import NotEnoughData
from app.stats.multiplicity import bonferroni, compare_all, equal_rates, holm, pairwise
from app.stats.one_arm import State
from app.stats.two_arm import Arm, compare

# statsmodels@82c59e37 TestProportion (R prop.test): c118 to c120
FOUR = (Arm(86, 73), Arm(93, 90), Arm(136, 114), Arm(82, 75))
PAIRS = (0.00533824886503131, 0.8327574849753566, 0.1880573726722516, 0.002026764254350234,
         0.1309487516334318, 0.1076118730631731)  # fmt: skip
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_the_test_of_equal_rates_matches_r():
    got = equal_rates(FOUR)

    assert got.freedom == 3
    assert got.statistic == pytest.approx(11.11938768628861, abs=1e-12)
    assert got.p_value == pytest.approx(0.011097511366581344, abs=1e-12)


def test_pairs_match_r():
    assert pairwise(FOUR) == pytest.approx(PAIRS, abs=1e-9)


def test_holm_matches_r():
    adjusted = (0.02669124432515654, 0.8327574849753566, 0.4304474922526926, 0.0121605855261014,
                0.4304474922526926, 0.4304474922526926)  # fmt: skip

    assert holm(PAIRS) == pytest.approx(adjusted, abs=1e-9)


def test_bonferroni_matches_spotifys_confidence():
    raw = (0.9553332, 0.16766844, 3.347427e-05, 0.0748661891, 3.97715314e-08)  # c070

    assert bonferroni(raw) == pytest.approx(
        (1.0, 0.838342202, 0.00016737135, 0.374330946, 1.98857657e-07), rel=1e-5
    )


@given(p_values)
def test_adjusted_p_values_agree_with_statsmodels(raw: list[float]):
    with patch.object(gc, "collect"):  # statsmodels collects garbage in every call
        theirs = {name: multipletests(raw, method=name)[1] for name in ("holm", "bonferroni")}

    assert holm(raw) == pytest.approx(theirs["holm"], abs=1e-12)
    assert bonferroni(raw) == pytest.approx(theirs["bonferroni"], abs=1e-12)


@given(p_values)
def test_holm_lies_between_the_raw_p_and_bonferronis(raw: list[float]):
    for one, by_holm, by_bonferroni in zip(raw, holm(raw), bonferroni(raw), strict=True):
        assert one <= by_holm <= by_bonferroni <= 1


@given(st.lists(st.tuples(st.integers(20, 900), st.floats(0.05, 0.9)), min_size=2, max_size=5))
@settings(max_examples=50)
def test_equal_rates_agrees_with_scipy(drawn: list[tuple[int, float]]):
    arms = [Arm(people, round(people * rate)) for people, rate in drawn]
    table = np.array([[arm.hits, arm.people - arm.hits] for arm in arms])

    got, expected = equal_rates(arms), chi2_contingency(table, correction=False)

    assert got.freedom == expected.dof
    assert got.statistic == pytest.approx(expected.statistic)
    assert got.p_value == pytest.approx(expected.pvalue, rel=1e-8)


def test_one_arm_alone_is_compared_as_ever():
    one = compare(Arm(1000, 110), Arm(1000, 80), confidence=0.95, mde=0.02)

    assert compare_all([Arm(1000, 110)], Arm(1000, 80), confidence=0.95, mde=0.02).comparisons == (
        one,
    )


@given(st.lists(st.integers(0, 120), min_size=1, max_size=5), st.integers(0, 120))
@settings(max_examples=40)
def test_each_arms_p_value_fits_its_interval_and_the_whole_its_arms(hits: list[int], base: int):
    arms = [Arm(600, one) for one in hits]
    got = compare_all(arms, Arm(600, base), confidence=0.95, mde=0.03)

    for one, by_holm in zip(got.comparisons, got.holm, strict=True):
        assert by_holm <= one.p_value
        if abs(one.p_value - 0.05) > 1e-9:
            assert (one.p_value < 0.05) == (one.low > 0 or one.high < 0)
    states = [one.state for one in got.comparisons]
    assert (got.state is State.VALIDATED) == (State.VALIDATED in states)
    assert (got.state is State.REFUTED) == all(one is State.REFUTED for one in states)


@given(st.integers(30, 120))
@settings(max_examples=30)
def test_more_arms_never_narrow_an_interval(hits: int):
    baseline = Arm(800, 60)
    alone = compare_all([Arm(800, hits)], baseline, confidence=0.95, mde=0.02).comparisons[0]
    three = compare_all([Arm(800, hits)] * 3, baseline, confidence=0.95, mde=0.02).comparisons[0]

    assert three.low <= alone.low < alone.high <= three.high


@pytest.mark.parametrize("adjust", [holm, bonferroni])
@pytest.mark.parametrize("wrong", [-0.1, 1.1, nan])
def test_what_is_no_p_value_is_refused(adjust, wrong: float):
    with pytest.raises(ValueError, match="p-values"):
        adjust([0.5, wrong])


@pytest.mark.parametrize("arms", [[], [Arm(9, 1)], [Arm(9, 1), Arm(0, 0)], [Arm(9, 0), Arm(8, 0)]])
def test_equal_rates_of_too_little_is_refused(arms: list[Arm]):
    with pytest.raises(NotEnoughData):
        equal_rates(arms)


@pytest.mark.parametrize("arms", [[], [Arm(0, 0)], [Arm(9, 1), Arm(0, 0)]])
def test_no_arm_and_an_empty_arm_are_refused(arms: list[Arm]):
    with pytest.raises(NotEnoughData):
        compare_all(arms, Arm(9, 1), confidence=0.95, mde=0.02)


@pytest.mark.parametrize("confidence", [0, 1, nan])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float):
    with pytest.raises(ValueError, match="confidence"):
        compare_all([Arm(9, 1)], Arm(9, 1), confidence=confidence, mde=0.02)

"""One arm against a threshold: published numbers, a second implementation, properties, refusals."""

import math
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from app.stats.checks import NotEnoughData
from app.stats.one_arm import (
    Progress,
    State,
    clopper_pearson,
    curtailed_call,
    jeffreys,
    p_value,
    pass_count,
    wilson,
)

STATSMODELS = "statsmodels@82c59e37 test_proportion.py (R binom.confint, DescTools BinomCI)"


@st.composite
def counts(draw: st.DrawFn, least: int = 1) -> tuple[int, int]:
    people = draw(st.integers(least, 3000))
    return draw(st.integers(0, people)), people


thresholds = st.floats(0.001, 0.9)
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


def test_the_exact_bound_and_test_match_scipys_documentation():
    # SciPy 1.17.1, docstring of binomtest: 3 of 15 against 0.1, alternative "greater"
    assert p_value(3, 15, 0.1) == pytest.approx(0.18406106910639114, abs=1e-12)
    assert clopper_pearson(3, 15, confidence=0.95).low == pytest.approx(
        0.05684686759024681, abs=1e-12
    )


@given(counts(), confidences)
@settings(max_examples=100)
def test_intervals_agree_with_statsmodels(count: tuple[int, int], confidence: float):
    hits, people = count
    for ours, method, alpha in (
        (wilson, "wilson", 1 - confidence),
        (clopper_pearson, "beta", 2 * (1 - confidence)),  # each side has all of ours
    ):
        if alpha >= 1:
            continue
        low, high = proportion_confint(hits, people, alpha=alpha, method=method)
        got = ours(hits, people, confidence=confidence)
        assert (got.low, got.high) == pytest.approx((low, high), abs=1e-9)


@given(counts(), thresholds)
@settings(max_examples=100)
def test_the_test_agrees_with_scipy(count: tuple[int, int], threshold: float):
    hits, people = count

    expected = binomtest(hits, people, threshold, alternative="greater").pvalue

    assert p_value(hits, people, threshold) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("people", "threshold", "expected"),
    [
        (600, 0.08, 60),
        (400, 0.05, 28),
        (1000, 0.02, 29),
        (1000, 0.01, 16),
        (300, 0.2, 73),
        (300, 0.1, 40),
    ],
)
def test_the_pass_counts_that_the_product_promises(people: int, threshold: float, expected: int):
    assert pass_count(people, threshold, confidence=0.95) == expected


@given(st.integers(1, 3000), thresholds, confidences)
@settings(max_examples=100)
def test_a_pass_count_is_the_smallest_that_passes(people: int, threshold: float, confidence: float):
    try:
        k = pass_count(people, threshold, confidence=confidence)
    except NotEnoughData:
        assert binom.sf(people - 1, people, threshold) > 1 - confidence - 1e-12
        return

    assert binom.sf(k - 1, people, threshold) <= 1 - confidence + 1e-12
    assert binom.sf(k - 2, people, threshold) > 1 - confidence - 1e-12


def test_the_error_of_the_rule_at_1200_people_is_4_2_percent():
    k = pass_count(1200, 0.08, confidence=0.95)

    assert p_value(k, 1200, 0.08) == pytest.approx(0.042, abs=5e-4)  # statistics of the design


@given(counts(least=40), thresholds)
@settings(max_examples=200)
def test_the_call_and_its_interval_cannot_disagree(count: tuple[int, int], threshold: float):
    hits, people = count
    try:
        k = pass_count(people, threshold, confidence=0.95)
    except NotEnoughData:
        return

    got = curtailed_call(
        Progress(people, people, 0, hits, hits), pass_count=k, threshold=threshold, confidence=0.95
    )

    assert (got.state is State.VALIDATED) == (hits >= k)
    if not math.isclose(got.low, threshold, rel_tol=1e-9):
        assert (got.state is State.VALIDATED) == (got.low > threshold)
    assert (got.state is State.REFUTED) == (got.high < threshold)
    assert got.low <= hits / people <= got.high
    assert not got.provisional


@given(counts(least=100), st.integers(0, 3000), thresholds)
@settings(max_examples=200)
def test_stopping_early_never_contradicts_the_end(
    count: tuple[int, int], later: int, threshold: float
):
    """Whoever is validated or refuted while windows are open is so when all have closed."""
    hits, people = count
    still_open = min(later, people - hits)
    try:
        k = pass_count(people, threshold, confidence=0.95)
    except NotEnoughData:
        return

    now = call(people, still_open, hits, k, threshold)
    ends = [call(people, 0, hits + more, k, threshold) for more in {0, still_open // 2, still_open}]

    if now.state in {State.VALIDATED, State.REFUTED}:
        assert {end.state for end in ends} == {now.state}
    if now.out_of_reach:
        assert all(end.state is not State.VALIDATED for end in ends)
    assert all(now.low <= end.low and end.high <= now.high for end in ends)


def call(people: int, still_open: int, hits: int, k: int, threshold: float):
    return curtailed_call(
        Progress(people, people, still_open, hits, hits),
        pass_count=k,
        threshold=threshold,
        confidence=0.95,
    )


def test_unsettled_clicks_do_not_validate_and_keep_the_call_waiting():
    got = curtailed_call(
        Progress(600, 600, 0, clickers=60, settled=59),
        pass_count=60,
        threshold=0.08,
        confidence=0.95,
    )

    assert (got.state, got.provisional) == (State.WAITING, True)


def test_out_of_reach_is_inconclusive_and_not_refuted():
    got = call(600, 5, 45, 60, 0.08)

    assert (got.state, got.out_of_reach, got.provisional) == (State.INCONCLUSIVE, True, True)


def test_after_a_cancel_the_planned_pass_count_decides():
    got = curtailed_call(
        Progress(planned=600, released=300, open=0, clickers=45, settled=45),
        pass_count=60, threshold=0.08, confidence=0.95,
    )  # fmt: skip

    assert got.state is State.INCONCLUSIVE  # 15 % of 300, and yet 60 were promised


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


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 2, nan])
def test_a_threshold_of_0_or_1_is_refused(threshold: float):
    with pytest.raises(ValueError, match="threshold"):
        pass_count(100, threshold, confidence=0.95)


def test_too_few_people_are_told_how_many_it_takes():
    with pytest.raises(NotEnoughData, match="It takes 2 at least"):
        pass_count(1, 0.08, confidence=0.95)


def test_nobody_released_is_not_enough_data():
    with pytest.raises(NotEnoughData):
        curtailed_call(Progress(600, 0, 600, 0, 0), pass_count=60, threshold=0.08, confidence=0.95)


@pytest.mark.parametrize(
    "wrong", [(10, 11, 0, 0, 0), (10, 10, 11, 0, 0), (10, 5, 0, 6, 0), (10, 10, 0, 3, 4)]
)
def test_progress_that_cannot_be_is_refused(wrong: tuple[int, int, int, int, int]):
    with pytest.raises(ValueError, match=r"does not hold|must lie"):
        Progress(*wrong)

"""One arm against a threshold: published numbers, a second implementation, properties, refusals."""

import math
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from app.stats.checks import NotEnoughData
from app.stats.one_arm import Progress, State, curtailed_call, p_value, pass_count
from app.stats.rate_intervals import clopper_pearson


@st.composite
def counts(draw: st.DrawFn, least: int = 1) -> tuple[int, int]:
    people = draw(st.integers(least, 3000))
    return draw(st.integers(0, people)), people


thresholds = st.floats(0.001, 0.9)
confidences = st.floats(0.6, 0.999)


def test_the_exact_test_matches_r():
    # R binom.test(51, 235, 1/6, "less"): P(X <= 51), so one less P(X >= 52)
    assert 1 - p_value(52, 235, 1 / 6) == pytest.approx(0.982022657605858, abs=1e-13)


def test_the_exact_bound_and_test_match_scipys_documentation():
    # SciPy 1.17.1, docstring of binomtest: 3 of 15 against 0.1, alternative "greater"
    assert p_value(3, 15, 0.1) == pytest.approx(0.18406106910639114, abs=1e-12)
    assert clopper_pearson(3, 15, confidence=0.95).low == pytest.approx(
        0.05684686759024681, abs=1e-12
    )


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


@given(st.integers(100, 3000), st.floats(0.02, 0.5))
@settings(max_examples=60)
def test_more_people_a_higher_bar_or_more_confidence_never_need_fewer_clicks(
    people: int, threshold: float
):
    k = pass_count(people, threshold, confidence=0.95)

    assert pass_count(people + 1, threshold, confidence=0.95) in {k, k + 1}
    assert pass_count(people, threshold + 0.01, confidence=0.95) >= k
    assert pass_count(people, threshold, confidence=0.99) >= k


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
        Progress(people, people, 0, 0, hits, hits),
        pass_count=k,
        threshold=threshold,
        confidence=0.95,
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
        Progress(people, people, 0, still_open, hits, hits),
        pass_count=k,
        threshold=threshold,
        confidence=0.95,
    )


def test_the_pass_count_validates_while_windows_are_open_and_mails_are_to_go():
    got = curtailed_call(
        Progress(planned=600, released=200, coming=400, open=540, clickers=60, settled=60),
        pass_count=60, threshold=0.08, confidence=0.95,
    )  # fmt: skip

    assert (got.state, got.provisional, got.spare) == (State.VALIDATED, True, 0)
    assert got.low > 0.08
    assert got.high == 1


def test_a_click_that_is_judged_anew_takes_the_call_back_to_waiting():
    assert call(600, 540, 61, 60, 0.08).spare == 1
    assert call(600, 540, 59, 60, 0.08).state is State.WAITING


def test_a_rate_that_everybody_left_cannot_save_is_refuted_before_the_close():
    early, late = call(600, 10, 20, 60, 0.08), call(600, 0, 20, 60, 0.08)

    assert (early.state, early.provisional) == (State.REFUTED, True)
    assert (late.state, late.provisional) == (State.REFUTED, False)


def test_the_interval_of_an_open_experiment_takes_all_who_may_still_click():
    got = call(600, 300, 30, 60, 0.08)

    assert got.low == clopper_pearson(30, 600, confidence=0.95).low
    assert got.high == clopper_pearson(330, 600, confidence=0.95).high


def test_unsettled_clicks_do_not_validate_and_keep_the_call_waiting():
    got = curtailed_call(
        Progress(600, 600, 0, 0, clickers=60, settled=59),
        pass_count=60,
        threshold=0.08,
        confidence=0.95,
    )

    assert (got.state, got.provisional) == (State.WAITING, True)
    assert got.low == clopper_pearson(59, 600, confidence=0.95).low < 0.08


def test_out_of_reach_is_inconclusive_and_not_refuted():
    got = call(600, 5, 45, 60, 0.08)

    assert (got.state, got.out_of_reach, got.provisional) == (State.INCONCLUSIVE, True, True)


def test_after_a_cancel_the_planned_pass_count_decides():
    got = curtailed_call(
        Progress(planned=600, released=300, coming=0, open=0, clickers=45, settled=45),
        pass_count=60, threshold=0.08, confidence=0.95,
    )  # fmt: skip

    assert got.state is State.INCONCLUSIVE  # 15 % of 300, and yet 60 were promised


@given(st.integers(100, 900), st.data(), thresholds)
@settings(max_examples=200)
def test_a_cancel_or_skipped_people_never_take_a_refutation_back(
    released: int, data: st.DataObject, threshold: float
):
    hits = data.draw(st.integers(0, released))
    still_open = data.draw(st.integers(0, min(30, released - hits)))
    more = data.draw(st.integers(0, still_open))

    now = cancelled(released, still_open, hits, threshold)
    end = cancelled(released, 0, hits + more, threshold)

    if now.state is State.REFUTED:
        assert end.state is State.REFUTED
    assert now.low <= end.low <= end.high <= now.high
    assert hits / released <= now.high


def cancelled(released: int, still_open: int, hits: int, threshold: float):
    return curtailed_call(
        Progress(1000, released, 0, still_open, hits, hits),
        pass_count=pass_count(1000, threshold, confidence=0.95),
        threshold=threshold,
        confidence=0.95,
    )


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 2, nan])
def test_a_threshold_of_0_or_1_is_refused(threshold: float):
    with pytest.raises(ValueError, match="threshold"):
        pass_count(100, threshold, confidence=0.95)


def test_too_few_people_are_told_how_many_it_takes():
    with pytest.raises(NotEnoughData, match="It takes 2 at least"):
        pass_count(1, 0.08, confidence=0.95)


def test_a_pass_count_for_nobody_is_not_enough_data():
    with pytest.raises(NotEnoughData):
        pass_count(0, 0.08, confidence=0.95)


@pytest.mark.parametrize("threshold", [0, 1, nan])
def test_a_call_against_an_impossible_threshold_is_refused(threshold: float):
    with pytest.raises(ValueError, match="threshold"):
        call(600, 0, 20, 60, threshold)


def test_nobody_released_is_not_enough_data():
    with pytest.raises(NotEnoughData):
        curtailed_call(
            Progress(600, 0, 600, 600, 0, 0), pass_count=60, threshold=0.08, confidence=0.95
        )


@pytest.mark.parametrize(
    "wrong",
    [
        (10, 11, 0, 0, 0, 0),
        (10, 10, 0, 11, 0, 0),
        (10, 5, 0, 0, 6, 0),
        (10, 10, 0, 0, 3, 4),
        (10, 5, 5, 4, 0, 0),
        (10, 6, 5, 5, 0, 0),
    ],
)
def test_progress_that_cannot_be_is_refused(wrong: tuple[int, int, int, int, int, int]):
    with pytest.raises(ValueError, match=r"does not hold|must lie"):
        Progress(*wrong)

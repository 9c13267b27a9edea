"""Bounds for any moment: second derivations, properties, refusals."""

from math import exp, log

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, binom

from app.stats.anytime import (
    anytime_bounds,
    anytime_pass_count,
    log_evidence,
    mixture_weight,
)
from app.stats.checks import NotEnoughData


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


def test_what_cannot_be_read_at_any_time_is_refused():
    with pytest.raises(NotEnoughData, match="too few"):
        mixture_weight(5, confidence=0.95)
    with pytest.raises(NotEnoughData):
        anytime_bounds(0, 0, n_max=100, confidence=0.95)
    with pytest.raises(NotEnoughData, match="even every one"):
        anytime_pass_count(1, 0.5, n_max=100, confidence=0.95)
    with pytest.raises(ValueError, match="weight"):
        log_evidence(1, 10, 0.1, weight=0)

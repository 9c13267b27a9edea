"""Did as many people land in each arm as were meant to?"""

from math import exp, inf, log, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, dirichlet_multinomial, multinomial

from app.stats.checks import NotEnoughData
from app.stats.srm import sample_ratio, sample_ratio_evidence


@pytest.mark.parametrize(
    ("people", "weights", "p_value"),
    [
        ([2600, 2500, 2500, 2400], [1, 1, 1, 1], 0.04601),  # c058, Flagsmith
        ([16, 18, 16, 14, 12, 12], [1] * 6, 0.8491450360846096),  # c184, SciPy's chisquare
        ([470, 530], [0.5, 0.5], 0.05777957112359715),  # g039 to g044, gbstats@8f1db445
        ([4900, 5100], [0.5, 0.5], 0.04550026389635857),
        ([900, 100], [0.9, 0.1], 1.0),
        ([340, 330, 330], [1, 1, 1], 0.9048374180359595),
        ([5200, 4800], [0.5, 0.5], 6.334248366623988e-05),
        # g045: gbstats counts the arm without weight as a degree of freedom and has 0.000335
        ([5200, 4800, 0], [0.5, 0.5, 0], 6.334248366623988e-05),
    ],
)
def test_the_p_value_matches_published_ones(
    people: list[int], weights: list[float], p_value: float
):
    got = sample_ratio(people, weights)

    assert got.p_value == pytest.approx(p_value, abs=5e-6 if p_value == 0.04601 else 1e-12)
    assert got.ok == (p_value >= 0.0005)


@given(st.lists(st.tuples(st.integers(50, 5000), st.integers(1, 5)), min_size=2, max_size=6))
@settings(max_examples=80)
def test_it_is_pearsons_sum_and_ignores_the_order_of_arms(arms: list[tuple[int, int]]):
    people, weights = zip(*arms, strict=True)
    total, share = sum(people), sum(weights)
    if total * min(weights) / share < 8:
        return
    meant = [total * weight / share for weight in weights]
    far = sum((n - m) ** 2 / m for n, m in zip(people, meant, strict=True))
    expected = chi2.sf(far, len(arms) - 1)

    got = sample_ratio(people, weights).p_value

    assert got == pytest.approx(expected, rel=1e-8, abs=1e-300)
    assert sample_ratio(people[::-1], weights[::-1]).p_value == pytest.approx(got, rel=1e-9)


def test_an_empty_arm_is_a_mismatch_even_where_chi_square_is_not_sure():
    # ten arms of eight: the chi-square alone has p = .45
    got = sample_ratio([0, *[9] * 8, 8], [1] * 10)

    assert not got.ok
    assert got.p_value > 0.001


def test_people_in_an_arm_without_weight_cannot_happen():
    assert sample_ratio([50, 50, 1], [1, 1, 0]).p_value == 0
    assert sample_ratio_evidence([50, 50, 1], [1, 1, 0]).log_e == inf


@pytest.mark.parametrize("people", [[0, 0], [8, 7], [15, 0]])
def test_under_eight_expected_in_an_arm_is_too_early(people: list[int]):
    with pytest.raises(NotEnoughData, match="too early"):
        sample_ratio(people, [1, 1])


@pytest.mark.parametrize("test", [sample_ratio, sample_ratio_evidence])
@pytest.mark.parametrize(
    ("people", "weights", "sentence"),
    [
        ([50, 50], [0, 0], "two arms"),
        ([50, 50], [1, 0], "two arms"),
        ([50, 50], [1, -1], "weights must"),
        ([50, 50], [1, nan], "weights must"),
        ([50, -1], [1, 1], "counts must"),
        ([50, nan], [1, 1], "counts must"),
        ([50, 50, 50], [1, 1], "do not match"),
    ],
)
def test_impossible_arms_are_refused(test, people, weights, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        test(people, weights)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=60)
def test_the_evidence_is_the_dirichlet_mixture_over_the_multinomial(a: int, b: int, c: int):
    shares = (0.5, 0.3, 0.2)
    total = a + b + c
    mixture = dirichlet_multinomial.logpmf([a, b, c], [1000 * share for share in shares], total)
    expected = mixture - multinomial.logpmf([a, b, c], total, shares)

    got = sample_ratio_evidence([a, b, c], [5, 3, 2])

    assert got.log_e == pytest.approx(float(expected), abs=1e-6)
    assert got.p_value == pytest.approx(min(1, exp(-max(0, got.log_e))))
    assert got.ok == (got.log_e < log(2000))


def test_the_evidence_is_1_on_average_if_the_weights_are_true():
    # what makes it safe to look every day: a martingale that starts at 1
    total = 60
    mean = sum(
        multinomial.pmf([k, total - k], total, [0.3, 0.7])
        * exp(sample_ratio_evidence([k, total - k], [3, 7]).log_e)
        for k in range(total + 1)
    )

    assert mean == pytest.approx(1, abs=1e-9)


def test_the_evidence_sees_a_plain_mismatch_and_has_none_at_the_start():
    assert not sample_ratio_evidence([5400, 4600], [1, 1]).ok
    assert sample_ratio_evidence([0, 0], [1, 1]).log_e == pytest.approx(0, abs=1e-9)

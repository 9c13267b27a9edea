"""Chances that were said, against what came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from app.stats.checks import NotEnoughData
from app.stats.said import Agreement, poisson_binomial, said_against_came

chances = st.lists(st.floats(0, 1), max_size=12)


def test_equal_chances_are_the_binomial_of_scipy():
    assert poisson_binomial([0.3] * 14) == pytest.approx(binom.pmf(range(15), 14, 0.3))


@given(chances)
def test_a_second_way_by_multiplying_polynomials_finds_the_same(some: list[float]):
    whole = np.array([1.0])
    for chance in some:
        whole = np.convolve(whole, [1 - chance, chance])

    assert poisson_binomial(some) == pytest.approx(whole.tolist(), abs=1e-12)


def test_twelve_said_and_five_came_is_less_than_was_said():
    said = [(0.8, place < 5) for place in range(15)]

    got = said_against_came(said)

    assert (got.n, got.came, got.agreement) == (15, 5, Agreement.LESS)
    assert got.expected == pytest.approx(12)
    assert got.brier == pytest.approx((5 * 0.04 + 10 * 0.64) / 15)


def test_the_boundary_is_the_exact_binomial_at_two_and_a_half_percent_each_side():
    for came in range(15):
        got = said_against_came([(0.5, place < came) for place in range(14)]).agreement
        few, many = binom.cdf(came, 14, 0.5) <= 0.025, binom.sf(came - 1, 14, 0.5) <= 0.025
        expected = Agreement.LESS if few else Agreement.MORE if many else Agreement.AGREE

        assert got is expected


def test_being_sure_and_wrong_once_settles_nothing():
    assert said_against_came([(1.0, place > 0) for place in range(10)]).agreement is Agreement.AGREE


def test_fewer_than_ten_say_nothing_and_no_chance_lies_outside():
    with pytest.raises(NotEnoughData, match="9 of 10 needed"):
        said_against_came([(0.5, True)] * 9)
    with pytest.raises(NotEnoughData, match="19 of 20"):
        said_against_came([(0.5, True)] * 19, least=20)
    for chance in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"0\.\.1"):
            said_against_came([(chance, True)] * 10)
        with pytest.raises(ValueError, match=r"0\.\.1"):
            poisson_binomial([chance])

"""What is likely, given the counts: published numbers, twins, properties, refusals."""

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, norm

from app.stats.bayes import chance_to_beat, expected_loss
from app.stats.checks import NotEnoughData
from app.stats.two_arm import Arm

A, B = Arm(104, 42), Arm(1009, 500)


@st.composite
def arms(draw: st.DrawFn, most: int = 2000) -> Arm:
    people = draw(st.integers(1, most))
    return Arm(people, draw(st.integers(0, people)))


def test_the_chance_to_beat_matches_millers_form_checked_by_quadrature():
    assert chance_to_beat(B, A) == pytest.approx(0.9620819667900848, abs=1e-9)  # c189


@pytest.mark.parametrize(
    ("arm", "baseline"),
    [(B, A), (Arm(500, 0), Arm(400, 3)), (Arm(3, 3), A), (Arm(7, 2), Arm(300, 150))],
)
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


@pytest.mark.parametrize("method", [chance_to_beat, expected_loss])
def test_an_empty_arm_has_no_chance_and_no_loss(method):
    for arm, baseline in ((Arm(0, 0), A), (A, Arm(0, 0))):
        with pytest.raises(NotEnoughData, match="nobody"):
            method(arm, baseline)

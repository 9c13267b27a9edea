"""How far two rates may lie apart: published numbers, what it is made of, properties, refusals."""

from math import hypot, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.differences import newcombe
from app.stats.rate_intervals import wilson
from app.stats.two_arm import Arm


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    people = draw(st.integers(1, 3000))
    return Arm(people, draw(st.integers(0, people)))


@pytest.mark.parametrize(
    ("arm", "baseline", "low", "high", "within"),
    [
        # Newcombe (1998), Table II, method 10: c140, c141, c144, c146, c147
        (Arm(70, 56), Arm(80, 48), 0.0524, 0.3339, 6e-5),
        (Arm(10, 9), Arm(10, 3), 0.1705, 0.809, 6e-5),
        (Arm(10, 0), Arm(20, 0), -0.1611, 0.2775, 6e-5),
        (Arm(10, 10), Arm(20, 0), 0.6791, 1.0, 6e-5),
        (Arm(10, 10), Arm(10, 0), 0.6075, 1.0, 6e-5),
        # Fagerland, Lydersen & Laake (2015), SMMR 24:224, Perondi's data: c126
        (Arm(34, 7), Arm(34, 1), 0.019, 0.34, 0.006),
    ],
)
def test_intervals_match_published_ones(*, arm, baseline, low, high, within):
    got = newcombe(arm, baseline, confidence=0.95)

    assert (got.low, got.high) == pytest.approx((low, high), abs=within)


def test_it_may_contradict_the_call_about_15_and_6_of_500_so_it_does_not_decide():
    assert newcombe(Arm(500, 15), Arm(500, 6), confidence=0.95).low == pytest.approx(
        -0.0002, abs=5e-5
    )


@given(arms(), arms(), st.floats(0.6, 0.999))
@settings(max_examples=80)
def test_the_bounds_join_those_of_both_rates(arm: Arm, baseline: Arm, confidence: float):
    own, base = (wilson(one.hits, one.people, confidence=confidence) for one in (arm, baseline))
    seen = arm.rate - baseline.rate

    got = newcombe(arm, baseline, confidence=confidence)

    assert seen - got.low == pytest.approx(
        hypot(arm.rate - own.low, base.high - baseline.rate), abs=1e-9
    )
    assert got.high - seen == pytest.approx(
        hypot(own.high - arm.rate, baseline.rate - base.low), abs=1e-9
    )


@given(arms(), arms())
@settings(max_examples=80)
def test_swapping_the_arms_mirrors_an_interval(arm: Arm, baseline: Arm):
    one, other = newcombe(arm, baseline, confidence=0.9), newcombe(baseline, arm, confidence=0.9)

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert -1 <= one.low <= one.high <= 1 + 1e-12


def test_an_empty_arm_is_refused():
    for arm, baseline in ((Arm(0, 0), Arm(10, 1)), (Arm(10, 1), Arm(0, 0))):
        with pytest.raises(NotEnoughData, match="nobody"):
            newcombe(arm, baseline, confidence=0.95)


@pytest.mark.parametrize("confidence", [0, 1, 2, nan])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float):
    with pytest.raises(ValueError, match="confidence"):
        newcombe(Arm(9, 1), Arm(9, 2), confidence=confidence)

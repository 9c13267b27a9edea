"""Values that are skewed, in arms of different sizes."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import skew

from app.stats.checks import NotEnoughData
from app.stats.means import compare_values
from app.stats.sums import Sums
from app.stats.uneven import TooUneven, unevenness, widened
from app.stats.welch import welch


def sums(values: np.ndarray) -> Sums:
    y, yy, yyy = (float((values**power).sum()) for power in (1, 2, 3))
    return Sums(len(values), y, yy, nonzero=int((values != 0).sum()), yyy=yyy)


def drawn(seed: int, people: int, sigma: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(2, sigma, people)


def test_the_skewness_is_scipys_of_values_less_their_arms_mean():
    arm, base = drawn(1, 900), drawn(2, 300)
    around = np.concatenate([arm - arm.mean(), base - base.mean()])

    assert unevenness(sums(arm), sums(base)).skewness == pytest.approx(skew(around), rel=1e-9)


@given(st.integers(0, 10_000), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=40)
def test_the_p_value_and_the_interval_cannot_disagree(seed: int, confidence: float):
    arm, base = sums(drawn(seed, 700, 0.7) * 1.1), sums(drawn(seed + 1, 200, 0.7))
    plain, found = welch(arm, base, confidence=confidence), unevenness(arm, base)
    assume(-0.3 <= found.kappa < 0)  # luck raises the larger arm
    got = widened(plain, found, confidence=confidence)

    assert (got.p_value < 1 - confidence) == (got.low > 0 or got.high < 0)
    assert got.low <= plain.low < plain.high <= got.high
    assert got.high == pytest.approx(plain.high)


def test_arms_of_one_size_change_nothing():
    arm, base = sums(drawn(1, 500)), sums(drawn(2, 500))
    plain = welch(arm, base)

    got = widened(plain, unevenness(arm, base), confidence=0.95)
    assert (got.low, got.high, got.p_value) == pytest.approx((plain.low, plain.high, plain.p_value))


def test_values_too_uneven_are_refused_with_the_people_that_it_takes():
    arm, base = sums(drawn(1, 5_700, 2.0)), sums(drawn(2, 300, 2.0))
    found = unevenness(arm, base)
    with pytest.raises(TooUneven, match="lower cap") as error:
        compare_values([(arm, base)])
    share = 300 / 6_000
    needed = (found.skewness / 0.3) ** 2 * (1 - 2 * share) ** 2 / (share * (1 - share))

    assert error.value.needed == int(np.ceil(needed))
    assert (error.value.smaller, error.value.for_arm) == (300, True)


def test_the_larger_arm_is_called_the_winner_by_luck_hardly_too_often():
    rng, wrong, told, plainly = np.random.default_rng(9), 0, 0, 0
    for _ in range(1_500):
        arm, base = (sums(rng.lognormal(0, 1.0, people)) for people in (2_700, 300))
        plainly += welch(arm, base).low > 0
        try:
            wrong += compare_values([(arm, base)]).low > 0
        except TooUneven:
            continue
        told += 1

    assert told > 1_000
    assert wrong / told <= 0.025 + 3 * (0.025 / told) ** 0.5 + 0.008  # at most 3.3 % is promised
    assert plainly / 1_500 > wrong / told


def test_everybody_alike_is_refused():
    with pytest.raises(NotEnoughData, match="same value"):
        unevenness(sums(np.full(5, 3.0)), sums(np.full(5, 3.0)))

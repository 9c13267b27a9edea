"""How far arms must lie apart for each rule: against repetition, in properties, and refused."""

from math import inf, nan, sqrt

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower

from app.stats.anytime import mixture_scale
from app.stats.checks import NotEnoughData
from app.stats.drifts import drift_at_any_time, drift_of_looks, fixed_drift, gain_of, rise_of
from app.stats.group_sequential import bounds


def test_one_look_is_the_textbooks():
    # Fleiss, Levin & Paik (2003), section 4.2: 1.96 + 0.84
    assert fixed_drift(confidence=0.95) == pytest.approx(2.8016, abs=1e-4)
    assert drift_of_looks((1.0,), confidence=0.95) == pytest.approx(2.8016, abs=1e-3)


def test_looks_see_their_drift_as_often_as_they_say():
    shares = (0.25, 0.5, 0.75, 1.0)
    drift = drift_of_looks(shares, confidence=0.95)
    rng = np.random.default_rng(11)
    steps = rng.normal(drift * 0.25, 0.5, (40_000, 4)).cumsum(axis=1) / np.sqrt(shares)
    told = (np.abs(steps) > np.array(bounds(shares, alpha=0.05))).any(axis=1).mean()

    assert told == pytest.approx(0.8, abs=0.01)
    assert 2.80 < drift < 2.95


def test_at_any_time_sees_its_drift_as_often_as_it_says():
    drift = drift_at_any_time(confidence=0.95)
    rng = np.random.default_rng(12)
    moments = np.arange(1, 11) / 10
    steps = rng.normal(drift / 10, sqrt(0.1), (40_000, 10)).cumsum(axis=1) / np.sqrt(moments)
    ratio = moments * mixture_scale(0.05)
    held = np.sqrt(2 * (ratio + 1) / ratio * np.log(np.sqrt(ratio + 1) / 0.05))
    told = (np.abs(steps) > held).any(axis=1).mean()

    assert told == pytest.approx(0.8, abs=0.01)
    assert drift > 3.4


def test_more_looks_and_more_power_ask_for_more():
    one, four = (
        drift_of_looks([(at + 1) / looks for at in range(looks)], confidence=0.95)
        for looks in (1, 4)
    )

    assert one < four < drift_at_any_time(confidence=0.95)
    assert fixed_drift(confidence=0.95, power=0.9) > fixed_drift(confidence=0.95)
    assert drift_at_any_time(0.5, confidence=0.95) > drift_at_any_time(confidence=0.95)


def test_a_rise_of_as_many_errors_and_a_gain_agree_with_their_twins():
    rise = rise_of(2.8016, 5000, 5000, 0.05)
    error = sqrt((0.05 + rise) * (0.95 - rise) / 5000 + 0.05 * 0.95 / 5000)
    twin = NormalIndPower().solve_power(nobs1=400, alpha=0.05, power=0.8, ratio=2)

    assert rise / error == pytest.approx(2.8016, abs=1e-3)
    assert gain_of(2.80158, 400, 800, 4.0) == pytest.approx(2 * twin, rel=1e-4)
    assert fixed_drift(confidence=0.9) == pytest.approx(norm.ppf(0.95) + norm.ppf(0.8))


def test_many_looks_are_thinned_and_hardly_change_the_answer():
    many = drift_of_looks([(at + 1) / 40 for at in range(40)], confidence=0.95)
    twelve = drift_of_looks([(at + 1) / 12 for at in range(12)], confidence=0.95)

    assert many == pytest.approx(twelve, rel=0.01)


def test_what_nobody_could_see_is_refused():
    with pytest.raises(NotEnoughData, match="too few"):
        rise_of(2.8, 3, 3, 0.5)
    for refused in (lambda: rise_of(2.8, 0, 10, 0.1), lambda: gain_of(2.8, 10, 0, 1.0)):
        with pytest.raises(NotEnoughData, match="no people"):
            refused()
    for wrong in (
        lambda: fixed_drift(confidence=1),
        lambda: fixed_drift(confidence=0.95, power=0),
        lambda: drift_of_looks((0.5, 1.0), confidence=0.95, power=0.05),
        lambda: drift_at_any_time(0, confidence=0.95),
        lambda: drift_at_any_time(1.5, confidence=0.95),
        lambda: drift_at_any_time(confidence=nan),
        lambda: rise_of(0, 10, 10, 0.1),
        lambda: rise_of(2.8, 10, 10, 0),
        lambda: gain_of(2.8, 10, 10, 0),
        lambda: gain_of(2.8, 10, 10, inf),
        lambda: mixture_scale(0),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            wrong()

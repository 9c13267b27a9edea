"""How far arms must lie apart for each rule: against repetition, in properties, and refused."""

from math import nan, sqrt

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower

from app.stats.drifts import drift_of_looks, fixed_drift
from app.stats.group_sequential import bounds


def test_one_look_is_the_textbooks():
    # Fleiss, Levin & Paik (2003), section 4.2: 1.96 + 0.84
    assert fixed_drift(confidence=0.95) == pytest.approx(2.8016, abs=1e-4)
    assert drift_of_looks((1.0,), confidence=0.95) == pytest.approx(2.8016, abs=1e-3)
    assert fixed_drift(confidence=0.9) == pytest.approx(norm.ppf(0.95) + norm.ppf(0.8))


def test_so_many_errors_are_what_its_twin_solves_for():
    twin = NormalIndPower().solve_power(nobs1=400, alpha=0.05, power=0.8, ratio=2)

    assert fixed_drift(confidence=0.95) == pytest.approx(twin / sqrt(1 / 400 + 1 / 800), rel=1e-4)


def test_looks_see_their_drift_as_often_as_they_say():
    shares = (0.25, 0.5, 0.75, 1.0)
    drift = drift_of_looks(shares, confidence=0.95)
    rng = np.random.default_rng(11)
    steps = rng.normal(drift * 0.25, 0.5, (40_000, 4)).cumsum(axis=1) / np.sqrt(shares)
    told = (np.abs(steps) > np.array(bounds(shares, alpha=0.05))).any(axis=1).mean()

    assert told == pytest.approx(0.8, abs=0.01)
    assert 2.80 < drift < 2.95


def test_more_looks_and_more_power_ask_for_more():
    one, four = (
        drift_of_looks([(at + 1) / looks for at in range(looks)], confidence=0.95)
        for looks in (1, 4)
    )

    assert one < four
    assert fixed_drift(confidence=0.95, power=0.9) > fixed_drift(confidence=0.95)


def test_many_looks_are_thinned_and_hardly_change_the_answer():
    many = drift_of_looks([(at + 1) / 40 for at in range(40)], confidence=0.95)
    twelve = drift_of_looks([(at + 1) / 12 for at in range(12)], confidence=0.95)

    assert many == pytest.approx(twelve, rel=0.01)


def test_what_nobody_could_see_is_refused():
    for wrong in (
        lambda: fixed_drift(confidence=1),
        lambda: fixed_drift(confidence=0.95, power=0),
        lambda: drift_of_looks((0.5, 1.0), confidence=0.95, power=0.05),
        lambda: fixed_drift(confidence=nan),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            wrong()

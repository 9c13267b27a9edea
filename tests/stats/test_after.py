"""What past effects add up to, and how good a guess was."""

from math import nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import helmert

from app.stats.after import brier, shrunk
from app.stats.checks import NotEnoughData

# Efron & Morris (1977), Scientific American 236(5):119-127: 18 batters, 45 times at bat each.
BATTERS = (
    (0.400, 0.378, 0.356, 0.333, 0.311, 0.311, 0.289, 0.267, 0.244, 0.244)
    + (0.222,) * 5
    + (0.200, 0.178, 0.156)
)


def test_the_batters_of_efron_and_morris_shrink_to_0_212_of_their_distance():
    contrasts = helmert(len(BATTERS)) @ np.array(BATTERS)  # distances from the mean: 17 numbers
    error = sqrt(np.mean(BATTERS) * (1 - np.mean(BATTERS)) / 45)

    got = shrunk(list(contrasts), [error] * len(contrasts))

    assert got[0] / contrasts[0] == pytest.approx(0.212, abs=0.005)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=20))
def test_no_effect_grows_or_turns_round(effects: list[float]):
    got = shrunk(effects, [1.0] * len(effects))

    assert all(0 <= after * before <= before**2 for after, before in zip(got, effects, strict=True))


def test_effects_within_their_luck_add_up_to_nothing():
    assert shrunk([0.1, -0.1, 0.2], [1.0, 1.0, 1.0]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("errors", [[1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 1.0, nan]])
def test_effects_without_proper_errors_are_refused(errors: list[float]):
    with pytest.raises(ValueError, match="error"):
        shrunk([1.0, 2.0, 3.0], errors)


def test_two_effects_are_too_few_to_shrink():
    with pytest.raises(NotEnoughData):
        shrunk([1.0, 2.0], [1.0, 1.0])


def test_fifty_fifty_scores_a_quarter_and_certainty_all_or_nothing():
    assert brier([(0.5, True), (0.5, False)]) == 0.25
    assert brier([(1.0, True), (0.0, False)]) == 0
    assert brier([(1.0, False)]) == 1


def test_no_forecast_has_no_score():
    with pytest.raises(NotEnoughData):
        brier([])
    with pytest.raises(ValueError, match="chance"):
        brier([(1.2, True)])

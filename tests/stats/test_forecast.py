"""Where a straight line lands, and how sure one may be."""

from math import inf, nan

import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.forecast import METHODS, linear_forecast

# Montgomery & Runger, Applied Statistics and Probability for Engineers, table 11-1: hydrocarbon
# level (%) and oxygen purity (%) of twenty runs.
OXYGEN = [
    (0.99, 90.01), (1.02, 89.05), (1.15, 91.43), (1.29, 93.74), (1.46, 96.73), (1.36, 94.45),
    (0.87, 87.59), (1.23, 91.77), (1.55, 99.42), (1.40, 93.65), (1.19, 93.54), (1.15, 92.52),
    (0.98, 90.56), (1.01, 89.54), (1.11, 89.85), (1.20, 90.39), (1.26, 93.25), (1.32, 93.41),
    (1.43, 94.98), (0.95, 87.33),
]  # fmt: skip


def trends() -> st.SearchStrategy[list[tuple[float, float]]]:
    value = st.integers(-10_000, 10_000).map(float)
    return st.lists(value, min_size=4, max_size=12).map(
        lambda values: [(7.0 * week, value) for week, value in enumerate(values)]
    )


def test_oxygen_purity_matches_the_textbooks_prediction():
    # example 11-6: at x0 = 1.00 %, 89.23, and a 95 % prediction interval from 86.83 to 91.63
    got = linear_forecast(OXYGEN, 1.0, confidence=0.95)

    assert (got.estimate, got.low, got.high) == pytest.approx((89.23, 86.83, 91.63), abs=0.006)


@settings(max_examples=60, deadline=None)
@given(trends(), st.integers(0, 200))
def test_the_interval_agrees_with_statsmodels(points: list[tuple[float, float]], at: int):
    times, values = [x for x, _ in points], [y for _, y in points]
    fitted = sm.OLS(values, sm.add_constant(times)).fit()
    theirs = fitted.get_prediction([[1.0, float(at)]]).summary_frame(alpha=0.2).iloc[0]

    got = linear_forecast(points, at, confidence=0.8)

    assert (got.estimate, got.low, got.high) == pytest.approx(
        (theirs["mean"], theirs["obs_ci_lower"], theirs["obs_ci_upper"]), rel=1e-6, abs=1e-6
    )


@settings(max_examples=60)
@given(trends(), st.integers(1, 1000), st.integers(-1000, 1000))
def test_another_unit_of_value_changes_the_unit_and_nothing_else(
    points: list[tuple[float, float]], factor: int, shift: int
):
    plain = linear_forecast(points, 90)

    other = linear_forecast([(x, factor * y + shift) for x, y in points], 90)

    expected = [factor * one + shift for one in (plain.estimate, plain.low, plain.high)]
    assert [other.estimate, other.low, other.high] == pytest.approx(expected, rel=1e-7, abs=1e-4)


@settings(max_examples=60)
@given(trends(), st.integers(1, 50))
def test_the_further_ahead_the_less_is_known(points: list[tuple[float, float]], weeks: int):
    near, far = (linear_forecast(points, points[-1][0] + 7 * w) for w in (weeks, weeks + 1))

    assert far.high - far.low >= near.high - near.low


def test_points_on_a_line_leave_no_doubt():
    got = linear_forecast([(0, 1), (1, 3), (2, 5), (3, 7)], 10)

    assert (got.estimate, got.low, got.high) == pytest.approx((21, 21, 21))


@pytest.mark.parametrize("points", [[], [(0, 1), (1, 2), (2, 3)], [(5, 1), (5, 2), (5, 3), (5, 4)]])
def test_without_a_trend_there_is_no_forecast(points: list[tuple[float, float]]):
    with pytest.raises(NotEnoughData):
        linear_forecast(points, 10)


@pytest.mark.parametrize(("value", "at", "confidence"), [(nan, 1, 0.8), (1, inf, 0.8), (1, 1, 1)])
def test_what_is_no_number_is_refused(value: float, at: float, confidence: float):
    with pytest.raises(ValueError, match=r"finite|confidence"):
        linear_forecast([(0, value), (1, 1), (2, 2), (3, 3)], at, confidence=confidence)


def test_the_method_names_functions_that_there_are():
    (method,) = METHODS

    assert method.functions == (linear_forecast.__name__,)

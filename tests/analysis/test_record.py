"""Were we right? Results and forecasts."""

import pytest

from app.analysis import record
from app.stats.rate_intervals import jeffreys


def test_nothing_decided_is_no_record():
    assert record.record_of([]) is None
    assert record.record_of([(0.5, "waiting")]) is None


def test_results_and_forecasts_are_held_together():
    told = record.record_of(
        [(0.9, "validated"), (0.6, "refuted"), (None, "inconclusive"), (0.5, "waiting")]
    )

    assert told is not None
    assert (told.results, told.validated, told.forecasts) == (3, 1, 2)
    assert told.brier == pytest.approx((0.01 + 0.36) / 2)
    assert (told.low, told.high) == (
        jeffreys(1, 3, confidence=0.95).low,
        jeffreys(1, 3, confidence=0.95).high,
    )


def test_without_a_forecast_there_is_no_score():
    told = record.record_of([(None, "validated")])

    assert told is not None
    assert told.brier is None

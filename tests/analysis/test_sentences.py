"""Moments as a product manager reads them."""

from datetime import UTC, datetime

from app.analysis import sentences


def test_a_moment_names_its_day():
    at = datetime(2026, 11, 6, 9, 5, tzinfo=UTC)

    assert sentences.moment(at, UTC) == "Friday 6 November, 09:05"

"""Numbers as a product manager reads them."""

from datetime import UTC, datetime

import pytest

from app.analysis import sentences


@pytest.mark.parametrize(
    ("rate", "written"), [(0.08, "8 %"), (0.125, "12.5 %"), (0.001, "0.1 %"), (0.95, "95 %")]
)
def test_what_somebody_set_is_written_exactly(rate: float, written: str):
    assert sentences.short(rate) == written


@pytest.mark.parametrize(("rate", "written"), [(0.3133, "31 %"), (0.0367, "3.7 %"), (0, "0 %")])
def test_a_headline_is_rough(rate: float, written: str):
    assert sentences.rough(rate) == written


def test_a_measured_rate_has_one_decimal():
    assert sentences.share(0.12) == "12.0 %"


def test_a_moment_names_its_day():
    assert (
        sentences.moment(datetime(2026, 11, 6, 9, 5, tzinfo=UTC), UTC) == "Friday 6 November, 09:05"
    )

"""How numbers stand on a page."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.analysis.counts import Point
from app.analysis.shapes import Estimate
from app.web import plots, results, words

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ESTIMATE = Estimate(
    "insight", 600, 72, 0.12, 0.099, 0.144, "exact", 0.95, "95 % each side", 70, 0, 0.121
)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (12, "percent", "12 %"),
        (31200, "EUR", "€ 31,200"),
        (1515.5, "number", "1,515.5"),
        (7, "NOK", "NOK 7"),
    ],
)
def test_an_amount_reads_in_its_unit(value, unit, shown):
    assert words.amount(value, unit) == shown


def test_a_change_always_carries_its_sign():
    assert [words.change(v) for v in (35, -1, 0)] == ["+35", "−1", "±0"]


def test_time_reads_as_one_would_say_it():
    assert words.ago(NOW - timedelta(hours=47), NOW) == "1 day ago"
    assert words.ago(NOW + timedelta(minutes=3), NOW) == "in 3 minutes"


def test_an_interval_that_may_still_be_everybody_does_not_hide_the_estimate():
    wide = replace(ESTIMATE, high=1.0, people_open=528)

    assert results._scale(ESTIMATE, 0.08) == 0.2
    assert results._scale(wide, 0.08) <= 0.3
    assert "528 people who may still click" in results._caption(wide, 0.08)


def test_a_way_from_start_to_target_crosses_the_plot():
    plot = plots.values_over_time(
        [(date(2026, 10, 1), 1240.0), (date(2026, 11, 15), 1515.0)],
        starts=date(2026, 10, 1),
        ends=date(2026, 12, 31),
        start=1240,
        target=1800,
        unit="number",
    )

    assert plot is not None
    assert plot.plan[0][0] == 0
    assert plot.plan[1][0] == 1
    assert [label for _, label in plot.levels] == ["1,240", "1,800"]
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in plot.points)


def test_nothing_is_drawn_of_a_single_hour():
    assert plots.growth((Point(NOW, 600, 3, 0.005),), 0.08, ZoneInfo("UTC")) is None

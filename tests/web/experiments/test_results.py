"""How numbers stand on a page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.analysis.locked_rule import Rule
from app.analysis.readout_types import Estimate, Timeline, TimelinePoint
from app.experiments.metrics import metric_of
from app.platform import figures
from app.web.experiments import result_charts, results
from app.web.kit import formatting, plots

WORDS = metric_of("click_rate").words
RULE = Rule("threshold", 0.08, 0.95, "curtailed", 72)
AGAINST = replace(RULE, kind="comparison", threshold=None, method="fixed", baseline="plain")
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
    assert formatting.amount(value, unit) == shown


def test_a_change_always_carries_its_sign():
    assert [formatting.change(v) for v in (35, -1, 0)] == ["+35", "−1", "±0"]


def test_time_reads_as_one_would_say_it():
    assert formatting.ago(NOW - timedelta(hours=47), NOW) == "1 day ago"
    assert formatting.ago(NOW + timedelta(minutes=3), NOW) == "in 3 minutes"


def test_an_interval_that_may_still_be_everybody_does_not_hide_the_estimate():
    wide = replace(ESTIMATE, high=1.0, people_open=528)

    assert results._scale(ESTIMATE, 0.08) == 0.2
    assert results._scale(wide, 0.08) <= 0.3
    assert "528 people who may still click" in results._caption(wide, 0.08, WORDS)


def course(*points: tuple[float, float, float], goal: float = 0.08) -> Timeline:
    hours = enumerate(points)
    told = tuple(TimelinePoint(NOW + timedelta(hours=at), *one) for at, one in hours)
    return Timeline("insight", goal, told)


def test_nothing_is_drawn_of_a_single_hour():
    assert plots.timeline(course((0.005, 0, 0.1)), ZoneInfo("UTC"), figures.axis) is None


def test_a_course_stays_on_its_plane_and_has_its_goal_and_range():
    told = course((0.0, 0.0, 1.0), (0.05, 0.02, 0.4), (0.1, 0.08, 0.13))
    plot = plots.timeline(told, ZoneInfo("UTC"), figures.axis)
    shown = result_charts.drawn(told, ZoneInfo("UTC"), RULE)

    assert plot is not None
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in (*plot.points, *plot.band, *plot.plan))
    assert len(plot.band) == 6
    assert "8 %" in [label for _, label in plot.levels]
    assert shown.rows[-1][1:] == ("10.0 %", "8.0 % to 13.0 %")


def test_a_lead_is_told_in_points_around_no_difference():
    told = course((0.01, -0.02, 0.04), (0.02, 0.005, 0.035), goal=0.0)
    shown = result_charts.drawn(told, ZoneInfo("UTC"), AGAINST)

    assert "no difference" in shown.caption
    assert shown.rows[-1][1:] == ("+2.0 points", "+0.5 points to +3.5 points")


def test_a_lead_in_values_is_told_in_values():
    told = course((1.5, -2.0, 4.0), (1.82, -4.11, 7.74), goal=0.0)
    rule = replace(AGAINST, metric="value_per_person", method="sequential")
    shown = result_charts.drawn(told, ZoneInfo("UTC"), rule)

    assert shown.plot is not None
    assert shown.rows[-1][1:] == ("+1.82", "−4.11 to +7.74")
    assert "in values" in shown.caption
    assert not any("%" in label for _, label in shown.plot.levels)


def test_a_long_course_is_a_short_table_that_ends_where_it_ends():
    told = course(*((0.001 * at, 0.0, 0.2) for at in range(1, 48)))
    shown = result_charts.drawn(told, ZoneInfo("UTC"), RULE)

    assert len(shown.rows) <= 12
    assert shown.rows[-1][0] == told.points[-1].at

"""A curve whose ranges run off its edge says so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.analysis.readout_types import Timeline, TimelinePoint
from app.platform import figures
from app.web.kit import plots

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


def told(goal: float, *points: tuple[float, float, float]) -> Timeline:
    rows = (
        TimelinePoint(at=AT + timedelta(hours=n), low=low, estimate=mid, high=high)
        for n, (low, mid, high) in enumerate(points)
    )
    return Timeline(arm="A", goal=goal, points=tuple(rows))


@pytest.mark.parametrize(
    ("goal", "points", "cut"),
    [
        (0.08, ((0.0, 0.05, 0.1), (0.01, 0.05, 0.09)), ""),
        (0.08, ((0.0, 0.05, 0.9), (0.04, 0.05, 0.06)), "Cut: ranges that reach the edge go on"),
    ],
)
def test_what_is_cut_off_a_curve_is_said(
    goal: float, points: tuple[tuple[float, float, float], ...], cut: str
):
    plot = plots.timeline(told(goal, *points), ZoneInfo("UTC"), figures.axis)

    assert plot is not None
    assert plot.cut.startswith(cut)
    assert bool(plot.cut) is bool(cut)

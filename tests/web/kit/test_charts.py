"""Drawings that every width shows in letters of one size, and shares of the people they name."""

import re

import pytest

from app.web.experiments.result_charts import Forest, Versus
from app.web.kit import pages, plots

CHARTS = pages.environment("UTC").get_template("kit/chart.html").module
ROW = Versus("loss", "validated", 0.5, 0.6, 0.7, "+1", "", "", "", "", "")


def test_a_funnels_shares_are_of_everybody_who_was_released():
    steps = (("Enrolled", 600), ("Mailed", 300), ("Delivered", 297), ("Clicked", 30))
    shown = re.findall(r"<small>(.*?)</small>", str(CHARTS.funnel(steps)))  # type: ignore[attr-defined]

    assert shown == ["99.0 %", "10.0 %"]


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: CHARTS.interval(0.08, 0.1, 0.12, 0.08, 0.2, "better", "x"),  # type: ignore[attr-defined]
        lambda: CHARTS.forest_plot(Forest("plain", (ROW,), 0.5, ("−1", "+1"), "x")),  # type: ignore[attr-defined]
        lambda: CHARTS.line(  # type: ignore[attr-defined]
            plots.Plot(((0.0, 0.1), (1.0, 0.9)), (), ((0.0, "0 %"),), ((0.0, "W1"),)), "x"
        ),
    ],
    ids=["interval", "forest", "line"],
)
def test_letters_never_stand_in_what_is_stretched(drawn):
    svg = re.sub(r"<svg[^>]*viewBox.*?</svg>", "", str(drawn()), flags=re.DOTALL)

    assert "viewBox" not in svg
    assert "<text" in svg

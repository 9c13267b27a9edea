"""The curve is the plan, asked for other sizes; its picture and the API say the same numbers."""

from typing import Any

import pytest

from app.experiments import curves, design
from app.experiments.rule_schemas import MOST_PEOPLE
from app.platform import figures
from app.web.experiments import power_curves
from tests.experiments.scenes import ARM, NOW, draft

_TWO: dict[str, Any] = {"arms": [ARM, ARM | {"key": "loss"}]}
_COMPARED: dict[str, Any] = {"kind": "comparison", "baseline": "insight", "mde": 0.02}
DESIGNS: dict[str, dict[str, Any]] = {
    "threshold": {},
    "a tiny threshold": {"rule": {"kind": "threshold", "threshold": 0.001}},
    "a huge threshold": {"rule": {"kind": "threshold", "threshold": 0.9999}},
    "looks": {
        "rule": {"kind": "threshold", "threshold": 0.08, "method": "sequential", "looks": 2},
        "waves": [{"share": 0.5}, {"share": 0.5, "after_hours": 24}],
    },
    "versions": _TWO | {"rule": _COMPARED},
    "holdout": {
        "holdout": 0.5,
        "metric": {"kind": "conversion_rate", "event": "planned"},
        "rule": _COMPARED | {"baseline": "holdout", "base_rate": 0.9},
    },
}


_LARGE = pytest.param(MOST_PEOPLE, "threshold", id="everybody")


@pytest.mark.parametrize(
    ("people", "name"), [*((people, name) for people in (1, 2, 600) for name in DESIGNS), _LARGE]
)
def test_each_point_is_what_the_plan_says_of_so_many(people: int, name: str):
    asked = draft(**DESIGNS[name])
    told = curves.curve(asked, people)

    assert [one.people for one in told if one.chosen] == [people]
    assert [one.people for one in told] == sorted({one.people for one in told})
    for one in told:
        assert one.detectable == design.plan(asked, people=one.people, start=NOW).detectable


@pytest.mark.parametrize("name", DESIGNS)
def test_the_picture_marks_what_the_sentence_says(name: str):
    asked = draft(**DESIGNS[name])
    power = power_curves.power_of(asked, 50_000, is_asked=False)
    said = design.plan(asked, people=50_000, start=NOW)

    assert power is not None
    assert power.chosen is not None
    assert power.chosen[2] in said.sentence
    assert [row[1] for row in power.rows if row[2]] == [power.chosen[2]]
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in power.points)
    assert 0 <= power.goal[0] <= 1 if power.goal else True


def test_more_people_tell_smaller_differences():
    told = curves.curve(draft(), 600)
    seen = [one.detectable for one in told if one.detectable is not None]

    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("people", [0, -1])
def test_nobody_can_tell_nothing(people: int):
    assert curves.curve(draft(), people) == ()
    assert power_curves.power_of(draft(), people, is_asked=True) is None


def test_of_values_nothing_is_drawn():
    asked = draft(
        **_TWO,
        metric={"kind": "value_per_person", "event": "paid"},
        rule=_COMPARED | {"mde": 2},
    )

    assert curves.curve(asked, 600) == ()


def test_what_takes_seconds_is_drawn_when_somebody_asks():
    asked = draft(rule={"kind": "threshold", "threshold": 0.08, "method": "anytime"})
    waits = power_curves.power_of(asked, 40, is_asked=False)
    drawn = power_curves.power_of(asked, 40, is_asked=True)

    assert waits is not None
    assert waits.waits
    assert drawn is not None
    assert drawn.chosen is not None
    assert drawn.chosen[2] in figures.aim(design.plan(asked, people=40, start=NOW).detectable or 0)

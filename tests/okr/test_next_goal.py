"""What a copied cycle proposes can be reached, and asks as much as the last one did."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.okr.models import KeyResult
from app.okr.next_goal import proposed
from tests.okr.scenes import NOW


def row(**fields: Any) -> KeyResult:
    known = {"objective_id": "o", "title": "X", "kind": "increase", "unit": "number"}
    return KeyResult(**(known | fields), created_at=NOW)


@pytest.mark.parametrize(
    ("unit", "kind", "way", "current", "asked"),
    [
        ("number", "increase", (1240, 1800), 1700, 2260),  # as far again
        ("percent", "increase", (50, 60), 58, 68),
        ("percent", "increase", (50, 90), 85, 97),  # a fifth of what is left, not 125
        ("percent", "increase", (50, 100), 85, 100),
        ("percent", "increase", (100, 150), 130, 180),  # growth, not a share
        ("percent", "decrease", (12, 6), 5, 2.5),
        ("number", "decrease", (100, 50), 60, 10),
        ("number", "decrease", (100, 50), 40, 20),  # half again, not -10 tickets
        ("number", "decrease", (100, 0), 30, 0),
        ("number", "decrease", (5, 2), 2, 0.8),
        ("EUR", "increase", (-500, 500), 100, 1100),  # may be negative
        ("EUR", "decrease", (500, -500), -400, -1400),
    ],
)
def test_the_next_target_can_be(
    unit: str, kind: str, way: tuple[float, float], current: float, asked: float
):
    found = proposed(row(unit=unit, kind=kind, start=way[0], target=way[1]), current)

    assert found is not None
    assert (found.start, found.target) == (current, asked)


@pytest.mark.parametrize(
    ("unit", "kind", "start", "target", "current"),
    [
        ("percent", "increase", 50, 90, 100),
        ("number", "decrease", 100, 0, 0),
        ("number", "maintain", 0, 0, 50),
        ("number", "milestone", 0, 1, 1),
    ],
)
def test_where_no_way_is_left_it_stays_as_it_was(
    unit: str, kind: str, start: float, target: float, current: float
):
    assert proposed(row(unit=unit, kind=kind, start=start, target=target), current) is None


def test_a_stretch_that_cannot_lie_beyond_is_left_out():
    found = proposed(row(unit="percent", start=50, target=100, stretch=None), 85)
    beyond = proposed(row(unit="percent", start=50, target=90, stretch=95), 85)

    assert found is not None
    assert found.stretch is None
    assert beyond is not None
    assert (beyond.target, beyond.stretch) == (97, 98.5)


@given(st.floats(0, 99), st.floats(0, 100), st.floats(0, 99.9), st.booleans())
def test_a_share_stays_a_share_and_a_count_a_count(
    start: float, target: float, current: float, falls: bool
):
    assume(target - start > 1)
    ends = (target, start) if falls else (start, target)
    kind = "decrease" if falls else "increase"
    found = proposed(row(unit="percent", kind=kind, start=ends[0], target=ends[1]), current)

    if found is None:
        assert current == 0
    else:
        assert 0 <= found.target <= 100
        assert (found.target > current) is not falls

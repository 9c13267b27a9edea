"""Everybody as one mark, and axes that end in round numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.kit.plots import round_marks
from app.web.kit.waffles import ROWS, waffle

people = st.integers(0, 200_000)


@given(st.tuples(people, people, people, people))
def test_every_kind_has_its_share_of_the_marks_and_nobody_is_lost(numbers: tuple[int, ...]):
    kinds = list(zip("abcd", numbers, strict=True))
    drawn = waffle(kinds)
    if drawn is None:
        assert sum(numbers) == 0
        return
    marks = {kind: path.count("M") for kind, path in drawn.paths}

    assert marks == {kind: -(-number // drawn.each) for kind, number in kinds if number}
    assert sum(marks.values()) <= min(drawn.columns * ROWS, 600 + len(kinds))
    assert (drawn.columns - 1) * ROWS < sum(marks.values())
    assert str(drawn.each).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("total", "each"), [(600, 1), (601, 2), (1_200, 2), (1_201, 5), (3_001, 10)]
)
def test_a_mark_is_of_as_few_people_as_fit(total: int, each: int):
    drawn = waffle([("a", total)])

    assert drawn
    assert drawn.each == each


def test_no_mark_stands_where_another_does():
    drawn = waffle([("a", 30), ("b", 30)])
    assert drawn
    places = [one for _, path in drawn.paths for one in path.split("M")[1:]]

    assert len(set(places)) == 60


@given(st.floats(-100, 100), st.floats(1e-3, 100))
def test_marks_hold_both_ends_evenly_and_are_few(low: float, span: float):
    marks = round_marks(low, low + span)
    steps = {round(after - before, 9) for before, after in pairwise(marks)}

    assert marks[0] <= low + 1e-6 * span
    assert marks[-1] >= low + span - 1e-6 * span
    assert 3 <= len(marks) <= 8
    assert max(steps) - min(steps) <= 1e-6 * span


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0, 0.144, (0, 0.04, 0.08, 0.12, 0.16)), (0, 0.008, (0, 0.002, 0.004, 0.006, 0.008)),
     (-0.02, 0.03, (-0.02, -0.01, 0, 0.01, 0.02, 0.03))],
)  # fmt: skip
def test_marks_are_round(low: float, high: float, marks: tuple[float, ...]):
    assert round_marks(low, high) == pytest.approx(marks)

"""The promise: of 20 key results that stand still, about one is called wrongly in a quarter."""

import numpy as np
import pytest

from tests.bench import closer, closer_marks
from tests.bench.closer import FALSE, Measured


@pytest.mark.parametrize("world", sorted(set(FALSE) - {"memory 0.7"}))
def test_what_stands_still_is_called_in_at_most_one_quarter_of_twenty(world: str):
    found = closer.still(80, histories=(0, 13), seed=20261123, only=world)

    for one in found:
        assert one.holds, one


def test_what_moves_is_told_more_often_with_a_past():
    without, with_past = closer.moving(60, drift=0.5, histories=(0, 13), seed=20261123)

    assert without.share < 0.35
    assert with_past.share > 0.75


def test_a_world_that_breaks_the_promise_is_seen():
    assert not Measured("wanders", 0, 80, 12, 0.05).holds


def test_weeks_marked_before_they_begin_leave_the_promise_as_it_is():
    rows = list(closer.marked(20, histories=(0, 13), seed=20261123))
    quarters, told = sum(one.quarters for one in rows), sum(one.told for one in rows)

    assert Measured("marked weeks", 0, quarters, told, closer.PROMISED).holds


def test_unusual_weeks_are_told_as_moves_where_nobody_marked_them():
    """Otherwise the test above would say nothing of marks."""
    marked, unmarked = (
        sum(
            closer_marks.heard(
                habit, closer_marks.holidays, history=13, quarters=20,
                rng=np.random.default_rng(1), unmarked=is_silent,
            )
            for habit in closer_marks.HABITS
        )
        for is_silent in (False, True)
    )  # fmt: skip

    assert unmarked > 2 * marked + 5

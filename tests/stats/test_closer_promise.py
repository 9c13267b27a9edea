"""The promise: of 20 key results that stand still, about one is called wrongly in a quarter."""

import pytest

from tests.bench import closer
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

"""Kinds of people compared apart and together: a published turn, properties, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.subgroups import subgroups
from app.stats.two_arm import Arm

arms = st.integers(1, 400).flatmap(lambda n: st.builds(Arm, st.just(n), st.integers(0, n)))


def test_the_kidney_stones_turn_round():
    # Charig, Webb, Payne & Wickham (1986), BMJ 292:879-882, as told by Julious & Mullee (1994),
    # BMJ 309:1480: open surgery is better for small and for large stones, and worse overall
    small, large = (Arm(87, 81), Arm(270, 234)), (Arm(263, 192), Arm(80, 55))
    got = subgroups([small, large])

    assert got.turned
    assert got.together == pytest.approx(273 / 350 - 289 / 350)
    assert got.within == pytest.approx(
        357 / 700 * (81 / 87 - 234 / 270) + 343 / 700 * (192 / 263 - 55 / 80)
    )


@given(arms, arms)
def test_one_kind_never_turns_round(arm: Arm, base: Arm):
    got = subgroups([(arm, base)])

    assert got.within == pytest.approx(got.together)
    assert not got.turned


def test_nobody_on_both_sides_is_no_comparison():
    with pytest.raises(NotEnoughData, match="no kind"):
        subgroups([(Arm(5, 1), Arm(0, 0))])

"""Kinds of people, fading effects and wrong verdicts: published numbers, twins, refusals."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stats.checks import NotEnoughData
from app.stats.misjudged import rogan_gladen
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


def test_verdicts_that_err_are_set_right():
    # 10 % real, 90 % of them found, 5 % of the others mistaken: 13.5 % are judged so
    assert rogan_gladen(135, 1000, sensitivity=0.9, specificity=0.95) == pytest.approx(0.1)


@given(st.integers(0, 1000))
def test_perfect_verdicts_change_nothing(hits: int):
    assert rogan_gladen(hits, 1000, sensitivity=1, specificity=1) == pytest.approx(
        hits / 1000, abs=1e-12
    )


def test_verdicts_by_chance_say_nothing():
    with pytest.raises(NotEnoughData, match="chance"):
        rogan_gladen(1, 10, sensitivity=0.5, specificity=0.5)
    for wrong in (0, 1.1, nan):
        with pytest.raises(ValueError, match="shares"):
            rogan_gladen(1, 10, sensitivity=wrong, specificity=0.9)

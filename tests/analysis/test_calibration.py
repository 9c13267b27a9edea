"""No rule errs more often than it promises: the small version of `tests.bench.calibration`."""

import numpy as np
import pytest

from app.analysis import comparison_looks
from app.analysis.matured import Matured
from app.analysis.planned_looks import Held
from app.analysis.readout_types import State
from app.stats.two_arm import Arm, sparse
from tests.analysis.scenes import TUESDAY
from tests.bench import calibration, two_rates
from tests.bench.measured import Measured
from tests.bench.two_rates import ARM, BASE, Cell, Course

CELL = Cell(180, 20, 0.1)


@pytest.mark.parametrize("part", ["rates", "values", "alarms", "one-arm", "endings"])
def test_every_rule_holds_what_it_promises(part: str):
    measured = list(calibration.PARTS[part](calibration.TINY, calibration.SEED))

    assert measured
    assert [one for one in measured if not one.holds] == []


def test_a_rule_that_errs_too_often_is_seen():
    assert not Measured("fixed", "900/100", 10_000, 0.033, 0.025, limit=0.027).holds
    assert not Measured("fixed", "900/100", 10_000, 0.0251, 0.025, is_exact=True).holds
    assert not Measured("anytime", "900/100", 10_000, 0.02, 0.025, covered=0.95).holds
    assert Measured("anytime", "900/100", 10_000, 0.028, 0.025).holds


def test_sparse_counts_are_told_as_the_readout_tells_them():
    rng = np.random.default_rng(1)
    people, base_people = rng.integers(1, 900, (2, 500))
    hits, base_hits = rng.binomial(people, 0.05), rng.binomial(base_people, 0.05)
    pairs = np.array([hits, people, base_hits, base_people], dtype=float)

    assert list(two_rates._sparse(pairs)) == [
        sparse(Arm(int(n), int(h)), Arm(int(m), int(b))) for h, n, b, m in pairs.T
    ]


def test_what_looks_ask_for_depends_on_everybodys_hits_alone():
    rng = np.random.default_rng(2)
    course = two_rates.course_of(CELL, two_rates.EVERY, rng)
    asked = {tuple(two_rates.needed(course, mine)) for mine in course.deal(10, rng)}

    assert len(asked) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_call_of_a_course_is_that_of_the_looks_as_the_worker_holds_them(seed: int):
    rng = np.random.default_rng(seed)
    course = two_rates.course_of(CELL, two_rates.SEVEN, rng)
    for mine in (course.deal(1, rng)[0], _favoured(course)):
        rule = two_rates.rule_of("sequential")
        planned = {ARM: CELL.people, BASE: CELL.base_people}
        (row,) = comparison_looks.by_looks(_held(course, mine), rule, planned, [ARM], ended=True)
        is_called = bool((mine >= two_rates.needed(course, mine)).any())

        assert (row.state is State.VALIDATED) == is_called


def _favoured(course: Course) -> np.ndarray:
    """Every hit that can be is the slice's."""
    mine = np.diff(course.people, prepend=0)
    found: np.ndarray = np.minimum(course.hits, mine).cumsum()
    return found


def _held(course: Course, mine: np.ndarray) -> list[Held]:
    """Looks one after the other, each asking for what the ones before left to spend."""
    held: list[Held] = []
    rule, planned = two_rates.rule_of("sequential"), {ARM: CELL.people, BASE: CELL.base_people}
    for place, pair in enumerate(course.pairs(mine)):
        arms = {
            ARM: {"": Matured(people=pair.people, did=pair.hits)},
            BASE: {"": Matured(people=pair.base_people, did=pair.base_hits)},
        }
        last = place == len(mine) - 1
        asked = comparison_looks.asked(held, arms, rule, planned, whole=last)
        held.append(Held(place + 1, TUESDAY, TUESDAY, arms, last, whole=last, asked=asked))
    return held

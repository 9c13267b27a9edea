"""Experiments that somebody ends as soon as the numbers please: how often one errs at all.

Waves go one after the other and the page is read after each. Whoever wants a yes, or a no, ends it
at the first wave after which the rule would say so of those mailed until then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis import look_course as courses
from app.analysis.locked_rule import Rule
from app.analysis.look_course import Course
from app.analysis.matured import Matured
from app.analysis.planned_looks import Asked, Held
from app.stats.one_arm import Progress, State, curtailed_call, pass_count
from tests.analysis.scenes import TUESDAY
from tests.bench.measured import Measured
from tests.bench.rules import ALPHA
from tests.bench.two_rates import ARM

WAVES = 12
LOOKS = 2
_NEVER = 10**9


@dataclass(frozen=True, slots=True)
class Cell:
    """People planned, and the rate that is both the threshold and the truth."""

    people: int
    rate: float

    def __str__(self) -> str:
        return f"{self.people:,} at {100 * self.rate:g} %, {WAVES} waves"


CELLS = (Cell(60, 0.5), Cell(600, 0.08), Cell(1_200, 0.3), Cell(3_000, 0.02), Cell(6_000, 0.005))


def all_rules(runs: int, *, seed: int) -> Iterator[Measured]:
    """Both rules that can be ended between waves, both wishes, in every cell."""
    for number, cell in enumerate(CELLS):
        rng = np.random.default_rng([seed, number])
        hits = rng.binomial(cell.people // WAVES, cell.rate, (runs, WAVES)).cumsum(axis=1)
        for name, asked in (("curtailed", _curtailed(cell)), ("sequential", _sequential(cell))):
            above = np.array([_NEVER if one.above is None else one.above for one in asked])
            below = np.array([-1 if one.below is None else one.below for one in asked])
            for wish, erred in (("yes", hits >= above), ("no", hits <= below)):
                error = float(np.mean(erred.any(axis=1)))
                yield Measured(
                    f"ended at will, {name}", f"{cell}, for a {wish}", runs, error, ALPHA
                )


def _mailed(cell: Cell) -> Sequence[int]:
    return [cell.people // WAVES * (wave + 1) for wave in range(WAVES)]


def _curtailed(cell: Cell) -> list[Asked]:
    """Clicks that validate, and those that refute, where it is ended after each wave."""
    needed = pass_count(cell.people, cell.rate, confidence=1 - ALPHA)
    return [Asked(needed, _refuted_up_to(cell, mailed, needed)) for mailed in _mailed(cell)]


def _refuted_up_to(cell: Cell, mailed: int, needed: int) -> int | None:
    def is_refuted(hits: int) -> bool:
        left = cell.people - mailed
        at = Progress(cell.people, mailed, 0, 0, clickers=hits, settled=hits, withheld=left)
        said = curtailed_call(at, pass_count=needed, threshold=cell.rate, confidence=1 - ALPHA)
        return said.state is State.REFUTED

    return max(
        (hits for hits in range(needed) if hits <= mailed and is_refuted(hits)), default=None
    )


def _sequential(cell: Cell) -> list[Asked]:
    """The same of planned looks: after a wave without one, what the last one would ask."""
    held: list[Held] = []
    found = []
    for wave, mailed in enumerate(_mailed(cell)):
        is_last, is_planned = wave == WAVES - 1, (wave + 1) % (WAVES // LOOKS) == 0
        found.append(_asked(cell, held, mailed, ended=not is_planned or is_last, whole=is_last))
        if is_planned:
            people = {ARM: {"": Matured(people=mailed)}}
            held.append(
                Held(len(held) + 1, TUESDAY, TUESDAY, people, is_last, asked={ARM: found[-1]})
            )
    return found


def _asked(cell: Cell, held: Sequence[Held], mailed: int, *, ended: bool, whole: bool) -> Asked:
    strata = {"": Matured(people=mailed)}
    course = Course(ARM, cell.people, strata, tuple(held), coming=(), ended=ended)
    return courses.asked(course, _rule(cell.rate), whole=whole)


def _rule(threshold: float) -> Rule:
    return Rule(
        kind="threshold",
        threshold=threshold,
        confidence=1 - ALPHA,
        method="sequential",
        window_hours=72,
        baseline="",
        mde=0.0,
        metric="click_rate",
    )

"""Values per person where nothing differs: most have none, and a few have very much."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis import comparison_looks, comparisons
from app.analysis.locked_rule import Rule
from app.analysis.matured import Matured
from app.analysis.planned_looks import Asked, Held
from app.analysis.readout_types import State
from tests.analysis.scenes import TUESDAY
from tests.bench.measured import Measured
from tests.bench.two_rates import ARM, BASE, SIDE, rule_of

SIGMA = 1.5
CAP = float(np.exp(SIGMA * 2.326))  # the 99 % point of a value, as it is set at launch
ADMITTED = 0.033  # of arms that differ in size; found by simulation, and said in the help
LOOKS = 7
METRIC = "value_per_person"

# Citations: what an earlier version did at these sizes; nothing here runs it.
_BEFORE = {
    ("values, fixed", 2_700, 300): "9.0 %",
    ("values, 7 looks", 2_700, 300): "9.5 %",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """People in each arm, the share of them with a value, and the cap."""

    people: int
    base_people: int
    share: float
    cap: float

    def __str__(self) -> str:
        capped = "uncapped" if self.cap == np.inf else "capped"
        return f"{self.people:,}/{self.base_people:,}, {100 * self.share:g} % buy, {capped}"


SIZES = ((1_500, 1_500, 0.5), (2_700, 300, 0.5), (300, 2_700, 0.5), (9_000, 1_000, 0.2))
LARGE = ((8_000, 2_000, 0.5), (18_000, 2_000, 0.5))  # where some may be called without a cap
CELLS = (
    *(Cell(*one, CAP) for one in SIZES),
    *(Cell(*one, np.inf) for one in (SIZES[0], SIZES[1], *LARGE)),
)


def all_rules(runs: int, *, seed: int) -> Iterator[Measured]:
    """One look, and seven."""
    for number, cell in enumerate(CELLS):
        yield fixed(cell, runs, np.random.default_rng([seed, number]))
    for number, cell in enumerate(CELLS):
        yield seven(cell, max(1, runs // 4), np.random.default_rng([seed, 100 + number]))


def fixed(cell: Cell, runs: int, rng: np.random.Generator) -> Measured:
    """One look at the end, through the function that the readout calls."""
    rule, called, wrong = rule_of("fixed", METRIC), 0, 0
    for _ in range(runs):
        (row,) = comparisons.now(_arms(cell, rng), rule, ended=True)
        called += row.difference is not None
        wrong += row.state is State.VALIDATED
    return _measured("values, fixed", cell, runs, called, wrong)


def seven(cell: Cell, runs: int, rng: np.random.Generator) -> Measured:
    """Seven looks, each with a seventh of the people more."""
    rule, planned = rule_of("sequential", METRIC), {ARM: cell.people, BASE: cell.base_people}
    asked = _asked(cell, rule, planned, rng)
    called = wrong = 0
    for _ in range(runs):
        held = [_held(place, arms, asked[place]) for place, arms in enumerate(_growing(cell, rng))]
        (row,) = comparison_looks.by_looks(held, rule, planned, [ARM], ended=True)
        called += row.difference is not None
        wrong += row.state is State.VALIDATED
    return _measured("values, 7 looks", cell, runs, called, wrong)


def _measured(rule: str, cell: Cell, runs: int, called: int, wrong: int) -> Measured:
    """Of all experiments; how many of them could be called stands beside the cell."""
    even = cell.people == cell.base_people
    named = "" if cell.cap != np.inf else _BEFORE.get((rule, cell.people, cell.base_people), "")
    setting = f"{cell}, {100 * called / runs:.0f} % called"
    limit = SIDE if even else ADMITTED
    return Measured(rule, setting, runs, wrong / runs, SIDE, limit=limit, before=named)


def _asked(
    cell: Cell, rule: Rule, planned: dict[str, int], rng: np.random.Generator
) -> list[Mapping[str, Asked]]:
    """What each look asks for depends on its people alone, so it is worked out once."""
    held: list[Held] = []
    for place, arms in enumerate(_growing(cell, rng)):
        asked = comparison_looks.asked(held, arms, rule, planned, whole=place == LOOKS - 1)
        held.append(_held(place, arms, asked))
    return [one.asked for one in held]


def _held(place: int, arms: dict[str, dict[str, Matured]], asked: Mapping[str, Asked]) -> Held:
    last = place == LOOKS - 1
    return Held(place + 1, TUESDAY, TUESDAY, arms, last, whole=last, asked=asked)


def _growing(cell: Cell, rng: np.random.Generator) -> Iterator[dict[str, dict[str, Matured]]]:
    so_far = [Matured(), Matured()]
    for place in range(LOOKS):
        for at, people in enumerate((cell.people, cell.base_people)):
            new = people * (place + 1) // LOOKS - people * place // LOOKS
            so_far[at] += _spent(new, cell, rng)
        yield {key: {"": one} for key, one in zip((ARM, BASE), so_far, strict=True)}


def _arms(cell: Cell, rng: np.random.Generator) -> dict[str, dict[str, Matured]]:
    people: Sequence[int] = (cell.people, cell.base_people)
    return {key: {"": _spent(one, cell, rng)} for key, one in zip((ARM, BASE), people, strict=True)}


def _spent(people: int, cell: Cell, rng: np.random.Generator) -> Matured:
    """Sums of the values of so many people, as the counters keep them."""
    buyers = int(rng.binomial(people, cell.share))
    y = np.minimum(rng.lognormal(0.0, SIGMA, buyers), cell.cap)
    squares = y * y
    return Matured(
        people=people,
        did=buyers,
        nonzero=buyers,
        y=float(y.sum()),
        yy=float(squares.sum()),
        yyy=float(squares @ y),
    )

"""How often a key result that stands still is called closer or further in a quarter; and power.

`python -m tests.bench.closer` takes about two minutes; `--full` has 2,000 quarters a world. Exits 1
if more than the promised 5 % are called, beyond three Monte-Carlo errors, where a week's noise
remembers at most 60 % of the last. At 70 % the promise is known not to hold; it is shown.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from app.stats.closer import Question, standing
from app.stats.weekly import Weekly
from tests.bench import closer_marks

WEEKS = 13
PROMISED = 0.05
NINTH = 9  # the week by which power is told
Rng = np.random.Generator
World = Callable[[Rng, int], np.ndarray]


@dataclass(frozen=True)
class Measured:
    """One world: how many of its quarters heard a statement."""

    world: str
    history: int
    quarters: int
    told: int
    promised: float | None  # None: only shown

    @property
    def share(self) -> float:
        """Of all quarters."""
        return self.told / self.quarters

    @property
    def noise(self) -> float:
        """One Monte-Carlo error of the share, at the promise."""
        return sqrt(PROMISED * (1 - PROMISED) / self.quarters)

    @property
    def holds(self) -> bool:
        """Whether the promise is kept, within three Monte-Carlo errors."""
        return self.promised is None or self.share <= self.promised + 3 * self.noise


def sluggish(memory: float) -> World:
    """Noise that remembers this much of the last week's."""

    def draw(rng: Rng, count: int) -> np.ndarray:
        steps, found = rng.standard_normal(count), np.empty(count)
        found[0] = steps[0]
        for place in range(1, count):
            found[place] = memory * found[place - 1] + sqrt(1 - memory**2) * steps[place]
        return np.round(1240 + 25 * found, 2)

    return draw


def counts(mean: float) -> World:
    """Things counted in a week."""
    return lambda rng, count: rng.poisson(mean, count).astype(float)


def shares(people: int, rate: float) -> World:
    """A percentage of so many people."""
    return lambda rng, count: np.round(100 * rng.binomial(people, rate, count) / people, 2)


FALSE: dict[str, tuple[World, float | None]] = {
    "white": (sluggish(0.0), PROMISED),
    "memory 0.3": (sluggish(0.3), PROMISED),
    "memory 0.6": (sluggish(0.6), PROMISED),
    "memory 0.7": (sluggish(0.7), None),
    "counts of 5": (counts(5), PROMISED),
    "counts of 40": (counts(40), PROMISED),
    "shares of 300": (shares(300, 0.08), PROMISED),
}


def still(
    quarters: int, *, histories: tuple[int, ...], seed: int, only: str | None = None
) -> Iterator[Measured]:
    """Quarters in which nothing moves, of every world or of one."""
    for number, (name, (world, promised)) in enumerate(FALSE.items()):
        for history in histories if only in {None, name} else ():
            rng = np.random.default_rng([seed, number, history])
            heard = sum(
                _heard(world(rng, history + WEEKS), history, WEEKS) for _ in range(quarters)
            )
            yield Measured(name, history, quarters, heard, promised)


def marked(quarters: int, *, histories: tuple[int, ...], seed: int) -> Iterator[Measured]:
    """Marked weeks: the same of every habit of writing values down, and every author of marks."""
    for number, habit in enumerate(closer_marks.HABITS):
        for name, author in closer_marks.AUTHORS.items():
            for history in histories:
                rng = np.random.default_rng([seed, 50 + number, history])
                told = closer_marks.heard(
                    habit, author, history=history, quarters=quarters, rng=rng
                )
                world = f"marked weeks {name}, {habit.name}"
                yield Measured(world, history, quarters, told, PROMISED)


def moving(
    quarters: int, *, drift: float, histories: tuple[int, ...], seed: int
) -> Iterator[Measured]:
    """Quarters that rise by a drift (in noise sd a week) from the start: told by week nine?"""
    world = sluggish(0.0)
    for history in histories:
        rng = np.random.default_rng([seed, 99, history])
        rise = 25 * drift * np.maximum(np.arange(1 - history, WEEKS + 1), 0)
        heard = sum(
            _stands(world(rng, history + WEEKS) + rise, history, NINTH) == 1
            for _ in range(quarters)
        )
        yield Measured(f"rises {drift} sd a week", history, quarters, heard, None)


def _heard(values: np.ndarray, history: int, until: int) -> bool:
    """Whether any week said anything."""
    series, asked = _series(values, history)
    return any(standing(series, asked, week=week, of=WEEKS) for week in range(2, until + 1))


def _stands(values: np.ndarray, history: int, week: int) -> int:
    series, asked = _series(values, history)
    return standing(series, asked, week=week, of=WEEKS)


def _series(values: np.ndarray, history: int) -> tuple[Weekly, Question]:
    weeks = tuple(range(1 - history, WEEKS + 1))
    return Weekly(weeks, tuple(map(float, values))), Question(target=2 * float(values.max()) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=20261123)
    asked = parser.parse_args()
    quarters, began = (2000 if asked.full else 200), time.perf_counter()
    worst = 0
    print(f"{'world':56} {'weeks before':>12} {'quarters':>9} {'told':>8}   promised")
    rows = [
        *still(quarters, histories=(0, 13, 26), seed=asked.seed),
        *marked(quarters, histories=(0, 13), seed=asked.seed),
        *moving(quarters, drift=0.5, histories=(0, 13, 26), seed=asked.seed),
        *moving(quarters, drift=1.0, histories=(0, 13), seed=asked.seed),
    ]
    for one in rows:
        promised = f"at most {100 * one.promised:.0f} %" if one.promised else "shown only"
        bad = "" if one.holds else "   DOES NOT HOLD"
        print(
            f"{one.world:56} {one.history:12} {one.quarters:9,} {100 * one.share:6.1f} %"
            f"   {promised}{bad}"
        )
        worst = worst if one.holds else 1
    print(f"{time.perf_counter() - began:.0f} s")
    return worst


if __name__ == "__main__":
    sys.exit(main())

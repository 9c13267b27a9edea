"""What peeking costs: the figures by which the design was chosen, worked out again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from scipy.special import betainc

from app.stats.anytime import anytime_pass_count
from app.stats.checks import NotEnoughData
from app.stats.group_sequential import bounds, crossing
from app.stats.one_arm import pass_count
from app.stats.sequential import planned_boundaries, sequential_error

RATE, BETTER = 0.08, 0.096
LOOKS = tuple(range(250, 3001, 250))
_SIMULATED = 0.005  # how far figures of the design may lie that were simulated themselves


@dataclass(frozen=True, slots=True)
class Figure:
    """One of them beside what the design says; error is the Monte-Carlo error, 0 if exact."""

    name: str
    share: float
    said: float
    error: float = 0.0
    rounded: float = 0.0006  # how far the design's own rounding may lie

    def __str__(self) -> str:
        how = f"± {100 * self.error:.2f}" if self.error else "exact"
        agrees = abs(self.share - self.said) <= self.rounded + 3 * self.error
        return (
            f"{self.name:58} {100 * self.share:6.2f} % {how:>7}   design {100 * self.said:5.1f} %"
            f"{'' if agrees else '   DIFFERS'}"
        )


def figures(runs: int, *, seed: int) -> Iterator[Figure]:
    """All of them; those of one arm exactly."""
    planned = planned_boundaries(LOOKS, RATE, confidence=0.95)
    every = [(people, _exact(people)) for people in LOOKS]
    yield Figure("exact test at each of 12 looks of 250", _err(every), 0.169)
    believed = [(people, _believed(people)) for people in LOOKS]
    yield Figure("Bayesian P > 0.95 at each of 12 looks of 250", _err(believed), 0.2, rounded=0.005)
    more = [(275 * place, needed) for place, needed in enumerate(planned, start=1)]
    yield Figure("frozen table, 275 instead of 250 a look", _err(more), 0.456)
    growing = [(people, _exact(people)) for people in range(10, 1201, 10)]
    yield Figure("exact test at each tenth person to 1,200", _err(growing), 0.257)
    both = [(people, _any(people)) for people in range(1, 3000)]
    yield Figure(
        "rule for any time, or the exact test at 3,000", _err([*both, (3000, _exact(3000))]), 0.053
    )
    yield from _two_arms(runs, np.random.default_rng(seed))


def _err(looks: Sequence[tuple[int, int | None]]) -> float:
    return sequential_error(looks, RATE)


def _exact(people: int) -> int | None:
    try:
        return pass_count(people, RATE, confidence=0.95)
    except NotEnoughData:
        return None


def _any(people: int) -> int | None:
    try:
        return anytime_pass_count(people, RATE, n_max=3000, confidence=0.95)
    except NotEnoughData:
        return None


def _believed(people: int) -> int:
    """The fewest clicks after which Beta(1, 1) believes with 0.95 that it is over."""
    hits = np.arange(people + 1)
    return int(np.argmax(betainc(1 + hits, 1 + people - hits, RATE) < 0.05))


def _two_arms(runs: int, rng: np.random.Generator) -> Iterator[Figure]:
    null, real = _paths(runs, RATE, rng), _paths(runs, BETTER, rng)
    naive = NormalDist().inv_cdf(0.975)
    shares = [place / 12 for place in range(1, 13)]
    ours = bounds(shares, alpha=0.05)
    spread = sum(rate * (1 - rate) for rate in (RATE, BETTER)) / 6_000
    power = crossing(shares, ours, drift=(BETTER - RATE) / sqrt(spread))
    yield _figure("two arms, 12 looks of 500: naive z", _out(null, naive), 0.212)
    yield _figure(
        "8 % to 9.6 %: power of the group-sequential test", _out(real, np.array(ours)), power
    )
    yield _figure("power of one look", np.abs(real[:, -1]) > naive, 0.871)


def _out(z: np.ndarray, limits: np.ndarray | float) -> np.ndarray:
    found: np.ndarray = (np.abs(z) > limits).any(axis=1)
    return found


def _paths(runs: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """z of an arm at this rate against one at 8 %, unpooled, after each look."""
    people = 500 * np.arange(1, 13)
    arm, base = (rng.binomial(500, one, (runs, 12)).cumsum(axis=1) / people for one in (rate, RATE))
    found: np.ndarray = (arm - base) / np.sqrt((arm * (1 - arm) + base * (1 - base)) / people)
    return found


def _figure(name: str, hit: np.ndarray, said: float) -> Figure:
    share = float(np.mean(hit))
    return Figure(name, share, said, sqrt(share * (1 - share) / len(hit)), rounded=_SIMULATED)

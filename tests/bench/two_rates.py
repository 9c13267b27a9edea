"""Comparisons of rates where nothing differs: how often a slice is called better.

One look is not simulated: every pair of counts is given its chance. At looks, people come in an
order drawn by lot and rates differ by day. What a look asks for depends on everybody's hits alone,
so each course of hits is dealt to the arms many times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import sqrt

import numpy as np
from scipy.stats import binom

from app.analysis import comparisons
from app.analysis.locked_rule import Rule
from app.analysis.matured import Matured
from app.analysis.readout_types import State
from app.experiments.plans import LOOKS_AT_ANY_TIME
from app.stats.conditional import Limits, limits
from app.stats.score import Pair
from app.stats.skewed import skewed_zs
from app.stats.two_arm import critical_value
from tests.bench.measured import Measured

ARM, BASE = "slice", "plain"
SIDE = 0.025
# Of one look: the corrected score is asymptotic. Exact looks admit nothing.
ADMITTED = 0.027  # from 500 people on
ADMITTED_OF_FEW = 0.03  # from 200 people, whose counts are coarse: 100/100 at 50 % errs in 2.80 %
CONFIDENCE = 0.95
EVERY = tuple(place / LOOKS_AT_ANY_TIME for place in range(1, LOOKS_AT_ANY_TIME + 1))
FEW = (0.03, 0.31, 0.33, 0.7, 0.94, 1.0)
SEVEN = tuple(place / 7 for place in range(1, 8))
METHODS = {"anytime, 30 looks": EVERY, "sequential, 7 looks": SEVEN, "sequential, uneven": FEW}
DAYS = (0.5, 1.5)  # how far the rate of a day may lie from that of all days
_RARE = 1e-7  # a pair of counts that is less likely is left out
_PLAIN = 1.0  # z of the plain score under which no exact test is asked
_NEVER = 10**9

# Citations: what an earlier version did at these sizes; nothing here runs it. For 500 and 250
# people against the rest the rate was not noted, so they stand at 2 %.
_BEFORE = {
    ("anytime, 30 looks", 900, 100, 0.02): "33 %",
    ("anytime, 30 looks", 4_750, 250, 0.005): "59 %",
    ("sequential, 7 looks", 500, 4_500, 0.02): "3.9 %",
    ("sequential, 7 looks", 250, 4_750, 0.02): "4.1 %",
    ("fixed", 500, 4_500, 0.02): "3.3 %",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """People in the slice and in its baseline, and the rate of both."""

    people: int
    base_people: int
    rate: float

    def __str__(self) -> str:
        return f"{self.people:,}/{self.base_people:,} at {100 * self.rate:g} %"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated: courses of hits, and how often each is dealt."""

    courses: int
    deals: int
    people: tuple[int, ...]  # in both arms
    rates: tuple[float, ...]
    shares: tuple[float, ...]  # of them in the slice
    methods: tuple[str, ...]


SHARES = (0.5, 0.8, 0.9, 0.95, 0.1, 0.05)
RATES = (0.005, 0.02, 0.1, 0.5)
USUAL = Size(100, 50, (50, 1_000, 5_000), RATES, SHARES, tuple(METHODS))
FULL = Size(400, 50, (50, 200, 1_000, 5_000, 20_000), RATES, SHARES, tuple(METHODS))
TINY = Size(12, 100, (50, 1_000), (0.02, 0.5), (0.9, 0.1), tuple(METHODS)[:2])


def cells(size: Size) -> Iterator[Cell]:
    """Every size, split and rate."""
    for people, share, rate in product(size.people, size.shares, size.rates):
        mine = round(people * share)
        yield Cell(mine, people - mine, rate)


def all_rules(size: Size, *, seed: int) -> Iterator[Measured]:
    """Every method in every cell."""
    for cell in cells(size):
        yield fixed(cell)
    for number, (method, cell) in enumerate(product(size.methods, cells(size))):
        rng = np.random.default_rng([seed, number])
        yield at_looks(method, cell, size, rng)


def rule_of(method: str, metric: str = "click_rate") -> Rule:
    """A comparison as it is locked at launch."""
    return Rule(
        kind="comparison",
        threshold=None,
        confidence=CONFIDENCE,
        method=method,
        window_hours=72,
        baseline=BASE,
        mde=0.02,
        metric=metric,
    )


def fixed(cell: Cell) -> Measured:
    """One look: the chances of all pairs of counts that would be called, summed."""
    hits, base_hits, chance = _likely(cell)
    pairs = np.array(
        [hits, np.full_like(hits, cell.people), base_hits, np.full_like(hits, cell.base_people)],
        dtype=np.float64,
    )
    z = skewed_zs(pairs, np.zeros(len(hits)))
    few = _sparse(pairs)
    error = float(chance[(z > critical_value(CONFIDENCE)) & ~few].sum())
    for at in np.flatnonzero(few & (_plain_z(pairs) > _PLAIN)):
        is_better = _called(int(hits[at]), cell.people, int(base_hits[at]), cell.base_people)
        error += float(chance[at]) * is_better
    named = _BEFORE.get(("fixed", cell.people, cell.base_people, cell.rate), "")
    limit = ADMITTED if cell.people + cell.base_people >= 500 else ADMITTED_OF_FEW
    return Measured(
        "fixed", str(cell), len(hits), error, SIDE, limit=limit, is_exact=True, before=named
    )


@lru_cache(maxsize=100_000)
def _called(hits: int, people: int, base_hits: int, base_people: int) -> bool:
    """What the readout's own function says of these counts at the end."""
    arms = {
        ARM: {"": Matured(people=people, did=hits)},
        BASE: {"": Matured(people=base_people, did=base_hits)},
    }
    rows = comparisons.now(arms, rule_of("fixed"), ended=True)
    return comparisons.overall(rows, ended=True) is State.VALIDATED


def _likely(cell: Cell) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of counts worth counting, and how likely each is."""
    mine, theirs = (
        np.arange(*_ends(people, cell.rate)) for people in (cell.people, cell.base_people)
    )
    chances = np.outer(
        binom.pmf(mine, cell.people, cell.rate), binom.pmf(theirs, cell.base_people, cell.rate)
    )
    above = mine[:, None] * cell.base_people > theirs[None, :] * cell.people
    at, base_at = np.nonzero((chances > _RARE) & above)
    return mine[at], theirs[base_at], chances[at, base_at]


def _ends(people: int, rate: float) -> tuple[int, int]:
    least, most = binom.ppf([_RARE / 10, 1 - _RARE / 10], people, rate)
    return max(0, int(least)), int(most) + 1


def _sparse(pairs: np.ndarray) -> np.ndarray:
    """Whether the readout would count tails: written anew, and checked against it by a test."""
    did, everybody = pairs[0] + pairs[2], pairs[1] + pairs[3]
    least = np.minimum(did, everybody - did) * np.minimum(pairs[1], pairs[3])
    few: np.ndarray = (everybody < 200) | (least < 5 * everybody)
    return few


def _plain_z(pairs: np.ndarray) -> np.ndarray:
    pooled = (pairs[0] + pairs[2]) / (pairs[1] + pairs[3])
    spread = pooled * (1 - pooled) * (1 / pairs[1] + 1 / pairs[3])
    gap = pairs[0] / pairs[1] - pairs[2] / pairs[3]
    found: np.ndarray = gap / np.sqrt(np.where(spread > 0, spread, np.inf))
    return found


@dataclass(frozen=True, slots=True)
class Course:
    """What everybody did until each look, and how many people of each arm were in by then."""

    people: np.ndarray
    base_people: np.ndarray
    hits: np.ndarray  # new at each look, of both arms

    def deal(self, times: int, rng: np.random.Generator) -> np.ndarray:
        """The slice's hits until each look, a row a deal: any of the new people may have done."""
        mine = np.diff(self.people, prepend=0)
        everybody = mine + np.diff(self.base_people, prepend=0)
        drawn = rng.hypergeometric(self.hits, everybody - self.hits, mine, (times, len(mine)))
        found: np.ndarray = drawn.cumsum(axis=1)
        return found

    def pairs(self, mine: np.ndarray) -> list[Pair]:
        """One deal, as the analysis keeps it."""
        theirs = self.hits.cumsum() - mine
        rows = zip(mine, self.people, theirs, self.base_people, strict=True)
        return [Pair(*map(int, row)) for row in rows]

    @property
    def shares(self) -> list[float]:
        """Of the planned people, at each look."""
        everybody = self.people + self.base_people
        return [float(one) for one in everybody / everybody[-1]]


def course_of(cell: Cell, shares: tuple[float, ...], rng: np.random.Generator) -> Course:
    """People in the order of a lottery; looks before both arms have somebody are left out."""
    total = cell.people + cell.base_people
    until = np.unique(np.maximum(1, np.round(np.array(shares) * total).astype(int)))
    new = np.diff(until, prepend=0)
    people = rng.multivariate_hypergeometric(new, cell.people).cumsum()
    base_people = until - people
    days = np.minimum(1.0, cell.rate * rng.uniform(*DAYS, len(new)))
    hits = rng.binomial(new, days)
    first = int(np.argmax((people > 0) & (base_people > 0)))
    hits[first] = hits[: first + 1].sum()
    return Course(people[first:], base_people[first:], hits[first:])


def asked_by(course: Course, mine: np.ndarray) -> tuple[Limits, ...]:
    """What the looks ask for: the function that the worker calls when it holds one."""
    return limits(course.pairs(mine), course.shares, alpha=1 - CONFIDENCE)


def needed(course: Course, mine: np.ndarray) -> np.ndarray:
    """The slice's hits from which it is called better."""
    asked = asked_by(course, mine)
    return np.array([_NEVER if one.above is None else one.above for one in asked])


def at_looks(method: str, cell: Cell, size: Size, rng: np.random.Generator) -> Measured:
    """How often the slice is called better at some look."""
    found = []
    for _ in range(size.courses):
        course = course_of(cell, METHODS[method], rng)
        dealt = course.deal(size.deals, rng)
        found.append(float(np.mean((dealt >= needed(course, dealt[0])).any(axis=1))))
    named = _BEFORE.get((method, cell.people, cell.base_people, cell.rate), "")
    runs, error = size.courses * size.deals, float(np.mean(found))
    noise = sqrt(float(np.var(found)) / size.courses)  # deals of one course are alike
    return Measured(method, str(cell), runs, error, SIDE, noise=noise, before=named)

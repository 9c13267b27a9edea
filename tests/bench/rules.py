"""Every rule of one arm under peeking, simulated where its threshold is the truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from app.stats.anytime import anytime_pass_count
from app.stats.checks import NotEnoughData
from app.stats.one_arm import pass_count
from app.stats.rate_intervals import clopper_pearson
from app.stats.sequential import next_boundary
from tests.bench.measured import Measured

ALPHA = 0.05
EVEN = tuple(place / 12 for place in range(1, 13))
UNEVEN = (0.03, 0.31, 0.33, 0.7, 0.94, 1.0)
_NEVER = 10**9

Ints = np.ndarray


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    runs: int
    rates: tuple[float, ...]
    people: tuple[int, ...]  # in an arm


SMALL = Size(10_000, (0.005, 0.08, 0.3), (50, 600, 50_000))
TINY = Size(2_000, (0.08,), (600,))
FULL = Size(200_000, (0.005, 0.02, 0.08, 0.15, 0.3), (50, 200, 600, 3_000, 12_000, 50_000))


def all_rules(size: Size, *, seed: int) -> Iterator[Measured]:
    """Every rule at every rate and size at which it can be used at all."""
    for number, (rule, rate, people) in enumerate(product(RULES, size.rates, size.people)):
        try:
            yield rule(size.runs, rate, people, np.random.default_rng([seed, number]))
        except NotEnoughData:
            continue  # the plan would be refused, too


def curtailed(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Looked at whenever: it validates as soon as the pass count is in, so only the end matters."""
    hits = rng.binomial(people, rate, runs)
    needed = pass_count(people, rate, confidence=1 - ALPHA)
    kinds, place = np.unique(hits, return_inverse=True)
    intervals = [clopper_pearson(int(kind), people, confidence=1 - ALPHA) for kind in kinds]
    low = np.array([one.low <= rate for one in intervals])[place]
    high = np.array([one.high >= rate for one in intervals])[place]
    error = float(np.mean(hits >= needed))
    return _measured(
        "curtailed", rate, people, people, runs=runs, error=error, covered=_side(low, high)
    )


def sequential_even(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Twelve looks as planned."""
    return _sequential("sequential, even", EVEN, runs=runs, rate=rate, people=people, rng=rng)


def sequential_uneven(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Six looks, two of them nearly at once, with a tenth more people than were planned."""
    return _sequential(
        "sequential, uneven", UNEVEN, runs=runs, rate=rate, people=people, rng=rng, more=1.1
    )


def _sequential(
    name: str,
    shares: Sequence[float],
    *,
    runs: int,
    rate: float,
    people: int,
    rng: np.random.Generator,
    more: float = 1.0,
) -> Measured:
    at = _people_at(shares, round(people * more))
    hits = _cumulated(runs, rate, at, rng)
    up = _reach(hits, _boundaries(at, rate, people))
    down = _reach(at - hits, _boundaries(at, 1 - rate, people))
    error, covered = float(np.mean(up)), _side(~up, ~down)
    return _measured(name, rate, people, len(at), runs=runs, error=error, covered=covered)


def _boundaries(at: Ints, threshold: float, n_max: int) -> Ints:
    held: list[tuple[int, int | None]] = []
    for place, people in enumerate(map(int, at)):
        last = place == len(at) - 1
        needed = next_boundary(
            held, people, threshold, confidence=1 - ALPHA, n_max=n_max, last=last
        )
        held.append((people, needed))
    return np.array([_NEVER if needed is None else needed for _, needed in held])


def anytime(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Looked at after every person, or two hundred times where there are more people."""
    at = _people_at(np.linspace(0, 1, 201)[1:], people)
    hits = _cumulated(runs, rate, at, rng)
    up = _reach(hits, _any_counts(at, rate, people))
    down = _reach(at - hits, _any_counts(at, 1 - rate, people))
    error, covered = float(np.mean(up)), _side(~up, ~down)
    return _measured("anytime", rate, people, len(at), runs=runs, error=error, covered=covered)


def _any_counts(at: Ints, threshold: float, n_max: int) -> Ints:
    found = []
    for people in map(int, at):
        try:
            found.append(anytime_pass_count(people, threshold, n_max=n_max, confidence=1 - ALPHA))
        except NotEnoughData:
            found.append(_NEVER)
    return np.array(found)


def _measured(
    name: str, rate: float, people: int, looks: int, *, runs: int, error: float, covered: float
) -> Measured:
    setting = f"{people:,} at {100 * rate:g} %, {looks:,} looks"
    return Measured(f"one arm, {name}", setting, runs, error, ALPHA, covered=covered)


def _people_at(shares: Sequence[float] | np.ndarray, people: int) -> Ints:
    return np.unique(np.maximum(1, np.round(np.asarray(shares) * people).astype(int)))


def _cumulated(runs: int, rate: float, at: Ints, rng: np.random.Generator) -> Ints:
    """Hits so far at every look, one row a run."""
    steps = np.diff(at, prepend=0)
    return rng.binomial(steps, rate, (runs, len(at))).cumsum(axis=1, dtype=np.int32)


def _reach(hits: Ints, needed: Ints) -> np.ndarray:
    """Of each run, whether it reached what was needed at any look."""
    found: np.ndarray = np.any(np.greater_equal(hits, needed), axis=1)
    return found


def _side(low: np.ndarray, high: np.ndarray) -> float:
    """The coverage of the worse of two one-sided bounds."""
    return float(min(np.mean(low), np.mean(high)))


RULES: tuple[Callable[[int, float, int, np.random.Generator], Measured], ...] = (
    curtailed,
    sequential_even,
    sequential_uneven,
    anytime,
)

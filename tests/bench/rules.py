"""Every rule under peeking, simulated where its threshold or "no difference" is the truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from scipy.special import ndtr

from app.stats.anytime import anytime_pass_count, asymptotic_sequence
from app.stats.checks import NotEnoughData
from app.stats.group_sequential import bounds
from app.stats.means import compare_values
from app.stats.one_arm import clopper_pearson, pass_count
from app.stats.sequential import next_boundary
from app.stats.sums import Sums
from app.stats.two_arm import compare_many

ALPHA = 0.05
SCORE_SLACK = 0.0005  # in shares: the score test is asymptotic, and errs by so little more
EVEN = tuple(place / 12 for place in range(1, 13))
UNEVEN = (0.03, 0.31, 0.33, 0.7, 0.94, 1.0)
BETTER = 1.25  # times the rate: where the coverage of a difference is measured
_NEVER = 10**9
_NEARLY_ONE = 1 - 1e-15  # as the analysis has it, for a bound of 8

Ints = np.ndarray


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rule did in so many simulated experiments. Shares 0..1."""

    rule: str
    rate: float
    people: int  # in all arms
    looks: int
    runs: int
    error: float
    covered: float
    nominal: float = ALPHA
    slack: float = 0.0

    @property
    def holds(self) -> bool:
        """No more errors than promised, and no less coverage, but for three Monte-Carlo errors."""
        too_often = self.error - self.nominal - self.slack > 3 * self.noise(self.nominal)
        too_rarely = 1 - self.nominal - self.slack - self.covered > 3 * self.noise(self.nominal)
        return not too_often and not too_rarely

    def noise(self, share: float) -> float:
        """The Monte-Carlo error of a share."""
        return sqrt(max(share * (1 - share), 1 / self.runs) / self.runs)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    runs: int
    rates: tuple[float, ...]
    people: tuple[int, ...]  # in an arm


SMALL = Size(10_000, (0.005, 0.08, 0.3), (50, 600, 50_000))
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
    return Measured("curtailed", rate, people, people, runs, error, _side(low, high))


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
    return Measured(name, rate, people, len(at), runs, error, covered)


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
    return Measured("anytime", rate, people, len(at), runs, error, covered)


def _any_counts(at: Ints, threshold: float, n_max: int) -> Ints:
    found = []
    for people in map(int, at):
        try:
            found.append(anytime_pass_count(people, threshold, n_max=n_max, confidence=1 - ALPHA))
        except NotEnoughData:
            found.append(_NEVER)
    return np.array(found)


def comparison(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """One look at two arms: the call and the interval at the end."""
    return _compared("comparison, fixed", (1.0,), runs=runs, rate=rate, people=people, rng=rng)


def group_sequential(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Six looks at two arms: the score interval at the confidence of each look's bound."""
    return _compared("comparison, sequential", UNEVEN, runs=runs, rate=rate, people=people, rng=rng)


def _compared(
    name: str,
    shares: Sequence[float],
    *,
    runs: int,
    rate: float,
    people: int,
    rng: np.random.Generator,
) -> Measured:
    at = _people_at(shares, people)
    same, better = (
        _outside(at, one * rate, rate, _pairs(runs, (one * rate, rate), at, rng))
        for one in (1.0, BETTER)
    )
    error, covered = float(np.mean(same)), 1 - float(np.mean(better))
    return Measured(name, rate, 2 * people, len(at), runs, error, covered, slack=SCORE_SLACK)


def _pairs(
    runs: int, rates: tuple[float, float], at: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    return _cumulated(runs, rates[0], at, rng), _cumulated(runs, rates[1], at, rng)


def _outside(at: Ints, rate: float, base_rate: float, hits: tuple[Ints, Ints]) -> np.ndarray:
    """Whether the interval of any look leaves out the true difference."""
    found = np.zeros(len(hits[0]), dtype=bool)
    for place, bound in enumerate(bounds(list(at / at[-1]), alpha=ALPHA)):
        sure = min(_NEARLY_ONE, float(2 * ndtr(bound) - 1))
        low, high = _intervals(int(at[place]), hits[0][:, place], hits[1][:, place], sure)
        found |= (low > rate - base_rate) | (high < rate - base_rate)
    return found


def _intervals(
    people: int, hits: Ints, base_hits: Ints, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair of counts, worked out once however often it came."""
    pairs, place = np.unique(np.stack([hits, base_hits]), axis=1, return_inverse=True)
    everybody = np.full(pairs.shape[1], people)
    said = compare_many(everybody, pairs[0], everybody, pairs[1], confidence=confidence)
    return said.low[place.ravel()], said.high[place.ravel()]


def asymptotic(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Two arms looked at two hundred times."""
    at = _people_at(np.linspace(0, 1, 201)[1:], people)
    widths = np.array(
        [asymptotic_sequence(0, 1, 2 * int(one), n_max=2 * people, alpha=ALPHA)[1] for one in at]
    )
    wrong = []
    for one in (1.0, BETTER):
        arm, base = (hits / at for hits in _pairs(runs, (one * rate, rate), at, rng))
        spread = np.sqrt((arm * (1 - arm) + base * (1 - base)) / at)
        off = np.abs(arm - base - (one - 1) * rate) > spread * widths
        wrong.append(float(np.mean((off & (spread > 0)).any(axis=1))))
    return Measured("comparison, anytime", rate, 2 * people, len(at), runs, wrong[0], 1 - wrong[1])


def welch(runs: int, rate: float, people: int, rng: np.random.Generator) -> Measured:
    """Few buy, and what they spend is skewed and capped; told only with 100 buyers in each arm."""
    told = [
        said
        for _ in range(min(runs // 4, 20_000))
        if (said := _values(rate, people, rng)) is not None
    ]
    if len(told) < 1_000:
        raise NotEnoughData("hardly any experiment of this size has 100 people with a value")
    error = float(np.mean(told))
    return Measured("value, Welch", rate, 2 * people, 1, len(told), error, 1 - error)


def _values(rate: float, people: int, rng: np.random.Generator) -> bool | None:
    """Whether the interval leaves out 0; None where it is too early."""
    arm, base = (_spent(rate, people, rng) for _ in range(2))
    try:
        said = compare_values([(arm, base)])
    except NotEnoughData:
        return None
    return said.low > 0 or said.high < 0


def _spent(rate: float, people: int, rng: np.random.Generator) -> Sums:
    buyers = int(rng.binomial(people, rate))
    values = np.minimum(rng.lognormal(3.0, 1.0, buyers), 200.0)  # the cap holds one in ninety
    return Sums(people, float(values.sum()), float(values @ values), nonzero=buyers)


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
    comparison,
    group_sequential,
    asymptotic,
    welch,
)

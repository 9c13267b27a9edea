"""What watches an experiment, read again and again while nothing is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from app.analysis import novelty, splits
from app.analysis.counts import ArmTotals
from app.stats.guardrails import guard
from tests.bench.measured import Measured
from tests.bench.two_rates import ARM, BASE, rule_of

READS = 50
_HOURS = 72
_HALVES = 36.0  # hours in which half of those left do it who do it at all


def all_rules(runs: int, *, seed: int) -> Iterator[Measured]:
    """Guardrails, shares of people, and what is said of novelty."""
    rng = np.random.default_rng(seed)
    for maximum, people in ((0.002, 5_000), (0.01, 500), (0.01, 5_000), (0.05, 1_000)):
        yield guardrail(maximum, people, runs, rng)
    for share, people in ((0.5, 1_000), (0.9, 10_000), (0.05, 5_000)):
        yield sample_ratio(share, people, 10 * runs, rng)
    for ratio in (1.0, 1.5):
        yield from fading(ratio, max(1, runs // 10), rng)


def guardrail(maximum: float, people: int, runs: int, rng: np.random.Generator) -> Measured:
    """Breached at some of fifty reads, where the true rate is the very maximum."""
    at = _read_at(people)
    limits = [_breached_from(int(one), maximum, people) for one in at]
    hits = rng.binomial(np.diff(at, prepend=0), maximum, (runs, READS)).cumsum(axis=1)
    error = float(np.mean((hits >= limits).any(axis=1)))
    setting = f"{people:,} people, max {100 * maximum:g} %, {READS} reads"
    return Measured("guardrail", setting, runs, error, 0.05, before="17–20 %")


def _breached_from(people: int, maximum: float, planned: int) -> int:
    """The fewest of so many people with whom harm is proven."""
    return _least_that(
        lambda hits: not guard(hits, people, maximum=maximum, n_max=planned).ok, people
    )


def _least_that(is_so: Callable[[int], bool], most: int) -> int:
    """The least count of which it holds, found by halving; one more than all where none."""
    low, high = 0, most + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_so(middle) else (middle + 1, high)
    return low


@dataclass(frozen=True, slots=True)
class Released:
    """All that the check of shares looks at."""

    released: int


def sample_ratio(share: float, people: int, runs: int, rng: np.random.Generator) -> Measured:
    """Alarm at some of fifty reads of a fair lottery, the last when all are released."""
    at = _read_at(people)
    design = {"arms": [{"key": ARM, "weight": share}, {"key": BASE, "weight": 1 - share}]}

    def is_wrong(count: int, total: int) -> bool:
        arms = {ARM: Released(count), BASE: Released(total - count)}
        return not splits.check(design, arms, over=total == people).ok

    most = [_highest(is_wrong, total, share) for total in at]
    least = [_lowest(is_wrong, total, share) for total in at]
    mine = rng.binomial(np.diff(at, prepend=0), share, (runs, READS)).cumsum(axis=1)
    error = float(np.mean(((mine >= most) | (mine <= least)).any(axis=1)))
    setting = f"{people:,} people, {100 * share:g} %, {READS} reads"
    return Measured("sample ratio", setting, runs, error, 0.001, limit=0.0013, before="0.8–1.4 %")


def _highest(is_wrong: Callable[[int, int], bool], total: int, share: float) -> int:
    """The least count over the fair one that gives alarm."""
    fair = round(total * share)
    return fair + _least_that(lambda more: is_wrong(fair + more, total), total - fair)


def _lowest(is_wrong: Callable[[int, int], bool], total: int, share: float) -> int:
    fair = round(total * share)
    return fair - _least_that(lambda less: is_wrong(fair - less, total), fair)


def fading(ratio: float, runs: int, rng: np.random.Generator) -> Iterator[Measured]:
    """Said that a lead fades, or grows, while people are so many times as likely all the while."""
    people = {ARM: 3_000, BASE: 1_000}
    totals = {key: ArmTotals(key, released=one) for key, one in people.items()}
    rule, said = rule_of("fixed"), {"falls": 0, "grows": 0}
    for _ in range(runs):
        hours = {ARM: _firsts(people[ARM], ratio, rng), BASE: _firsts(people[BASE], 1.0, rng)}
        sentence = novelty.sentence(hours, totals, rule)
        for word in said:
            said[word] += word in sentence
    for word, times in said.items():
        setting = f"3,000/1,000, {ratio:g} times as likely, “{word}”"
        yield Measured("novelty", setting, runs, times / runs, 0.025, limit=0.028, before="15–97 %")


def _firsts(people: int, ratio: float, rng: np.random.Generator) -> dict[int, int]:
    """First hits by hour: the hazard falls from hour to hour, alike in both arms."""
    hazards = 0.004 * ratio * 0.5 ** (np.arange(_HOURS) / _HALVES)
    found, left = {}, people
    for hour, hazard in enumerate(hazards):
        hits = int(rng.binomial(left, hazard))
        found[hour], left = hits, left - hits
    return found


def _read_at(people: int) -> np.ndarray:
    return np.round(np.arange(1, READS + 1) / READS * people).astype(int)

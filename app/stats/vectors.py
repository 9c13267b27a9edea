"""The score interval of many pairs of arms at once, for pages that list experiments."""

import numpy as np
from numpy.typing import NDArray

from app.stats.checks import NotEnoughData

_Numbers = NDArray[np.float64]
_STEPS = 5  # of a secant: the score is nearly a line
_CLOSE = 1e-8  # of a score, where the next step is exact enough
_HALVINGS = 50
_TINY = 1e-300


def score_intervals(
    people: _Numbers,
    hits: _Numbers,
    baseline_people: _Numbers,
    baseline_hits: _Numbers,
    *,
    confidence: float,
) -> tuple[_Numbers, _Numbers, _Numbers]:
    """Low, high and p-value of every pair; see `two_arm.compare_many`, which is the door."""
    n1, x1, n0, x0 = (
        np.asarray(one, dtype=np.float64) for one in (people, hits, baseline_people, baseline_hits)
    )
    _check(n1, x1)
    _check(n0, x0)
    from scipy.special import erfc, ndtri  # noqa: PLC0415 - SciPy takes long to import

    critical = float(ndtri(1 - (1 - confidence) / 2))
    seen = x1 / n1 - x0 / n0
    both = [np.concatenate((one, one)) for one in (n1, x1, n0, x0)]
    targets = np.concatenate((np.full_like(seen, critical), np.full_like(seen, -critical)))
    ends = np.concatenate((np.full_like(seen, -1.0), np.full_like(seen, 1.0)))
    bounds = _roots(both, np.concatenate((seen, seen)), ends, targets)
    p_value = erfc(np.abs(scores([n1, x1, n0, x0], np.zeros_like(seen))) / np.sqrt(2))
    return bounds[: seen.size], bounds[seen.size :], p_value


def _check(people: _Numbers, hits: _Numbers) -> None:
    if np.any(people == 0):
        raise NotEnoughData("an arm has no people, so it has no rate")
    if not np.all((hits >= 0) & (hits <= people)):  # NaN is neither
        raise ValueError("hits must lie in 0..people in every arm")


def scores(counts: list[_Numbers], difference: _Numbers) -> _Numbers:
    """As `two_arm._score`, of every pair at its own difference."""
    n1, x1, n0, x0 = counts
    total, hits = n1 + n0, x1 + x0
    a = ((n1 + 2 * n0) * difference - total - hits) / (3 * total)
    b = ((n0 * difference - total - 2 * x0) * difference + hits) / total
    c = x0 * difference * (1 - difference) / total
    q = a * a * a - a * b / 2 + c / 2
    p = np.copysign(np.sqrt(np.maximum(a * a - b / 3, 0)), q)
    turn = np.clip(q / np.where(p == 0, 1, p * p * p), -1, 1)
    base = 2 * p * np.cos((np.pi + np.arccos(turn)) / 3) - a
    base = np.clip(base, np.maximum(0, -difference), np.minimum(1, 1 - difference))
    rate = base + difference
    variance = np.maximum(rate * (1 - rate), 0) / n1 + base * (1 - base) / n0
    apart = x1 / n1 - x0 / n0 - difference
    return apart / np.sqrt(np.maximum(variance * (total / (total - 1)), _TINY))


def _roots(counts: list[_Numbers], seen: _Numbers, ends: _Numbers, targets: _Numbers) -> _Numbers:
    """Where each score reaches its target: by secants, from Wald's bound of smoothed rates."""
    n1, x1, n0, x0 = counts
    smooth, base = (x1 + 1) / (n1 + 2), (x0 + 1) / (n0 + 2)
    error = np.sqrt(smooth * (1 - smooth) / n1 + base * (1 - base) / n0)
    before, at_before = seen, -targets
    here = np.clip(seen - targets * error, -1.0, 1.0)
    for _ in range(_STEPS):
        at = scores(counts, here) - targets
        slope = at - at_before
        step = np.where(slope == 0, 0.0, at * (here - before) / np.where(slope == 0, 1, slope))
        before, at_before = here, at
        here = np.clip(here - step, -1.0, 1.0)
    beyond = (scores(counts, ends) > targets) != (seen > ends)  # no root before the end
    lost = (np.abs(at_before) > _CLOSE) & ~beyond
    if np.any(lost):
        some = [one[lost] for one in (*counts, seen, ends, targets)]
        here[lost] = _bisected(some[:4], some[4], some[5], some[6])
    return np.where(beyond, ends, here)


def _bisected(counts: list[_Numbers], near: _Numbers, far: _Numbers, targets: _Numbers) -> _Numbers:
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        outside = (scores(counts, middle) > targets) == (far < near)
        near, far = np.where(outside, near, middle), np.where(outside, middle, far)
    return (near + far) / 2

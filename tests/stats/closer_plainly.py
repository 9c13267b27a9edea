"""The same statistics a second time: whole matrices, one model after the other, no shortcuts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t as student

Row = tuple[float, float, float]  # log weight, centre, scale


@dataclass(frozen=True)
class Averaged:
    """Student's t of several models, by scipy.stats."""

    rows: tuple[Row, ...]
    freedom: int

    @property
    def weights(self) -> list[float]:
        """Weights that add up to 1."""
        top = max(row[0] for row in self.rows)
        raised = [exp(row[0] - top) for row in self.rows]
        return [one / sum(raised) for one in raised]

    def below(self, value: float) -> float:
        """The mass under a value."""
        parts = zip(self.weights, self.rows, strict=True)
        return float(sum(w * student.cdf(value, self.freedom, c, s) for w, (_, c, s) in parts))

    def quantile(self, share: float) -> float:
        """The value above a share of the mass."""
        ends = [student.ppf(share, self.freedom, c, s) for _, c, s in self.rows]
        return float(brentq(lambda at: self.below(at) - share, min(ends) - 1e-6, max(ends) + 1e-6))


def moves(weeks: Sequence[int], values: Sequence[float], step: float) -> dict[str, Averaged]:
    """Level before, level now, move and single values, by the formulas as they are printed."""
    at, y = np.array(weeks, float), np.array(values, float)
    before = sum(week <= 0 for week in weeks) >= 4
    way = np.maximum(at, 0) / max(at) if before else (at - at[0]) / (at[-1] - at[0])
    past = np.minimum(at, 0)
    columns = np.column_stack([np.ones(len(at)), way])
    found: dict[str, list[Row]] = {"start": [], "move": [], "level": [], "single": []}
    for tenth, slope in product(range(10), (0.02, 0.1, 0.5, 1.5) if before else (0.0,)):
        noise = correlated(at, tenth / 10) + slope**2 * np.outer(past, past)
        for name, row in _line(columns, y, noise, step).items():
            found[name].append(row)
    return {name: Averaged(tuple(rows), len(y) - 2) for name, rows in found.items()}


def correlated(at: np.ndarray, memory: float) -> np.ndarray:
    """The noise's correlations."""
    return np.array([[memory ** abs(one - other) for other in at] for one in at])


def _line(columns: np.ndarray, y: np.ndarray, noise: np.ndarray, step: float) -> dict[str, Row]:
    inverse = np.linalg.inv(noise)
    known = columns.T @ inverse @ columns
    spread = np.linalg.inv(known)
    fitted = spread @ columns.T @ inverse @ y
    left = y - columns @ fitted
    q = max(left @ inverse @ left, (len(y) - 2) * step**2 / 12)
    size = np.linalg.slogdet(noise)[1] + np.linalg.slogdet(known)[1]
    weight, sigma = -(size + (len(y) - 2) * log(q)) / 2, sqrt(q / (len(y) - 2))
    now = np.array([1.0, 1.0])
    return {
        "start": (weight, fitted[0], sigma * sqrt(spread[0, 0])),
        "single": (weight, fitted[0], sigma * sqrt(1 + spread[0, 0])),
        "move": (weight, fitted[1], sigma * sqrt(spread[1, 1])),
        "level": (weight, now @ fitted, sigma * sqrt(now @ spread @ now)),
    }


def ending(weeks: Sequence[int], values: Sequence[float], last: int, step: float) -> Averaged:
    """The value of the last week, by kriging in whole matrices."""
    at, y = np.array([*weeks, last], float), np.array(values, float)
    n = len(y)
    before = sum(week <= 0 for week in weeks) >= 4
    since = np.maximum(at, 0) if before else at - at[0]
    past = np.minimum(at, 0) if before else 0 * at
    walk = np.array([[min(one, other) - at[0] for other in at] for one in at])
    rows = []
    grid = product((0, 0.4, 0.8), (0, 0.05, 0.5, 5, 50), (0, 0.1, 0.3, 1), (0.02, 0.3))
    for memory, wander, slope, earlier in grid:
        whole = correlated(at, memory) + wander * walk
        whole += slope**2 * np.outer(since, since) + earlier**2 * np.outer(past, past)
        inverse, shared, ones = np.linalg.inv(whole[:n, :n]), whole[:n, n], np.ones(n)
        known = ones @ inverse @ ones
        level = ones @ inverse @ y / known
        q = max((y - level) @ inverse @ (y - level), (n - 1) * step**2 / 12)
        size = np.linalg.slogdet(whole[:n, :n])[1] + log(known)
        rest = 1 - ones @ inverse @ shared
        variance = whole[n, n] - shared @ inverse @ shared + rest**2 / known
        rows.append(
            (
                -(size + (n - 1) * log(q)) / 2,
                level + shared @ inverse @ (y - level),
                sqrt(q / (n - 1) * variance),
            )
        )
    return Averaged(tuple(rows), n - 1)

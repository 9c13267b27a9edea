"""One row of the calibration: what a rule promises, and how often it erred."""

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rule did in so many simulated experiments. Shares 0..1.

    nominal: what it promises. limit: what its documentation admits, where that is more. noise: the
    Monte-Carlo error where runs are not independent. is_exact: chances were summed. before: what an
    earlier version did in such a cell, as it was measured then: a citation.
    """

    rule: str
    setting: str
    runs: int
    error: float
    nominal: float
    limit: float | None = None
    noise: float = 0.0
    covered: float | None = None
    before: str = ""
    is_exact: bool = False

    @property
    def holds(self) -> bool:
        """No more errors than promised, and no less coverage, but for three Monte-Carlo errors."""
        limit = self.nominal if self.limit is None else self.limit
        spare = 1e-9 if self.is_exact else 3 * self._noise(limit)
        is_covered = self.covered is None or 1 - limit - self.covered <= spare
        return self.error - limit <= spare and is_covered

    @property
    def spread(self) -> float:
        """The Monte-Carlo error of what was measured."""
        return 0.0 if self.is_exact else self._noise(self.error)

    def _noise(self, share: float) -> float:
        return max(self.noise, sqrt(max(share * (1 - share), 1 / self.runs) / self.runs))

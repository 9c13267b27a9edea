"""What is believed of one number where several models are averaged: weighted Student's t."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.stats import special

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """One entry a model. `scales` are above 0, `weights` add up to 1."""

    weights: Numbers
    centres: Numbers
    scales: Numbers
    freedom: int

    def below(self, value: float) -> float:
        """The chance that the number is at most this."""
        return self._mass((value - self.centres) / self.scales)

    def above(self, value: float) -> float:
        """The chance that the number is at least this; exact where it is tiny, too."""
        return self._mass((self.centres - value) / self.scales)

    def quantile(self, share: float) -> float:
        """The number that a share of the belief lies below."""
        each = self.centres + self.scales * special.stdtrit(self.freedom, share)
        room = 1e-6 * float(self.scales.max())  # where one model has all weight, the end is a root
        low, high = float(each.min()) - room, float(each.max()) + room
        return float(special.brentq(lambda at: self.below(at) - share, low, high, xtol=1e-6 * room))

    def _mass(self, distances: Numbers) -> float:
        return float(self.weights @ special.stdtr(self.freedom, distances))


def weights_of(logs: Numbers) -> Numbers:
    """Weights that add up to 1, from logarithms of any size."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    raised = np.exp(logs - logs.max())
    return np.asarray(raised / raised.sum())

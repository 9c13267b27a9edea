"""How many clicked, look by look, where no look has ended it yet: chances by convolution."""

from functools import lru_cache
from typing import TYPE_CHECKING

from app.stats import special

if TYPE_CHECKING:
    import numpy as np

_DEVIATIONS = 12  # of a binomial count; what lies beyond is rarer than 1e-32


@lru_cache(maxsize=4096)
def open_counts(
    looks: tuple[tuple[int, int | None], ...], people: int | None, rate: float
) -> "tuple[np.ndarray, int, float]":
    """Where the counts stand that reached no boundary.

    Args:
        looks: (matured people, boundary) of each look. people: matured at a look whose boundary is
            still sought, or None. rate: at which each person clicks, in (0, 1).

    Returns:
        The chance of each count, from the first count on; that count; and the chance that a
        boundary was reached.
    """
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    alive, first, spent, before = np.ones(1), 0, 0.0, 0
    for so_far, boundary in looks:
        alive, first = _grown(alive, first, so_far - before, rate)
        before = so_far
        if boundary is not None:
            cut = max(0, boundary - first)
            spent += float(alive[cut:].sum())
            alive = alive[:cut]
    if people is not None:
        alive, first = _grown(alive, first, people - before, rate)
    return alive, first, spent


def _grown(alive: "np.ndarray", first: int, people: int, rate: float) -> "tuple[np.ndarray, int]":
    """After this many more people, each of whom clicks at this rate."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    if alive.size == 0:
        return alive, first
    spread = _DEVIATIONS * (people * rate * (1 - rate)) ** 0.5 + _DEVIATIONS
    least = max(0, int(people * rate - spread))
    counts = np.arange(least, min(people, int(people * rate + spread) + 1) + 1)
    ways = (
        special.gammaln(people + 1)
        - special.gammaln(counts + 1)
        - special.gammaln(people - counts + 1)
    )
    chances = np.exp(ways + special.xlogy(counts, rate) + special.xlog1py(people - counts, -rate))
    return np.convolve(alive, chances), first + least

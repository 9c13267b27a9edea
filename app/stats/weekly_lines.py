"""A line from the start of a cycle to now, laid through weekly values under many noises at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.stats.t_mixture import weights_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.stats.weekly import Weekly

    Numbers = NDArray[np.float64]

ONE, G, H, E = range(4)  # columns of inner products: a level, the way since the start, the past, y


class Lines(NamedTuple):
    """One entry a model, in units of what is left around a plain line."""

    weights: Numbers
    start: Numbers
    move: Numbers
    noise: Numbers  # variance
    spread: Numbers  # of start and move, in noise


def least_squares(products: Numbers, sizes: Numbers, *, n: int, step: float) -> Lines:
    """Every model's line at once; rounding leaves some noise, however straight the values lie."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    known, towards = products[:, :H, :H], products[:, :H, E]
    spread = np.asarray(np.linalg.inv(known), dtype=float)
    found = np.einsum("mij,mj->mi", spread, towards)
    left = np.maximum(products[:, E, E] - (towards * found).sum(1), (n - 2) * step**2 / 12)
    logs = -0.5 * (sizes + np.log(np.linalg.det(known)) + (n - 2) * np.log(left))
    return Lines(weights_of(logs), found[:, ONE], found[:, G], left / (n - 2), spread)


def columns_of(series: Weekly) -> Numbers:
    """A level, the way gone since the start (0 to 1), and what lies before it."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    at = np.asarray(series.weeks, dtype=float)
    if series.has_history:
        way, past = np.maximum(at, 0) / at[-1], np.minimum(at, 0)
    else:
        way, past = (at - at[0]) / (at[-1] - at[0]), np.zeros(len(at))
    return np.column_stack([np.ones(len(at)), way, past])

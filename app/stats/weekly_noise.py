"""The noise that sits on weekly values: as large and as sluggish as it looks, over many models.

Models share their columns; what differs is kept as inner products of the columns under a model's
noise, so that thousands of fits cost a few small matrices.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def correlations(weeks: Sequence[int], memory: float, people: Sequence[float] = ()) -> Numbers:
    """How much of one week's noise is in another's; larger where fewer people stand behind it.

    A first-order autoregression at uneven times: memory to the power of the weeks between.

    Args:
        weeks: in order. memory: of a week's noise in the next, in [0, 1).
        people: behind each value, above 0; none where all are alike.

    Returns:
        A square matrix; 1 on its diagonal where all are alike.
    """
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    at = np.asarray(weeks, dtype=float)
    found = np.power(memory, np.abs(at[:, None] - at[None, :]))  # 0 to the power of 0 is 1
    if people:
        behind = np.asarray(people, dtype=float)
        more = np.sqrt(behind.mean() / behind)
        found = found * more[:, None] * more[None, :]
    return np.asarray(found)


@lru_cache(maxsize=256)
def inverses_of(
    weeks: tuple[int, ...], memories: tuple[float, ...], people: tuple[float, ...]
) -> tuple[Numbers, Numbers]:
    """Of each memory's correlations: the inverse, and the logarithm of the determinant."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    each = np.stack([correlations(weeks, memory, people) for memory in memories])
    return np.asarray(np.linalg.inv(each), dtype=float), np.asarray(np.linalg.slogdet(each)[1])


def products_of(columns: Numbers, inverses: Numbers) -> Numbers:
    """Inner products of columns under each model's noise."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    return np.asarray(np.swapaxes(columns, -1, -2) @ (inverses @ columns))


def grown(
    products: Numbers, sizes: Numbers, column: int, sds: Sequence[float]
) -> tuple[Numbers, Numbers]:
    """The same for wider noise: a multiple of one column, with each of these sds.

    After Sherman & Morrison (1950), Annals of Mathematical Statistics 21:124-127.

    Args:
        products: of columns, one square a model. sizes: log-determinants of each model's noise.
        column: which one is of unknown size. sds: in units of the noise.

    Returns:
        Products and sizes of every model with every sd, the sds in turn.
    """
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    squares = np.square(sds)[None, :]
    more = 1 + squares * products[:, column, column][:, None]
    taken = products[:, :, column][:, :, None] * products[:, column, :][:, None, :]
    wider = products[:, None] - (squares / more)[:, :, None, None] * taken[:, None]
    return wider.reshape(-1, *products.shape[1:]), (sizes[:, None] + np.log(more)).reshape(-1)

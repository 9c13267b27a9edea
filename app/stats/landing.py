"""How likely a number ends beyond its target, from its weekly values: a chance that keeps word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, floor, inf, log
from typing import TYPE_CHECKING, NamedTuple

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.t_mixture import Mixture, weights_of
from app.stats.weekly import LEAST, Weekly, reads_as_factors, rounding_step, scaled
from app.stats.weekly_noise import correlations, grown, products_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_MEMORIES = (0.0, 0.4, 0.8)
_WANDERS = (0.0, 0.05, 0.5, 5.0, 50.0)  # variance a week of a level that wanders
_SLOPES = (0.0, 0.1, 0.3, 1.0)  # noise sd a week, since the start
_PAST_SLOPES = (0.02, 0.3)
_SUREST = 0.97  # nothing that is still to come is surer
_CLOSE = 1e-6  # of a step: a target on a step is not beyond it
_ONE, _Y, _SINCE, _PAST, _AHEAD = range(5)  # columns of the inner products below


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a number should end. `rises`: at or above the target, otherwise at or below.

    lowest, highest: what the unit allows. as_factors: read on the log scale where it asks for it.
    """

    target: float
    rises: bool
    lowest: float = -inf
    highest: float = inf
    as_factors: bool = True


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the last week ends. chance: 0.03..0.97; low <= value <= high hold 80 %."""

    chance: float
    value: float
    low: float
    high: float


def landing(
    series: Weekly, aim: Aim, *, of: int, total: float | None = None, until: int | None = None
) -> Landing:
    """Where a number ends, if what moves it goes on as it did; what begins later is not foreseen.

    Args:
        series: weekly values, five or more; of a running total, what each week added.
        aim: where it should end. of: the last week of the cycle, after the last value's.
        total: of a running total, where it stands; the coming weeks' sum is added to it.
        until: the week that it stands at, where the last value is of an earlier one.

    Returns:
        The chance to reach the target, and the range that holds the value 8 times in 10.

    Raises:
        NotEnoughData: fewer than five values, or no week left.

    Source:
        Universal kriging over a grid of 120 noises, weighted by their marginal likelihood
        (Berger, De Oliveira & Sansó 2001, JASA 96:1361-1374, equations 4 and 5).

    >>> series = Weekly((1, 2, 3, 4, 5, 6), (10.0, 12.0, 13.5, 16.0, 18.0, 20.5))
    >>> found = landing(series, Aim(target=30.0, rises=True), of=12)
    >>> round(found.chance, 2), round(found.value, 1)
    (0.66, 31.4)
    """
    if len(series.weeks) < LEAST:
        raise NotEnoughData(f"a chance needs {LEAST} weekly values, got {len(series.weeks)}")
    seen = max(series.weeks[-1], until or series.weeks[-1])
    if seen >= of:
        raise NotEnoughData("the last week has its value: nothing is left to be foreseen")
    return _landing(series, aim, of, total, seen)


@lru_cache(maxsize=1024)
def _landing(series: Weekly, aim: Aim, of: int, total: float | None, until: int) -> Landing:
    as_factors = aim.as_factors and total is None and reads_as_factors(series.values, aim.target)
    values, step = scaled(series.values, as_factors=as_factors)
    coming = (of,) if total is None else tuple(range(until + 1, of + 1))
    mixture = _ending(series, values, step, coming)
    held = total or 0.0
    target = _edge(aim.target - held, rounding_step(series.values), rises=aim.rises)
    target = log(target) if as_factors else target
    chance = mixture.above(target) if aim.rises else mixture.below(target)
    ends = [mixture.quantile(share) for share in (0.5, 0.1, 0.9)]
    value, low, high = (
        min(max(exp(end) if as_factors else held + end, aim.lowest), aim.highest) for end in ends
    )
    return Landing(min(_SUREST, max(1 - _SUREST, chance)), value, low, high)


def _edge(target: float, step: float, *, rises: bool) -> float:
    """Where the numbers end that would be written down as one short of the target.

    A number is written in steps, and one that is written as the target has reached it: what lies
    half a step nearer than the first step at or beyond it is rounded to that.
    """
    steps = target / step
    first = ceil(steps - _CLOSE) if rises else floor(steps + _CLOSE)
    return (first - 0.5 if rises else first + 0.5) * step


class _Ahead(NamedTuple):
    """Noises of the weeks seen and to come, and how much of what is asked each seen week holds."""

    columns: Numbers  # one, since, past, of the weeks seen
    inverses: Numbers
    sizes: Numbers
    shared: Numbers  # with the sum of the weeks to come, one row a noise
    own: Numbers  # variance of that sum
    slopes: float  # what a slope since the start adds to that sum
    weeks: int  # to come


def _ending(
    series: Weekly, values: tuple[float, ...], step: float, coming: tuple[int, ...]
) -> Mixture:
    """The belief about the last week's value, or about the sum of the weeks to come."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    ahead, n = _ahead(series.weeks, series.people, coming), len(values)
    y = np.asarray(values)
    middle = float(y.mean())
    unit = max(float(np.abs(y - middle).max()), step)
    columns = np.empty((len(ahead.sizes), n, 5))
    columns[:, :, [_ONE, _SINCE, _PAST]] = ahead.columns
    columns[:, :, _Y], columns[:, :, _AHEAD] = (y - middle) / unit, ahead.shared
    products, sizes = products_of(columns, ahead.inverses), ahead.sizes
    products, sizes = grown(products, sizes, _PAST, _PAST_SLOPES)
    before = products  # the slope since the start also moves the weeks to come
    products, sizes = grown(products, sizes, _SINCE, _SLOPES)
    squares = np.tile(np.square(_SLOPES), len(before))
    own = np.repeat(ahead.own, len(_PAST_SLOPES) * len(_SLOPES)) + squares * ahead.slopes**2
    left = _errors(products, n, step / unit)
    logs = -0.5 * (sizes + np.log(products[:, _ONE, _ONE]) + (n - 1) * np.log(left))
    seen, variances = _foreseen(products, squares * ahead.slopes, own, ahead.weeks)
    scales = unit * np.sqrt(left / (n - 1) * variances)
    return Mixture(weights_of(logs), middle * ahead.weeks + unit * seen, scales, n - 1)


def _errors(products: Numbers, n: int, step: float) -> Numbers:
    """What is left around each noise's own level, at least what rounding leaves."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    level = products[:, _ONE, _Y] / products[:, _ONE, _ONE]
    left = products[:, _Y, _Y] - level * products[:, _ONE, _Y]
    return np.maximum(left, (n - 1) * step**2 / 12)


def _foreseen(
    products: Numbers, slopes: Numbers, own: Numbers, count: int
) -> tuple[Numbers, Numbers]:
    """What each noise foresees, and its variance: simple kriging with an unknown level."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    def ahead(column: int) -> Numbers:
        return np.asarray(products[:, _AHEAD, column] + slopes * products[:, _SINCE, column])

    ones = products[:, _ONE, _ONE]
    level = products[:, _ONE, _Y] / ones
    seen = level * count + ahead(_Y) - level * ahead(_ONE)
    known = ahead(_AHEAD) + slopes * ahead(_SINCE)
    return seen, np.maximum(own - known + (count - ahead(_ONE)) ** 2 / ones, 1e-12)


@lru_cache(maxsize=256)
def _ahead(weeks: tuple[int, ...], people: tuple[float, ...], coming: tuple[int, ...]) -> _Ahead:
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    n = len(weeks)
    every = (*weeks, *coming)
    at = np.asarray(every, dtype=float)
    has_history = Weekly(weeks, (0.0,) * n).has_history
    since = np.maximum(at, 0) if has_history else at - at[0]
    past = np.minimum(at, 0) if has_history else np.zeros(len(at))
    typical = (sum(people) / n,) * len(coming) if people else ()
    wander = np.minimum(at[:, None] - at[0], at[None, :] - at[0])
    whole = np.stack(
        [
            correlations(every, memory, (*people, *typical)) + variance * wander
            for memory in _MEMORIES
            for variance in _WANDERS
        ]
    )
    seen = whole[:, :n, :n]
    return _Ahead(
        columns=np.column_stack([np.ones(n), since[:n], past[:n]]),
        inverses=np.linalg.inv(seen),
        sizes=np.linalg.slogdet(seen)[1],
        shared=whole[:, :n, n:].sum(2),
        own=whole[:, n:, n:].sum((1, 2)),
        slopes=float(since[n:].sum()),
        weeks=len(coming),
    )


LANDING = Method(
    key="landing",
    name="Chance of landing",
    topic=Topic.WEEKS,
    functions=("landing",),
    decides=False,
    plainly=(
        "It says how likely a number ends at or beyond its target, and where 8 times in 10.",
        (
            "It averages 120 ways in which the number may have moved: noise, wandering, a slope"
            " before and since the start."
        ),
        "Each way counts as much as it explains the values so far.",
        "What you will begin later is not foreseen: it is a warning, not a plan.",
        "Nothing to come is surer than 97 %.",
    ),
    assumes=("What moves the number goes on as it did.",),
    formula="y = a + noise(ρ) + walk(ω) + s·max(t,0) + u·min(t,0); P(y(K) beyond target)",
    source="Berger, De Oliveira & Sansó (2001), JASA 96:1361–1374, equations 4 and 5",
)
METHODS = (LANDING,)

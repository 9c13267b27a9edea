"""Has a number moved since its cycle began, or is it noise? One statement a week, kept honest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from typing import TYPE_CHECKING, NamedTuple

from app.stats.checks import NotEnoughData
from app.stats.methods import Method, Topic
from app.stats.t_mixture import Mixture
from app.stats.weekly import Weekly, reads_as_factors, scaled
from app.stats.weekly_lines import ONE, G, H, columns_of, least_squares
from app.stats.weekly_noise import grown, inverses_of, products_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_MEMORIES = tuple(tenth / 10 for tenth in range(10))  # of a week's noise in the next
_SLOPES = (0.02, 0.1, 0.5, 1.5)  # noise sd a week: how steep a past trend may have been
_WITH_HISTORY, _WITHOUT = 0.013, 0.017  # largest with at most 5 % false a quarter, at memory 0.6
_HELD = 0.05  # what was said stays said while p is at most this


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a number: a move towards `target`, or, with `band`, a level inside it."""

    target: float
    band: tuple[float, float] | None = None
    as_factors: bool = True  # where the values ask for it


@dataclass(frozen=True, slots=True)
class Told:
    """What one week can tell.

    direction: 1 up, -1 down, 0 cannot be told. p: in (0, 1]. limit: what p was held against.
    moved, low, high: since the start (or the level now, for a band); factors if `as_factors`.
    noise: where 95 % of single values lie if nothing moved. begins, now: ends of the line.
    """

    direction: int
    p: float
    limit: float
    moved: float
    low: float
    high: float
    noise: tuple[float, float]
    begins: float
    now: float
    as_factors: bool


def told(
    series: Weekly,
    question: Question,
    *,
    week: int,
    of: int,
    said: Mapping[int, int] | None = None,
) -> Told:
    """What the end of a week can tell, after what the weeks before it told.

    A statement once made stays while p is at most 0.05 in the same direction, which only prolongs
    statements: at most 5 % of quarters in which nothing moves ever hear one.

    Args:
        series: weekly values; those after `week` do not count. question: what is asked.
        week: 1..of. of: the weeks of the cycle.
        said: direction told at the end of earlier weeks that are kept as they were told.

    Returns:
        The direction with its p, limit and range; the range excludes 0 exactly where told.

    Raises:
        NotEnoughData: fewer than five weekly values, or fewer than two since the start.
        ValueError: a week outside the cycle.

    Source:
        Generalised least squares averaged over memory and past slope; the weights are marginal
        likelihoods under flat priors (Berger, De Oliveira & Sansó 2001, JASA 96:1361-1374,
        equation 5). Boundary: simulation, see tests/bench/closer.py.

    >>> series = Weekly((1, 2, 3, 4, 5, 6), (10.0, 12.0, 13.5, 16.0, 18.0, 20.5))
    >>> found = told(series, Question(target=30.0), week=6, of=12)
    >>> found.direction, round(found.moved, 2)
    (1, 10.46)
    """
    if not 1 <= week <= of:
        raise ValueError(f"the week lies in 1..{of}, got {week}")
    series.until(week).check()
    kept = tuple(sorted((said or {}).items()))
    held = _before(series, question, week, of, kept)
    return _told(series.until(week), question, week / of, held)


def standing(
    series: Weekly, question: Question, *, week: int, of: int, said: Mapping[int, int] | None = None
) -> int:
    """The direction that stands at the end of a week: what the week after has to take back.

    Args:
        series, question, of, said: as for `told`. week: 0..of; nothing stands before the first.

    Returns:
        1 up, -1 down, 0 where nothing is told.

    Raises:
        ValueError: a week outside the cycle.

    Source:
        As `told`.

    >>> series = Weekly((1, 2, 3, 4, 5, 6), (10.0, 12.0, 13.5, 16.0, 18.0, 20.5))
    >>> standing(series, Question(target=30.0), week=6, of=12)
    1
    """
    if not 0 <= week <= of:
        raise ValueError(f"the week lies in 0..{of}, got {week}")
    return _before(series, question, week + 1, of, tuple(sorted((said or {}).items())))


class _Fit(NamedTuple):
    start: Mixture
    single: Mixture  # one value, if nothing had moved
    move: Mixture
    level: Mixture
    as_factors: bool


def _before(
    series: Weekly, question: Question, week: int, of: int, kept: tuple[tuple[int, int], ...]
) -> int:
    """What stands from the week before: as it was kept, or as it follows from the values."""
    known = dict(kept)
    held, first = 0, 1
    for earlier in range(week - 1, 0, -1):
        if earlier in known:
            held, first = known[earlier], earlier + 1
            break
    for earlier in range(first, week):
        held = _direction(series.until(earlier), question, earlier / of, held)
    return held


@lru_cache(maxsize=8192)
def _direction(series: Weekly, question: Question, share: float, held: int) -> int:
    try:
        series.check()
    except NotEnoughData:
        return 0
    p, direction = _judged(series, question)
    return direction if p <= _limit(series, share) or (direction == held and p <= _HELD) else 0


@lru_cache(maxsize=4096)
def _judged(series: Weekly, question: Question) -> tuple[float, int]:
    """The two-sided p, and the side that it points to."""
    fit = _fit(series, question)
    if question.band:
        low, high = question.band
        over, under = fit.level.below(high), fit.level.above(low)
        return min(1.0, 2 * min(over, under)), 1 if over < under else -1
    down, up = fit.move.below(0.0), fit.move.above(0.0)
    return min(1.0, 2 * min(down, up)), 1 if down < up else -1


@lru_cache(maxsize=1024)
def _told(series: Weekly, question: Question, share: float, held: int) -> Told:
    fit = _fit(series, question)
    p, direction = _judged(series, question)
    limit = _limit(series, share)
    if limit < p <= _HELD and direction == held:
        limit = _HELD
    asked = fit.level if question.band else fit.move
    start, move = fit.start.quantile(0.5), fit.move.quantile(0.5)
    found = Told(
        direction=direction if p <= limit else 0,
        p=p,
        limit=limit,
        moved=asked.quantile(0.5),
        low=asked.quantile(limit / 2),
        high=asked.quantile(1 - limit / 2),
        noise=(fit.single.quantile(0.025), fit.single.quantile(0.975)),
        begins=start,
        now=start + move,
        as_factors=fit.as_factors,
    )
    return _unlogged(found) if fit.as_factors else found


def _limit(series: Weekly, share: float) -> float:
    return (_WITH_HISTORY if series.has_history else _WITHOUT) * share


def _unlogged(found: Told) -> Told:
    low, high = found.noise
    return replace(
        found,
        moved=exp(found.moved),
        low=exp(found.low),
        high=exp(found.high),
        noise=(exp(low), exp(high)),
        begins=exp(found.begins),
        now=exp(found.now),
    )


@lru_cache(maxsize=1024)
def _fit(series: Weekly, question: Question) -> _Fit:
    """Every model's answer, weighted by how well it explains the values."""
    import numpy as np  # noqa: PLC0415 - NumPy takes long to import

    as_factors = question.as_factors and reads_as_factors(series.values, question.target)
    values, step = scaled(series.values, as_factors=as_factors)
    y, columns = np.asarray(values), columns_of(series)
    base, *_ = np.linalg.lstsq(columns[:, :H], y, rcond=None)
    left = y - columns[:, :H] @ base  # what is left is small, so that no digits cancel below
    unit = max(float(np.abs(left).max()), step)
    inverses, sizes = inverses_of(series.weeks, _MEMORIES, series.people)
    products = products_of(np.column_stack([columns, left / unit]), inverses)
    if series.has_history:
        products, sizes = grown(products, sizes, H, _SLOPES)
    lines = least_squares(products, sizes, n=len(y), step=step / unit)
    start, move = base[0] + unit * lines.start, base[1] + unit * lines.move
    start_spread, move_spread = lines.spread[:, ONE, ONE], lines.spread[:, G, G]

    def mixture(centres: Numbers, spread: Numbers) -> Mixture:
        return Mixture(lines.weights, centres, unit * np.sqrt(lines.noise * spread), len(y) - 2)

    return _Fit(
        start=mixture(start, start_spread),
        single=mixture(start, 1 + start_spread),
        move=mixture(move, move_spread),
        level=mixture(start + move, start_spread + move_spread + 2 * lines.spread[:, ONE, G]),
        as_factors=as_factors,
    )


CLOSER = Method(
    key="closer",
    name="Closer, or luck",
    topic=Topic.WEEKS,
    functions=("told", "standing"),
    decides=True,
    plainly=(
        "It lays a line through a number's weekly values since its cycle began.",
        (
            "It asks how often noise as large and as sluggish as the number's own would make such a"
            " line rise or fall as much."
        ),
        (
            "Only where that is rare it says closer or further: in 19 of 20 quarters in which"
            " nothing moves, it never does."
        ),
        "Values from before the cycle show how large the noise is, and whether a trend had ended.",
        "What was said stays said until doubt is real, so that words do not flicker.",
    ),
    assumes=(
        "A week's noise remembers at most 60 % of the last week's.",
        "The start, the history and the weeks left out were chosen before they were seen.",
    ),
    formula="y = a + b·min(t,0) + Δ·g(t) + noise; p = 2·min(P(Δ≤0), P(Δ>0)) ≤ 0.013·k/K with"
    " history, 0.017·k/K without",
    source="Berger, De Oliveira & Sansó (2001), JASA 96:1361–1374; boundary by simulation",
)
METHODS = (CLOSER,)

"""How an estimate came about: after each hour, with its interval. Description, not the call."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from app.analysis import comparison_looks
from app.analysis.hours import Point
from app.analysis.locked_rule import Rule
from app.analysis.planned_looks import Held
from app.analysis.readout_types import Comparison, Timeline, TimelinePoint
from app.stats.checks import NotEnoughData
from app.stats.differences import newcombe
from app.stats.rate_intervals import clopper_pearson
from app.stats.two_arm import Arm

_T = TypeVar("_T")
_MOST = 48  # points of a drawing; more are thinned out evenly


def of_looks(
    held: Sequence[Held], rule: Rule, planned: Mapping[str, int], keys: Sequence[str]
) -> tuple[Timeline, ...]:
    """Every version's course as the looks saw it, each with the interval that it made."""
    return tuple(
        Timeline(key, 0.0, tuple(_seen(comparison_looks.course(key, held, rule, planned))))
        for key in keys
    )


def _seen(course: Iterable[tuple[Held, Comparison]]) -> Iterator[TimelinePoint]:
    for held, row in course:
        if row.difference is not None and row.low is not None and row.high is not None:
            yield TimelinePoint(held.at, row.difference, row.low, row.high)


def timelines_of(series: Mapping[str, Sequence[Point]], rule: Rule) -> tuple[Timeline, ...]:
    """Every version's course: against the threshold, or as a difference from the baseline."""
    if rule.counts.is_value:
        return ()
    if rule.kind == "threshold":
        return tuple(
            Timeline(key, rule.limit, tuple(_rates(points, rule))) for key, points in series.items()
        )
    base = series.get(rule.baseline, ())
    others = [key for key in series if key not in {rule.baseline, "holdout"}]
    level = 1 - (1 - rule.confidence) / max(1, len(others))
    return tuple(
        Timeline(key, 0.0, tuple(_differences(series[key], base, level))) for key in others
    )


def _rates(points: Sequence[Point], rule: Rule) -> Iterator[TimelinePoint]:
    for point in _thinned(points):
        if point.people:
            interval = clopper_pearson(point.hits, point.people, confidence=rule.confidence)
            yield TimelinePoint(point.at, point.rate, interval.low, interval.high)


def _differences(
    arm: Sequence[Point], base: Sequence[Point], level: float
) -> Iterator[TimelinePoint]:
    hours = _thinned(sorted({point.at for point in (*arm, *base)}))
    for at in hours:
        mine, theirs = _until(arm, at), _until(base, at)
        if mine is None or theirs is None:
            continue
        try:
            said = newcombe(mine, theirs, confidence=level)
        except NotEnoughData:
            continue
        yield TimelinePoint(at, mine.rate - theirs.rate, said.low, said.high)


def _until(points: Sequence[Point], at: datetime) -> Arm | None:
    """Everybody released, and who did it, until then."""
    so_far = [point for point in points if point.at <= at]
    return Arm(so_far[-1].people, so_far[-1].hits) if so_far and so_far[-1].people else None


def _thinned(points: Sequence[_T]) -> Sequence[_T]:
    if len(points) <= _MOST:
        return points
    step = len(points) / _MOST
    return [points[round((place + 1) * step) - 1] for place in range(_MOST)]

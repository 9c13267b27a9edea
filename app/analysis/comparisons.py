"""Versions against their baseline: one row each, by the procedure that was chosen at launch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.analysis import versus
from app.analysis.locked_rule import Rule
from app.analysis.matured import Matured, Strata, total
from app.analysis.readout_types import Comparison, Estimate, State
from app.experiments.metrics import metric_of
from app.platform import figures
from app.stats import special
from app.stats.checks import NotEnoughData
from app.stats.means import LEAST_NONZERO
from app.stats.rate_intervals import CLOPPER_PEARSON, Interval, clopper_pearson
from app.stats.welch import WELCH


def estimates(
    arms: Mapping[str, Strata], metric: str, *, confidence: float
) -> tuple[Estimate, ...]:
    """The rate (or the value per person) of every arm with matured people."""
    return tuple(_estimate(key, total(strata), metric, confidence) for key, strata in arms.items())


def now(arms: Mapping[str, Strata], rule: Rule, *, ended: bool) -> tuple[Comparison, ...]:
    """Every version against the baseline at the one look that was planned, or on the way to it."""
    return versus.adjusted(
        [_row(key, arms, rule, ended=ended) for key in versus.others(arms, rule)]
    )


def overall(comparisons: Sequence[Comparison], *, ended: bool) -> State:
    """Validated if any is, refuted if all are; waiting as long as one may still change."""
    states = {comparison.state for comparison in comparisons}
    if State.VALIDATED in states:
        return State.VALIDATED
    if states == {State.REFUTED}:
        return State.REFUTED
    return State.INCONCLUSIVE if ended else State.WAITING


def _row(key: str, arms: Mapping[str, Strata], rule: Rule, *, ended: bool) -> Comparison:
    """One comparison; before the end its state is no more than waiting."""
    try:
        versus.refuse_unseen(key, arms, rule)
        comparison = versus.fixed(key, arms, rule)
    except NotEnoughData as error:
        comparison = versus.too_early(key, rule, str(error))
    if ended:
        return (
            comparison
            if comparison.difference is not None
            else replace(comparison, state=State.INCONCLUSIVE)
        )
    return replace(comparison, state=State.WAITING)


def _estimate(key: str, matured: Matured, metric: str, confidence: float) -> Estimate:
    if metric_of(metric).is_value:
        return _mean(key, matured, confidence)
    hits = matured.did
    interval, rate = Interval(0.0, 1.0, CLOPPER_PEARSON.name), None
    if matured.people:
        interval = clopper_pearson(hits, matured.people, confidence=confidence)
        rate = hits / matured.people
    return _estimated(
        key, matured.people, hits, rate=rate, interval=interval, confidence=confidence
    )


def _mean(key: str, matured: Matured, confidence: float) -> Estimate:
    """The value per person; its interval only once enough people have one."""
    rate = matured.mean if matured.people else None
    low = high = rate or 0.0
    if matured.nonzero >= LEAST_NONZERO and rate is not None:
        half = float(special.stdtrit(matured.people - 1, confidence)) * (
            (versus.sums(matured).variance / matured.people) ** 0.5
        )
        low, high = rate - half, rate + half
    interval = Interval(low, high, WELCH.name)
    return _estimated(
        key, matured.people, matured.nonzero, rate=rate, interval=interval, confidence=confidence
    )


def _estimated(
    key: str, people: int, hits: int, *, rate: float | None, interval: Interval, confidence: float
) -> Estimate:
    return Estimate(
        arm=key,
        people=people,
        hits=hits,
        rate=rate,
        low=interval.low,
        high=interval.high,
        method=interval.method,
        confidence=confidence,
        label=f"{figures.limit(confidence)} each side",
        settled=hits,
        people_open=0,
        rate_of_delivered=None,
    )

"""One version against the baseline: a row of the readout, by one look or at one of several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

from app.analysis import sentences
from app.analysis.locked_rule import Rule
from app.analysis.matured import Matured, Strata, total
from app.analysis.readout_types import Comparison, State
from app.experiments.metrics import metric_of
from app.platform import figures
from app.stats import special
from app.stats.bayes import chance_to_beat, expected_loss
from app.stats.checks import NotEnoughData
from app.stats.conditional import NAME as AT_LOOKS
from app.stats.conditional import Limits, interval_at, relative_at
from app.stats.means import compare_values, relative_values
from app.stats.multiplicity import bonferroni
from app.stats.relative import relative_bounds
from app.stats.score import Pair
from app.stats.sums import Sums
from app.stats.two_arm import Arm, compare
from app.stats.uneven import TooUneven
from app.stats.welch import Difference

_NEARLY_ONE = 1 - 1e-15  # the confidence that belongs to a bound of 8


def others(arms: Mapping[str, Strata], rule: Rule) -> list[str]:
    """Who is compared; the holdout only ever as a baseline."""
    return [key for key in arms if key not in {rule.baseline, "holdout"}]


def alpha_of(rule: Rule, arms: Mapping[str, Strata]) -> float:
    """The error that one version may make: all of them share it."""
    return (1 - rule.confidence) / max(1, len(others(arms, rule)))


def rate_of(strata: Strata) -> Arm:
    """People of all kinds, and those who did it."""
    matured = total(strata)
    return Arm(matured.people, matured.did)


def fixed(key: str, arms: Mapping[str, Strata], rule: Rule) -> Comparison:
    """By the one look that was planned. Raises NotEnoughData."""
    level = 1 - alpha_of(rule, arms)
    if metric_of(rule.metric).is_value:
        said = _values(key, arms, rule, level)
        p_value = said.p_value
        return _of_values(key, arms, rule, said, level=level, p_value=p_value, confidence=level)
    arm, base = (rate_of(arms.get(one, {})) for one in (key, rule.baseline))
    comparison = compare(arm, base, confidence=level, mde=_inside(rule.mde))
    row = _of_rates(key, rule, arm, base, low=comparison.low, high=comparison.high, level=level)
    row = replace(row, p_value=comparison.p_value, method=comparison.method)
    ends = (comparison.low, comparison.high)
    return _relatively(row, lambda: relative_bounds(arm, base, difference=ends, confidence=level))


def of_rates_at(
    key: str, arms: Mapping[str, Strata], rule: Rule, limit: Limits, *, p_value: float | None
) -> Comparison:
    """At one of several looks, with the interval that belongs to what it asked for."""
    arm, base = (rate_of(arms.get(one, {})) for one in (key, rule.baseline))
    pair = Pair(arm.hits, arm.people, base.hits, base.people)
    low, high = interval_at(pair, limit)
    row = _of_rates(key, rule, arm, base, low=low, high=high, level=1 - alpha_of(rule, arms))
    row = replace(row, p_value=p_value, method=AT_LOOKS)
    return _relatively(row, lambda: relative_at(pair, limit))


def of_values_at(
    key: str, arms: Mapping[str, Strata], rule: Rule, critical: float, *, p_value: float | None
) -> Comparison:
    """At one of several looks, as wide as the look's bound asks. Raises NotEnoughData."""
    said = _values(key, arms, rule, _sure(critical))
    level, sure = 1 - alpha_of(rule, arms), _sure(critical)
    return _of_values(key, arms, rule, said, level=level, p_value=p_value, confidence=sure)


def value_z(key: str, arms: Mapping[str, Strata], rule: Rule) -> float:
    """How many standard errors of a bell curve a difference of values is worth, with its sign."""
    said = _values(key, arms, rule, rule.confidence)
    worth = -float(special.ndtri(max(said.p_value / 2, 1e-300)))
    return worth if said.difference > 0 else -worth


def refuse_unseen(key: str, arms: Mapping[str, Strata], rule: Rule) -> None:
    """Raise NotEnoughData where no window of a group has closed: mailed it may be all the same."""
    for one in (key, rule.baseline):
        if not total(arms.get(one, {})).people:
            raise NotEnoughData(f"no window of “{one}” has closed yet")


def too_early(key: str, rule: Rule, why: str) -> Comparison:
    """No number, and the reason."""
    return Comparison(
        arm=key,
        baseline=rule.baseline,
        difference=None,
        low=None,
        high=None,
        relative=None,
        p_value=None,
        chance_to_beat=None,
        expected_loss=None,
        state=State.WAITING,
        method="",
        confidence=rule.confidence,
        reason=sentences.raised(f"{why.removeprefix('too early: ')}."),
    )


def adjusted(rows: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Each p times the number of versions, as intervals allow for them: they cannot disagree."""
    return tuple(
        row
        if row.p_value is None
        else replace(row, adjusted_p=bonferroni([row.p_value] * len(rows))[0])
        for row in rows
    )


def _of_rates(
    key: str, rule: Rule, arm: Arm, base: Arm, *, low: float, high: float, level: float
) -> Comparison:
    difference = arm.rate - base.rate
    return Comparison(
        arm=key,
        baseline=rule.baseline,
        difference=difference,
        low=low,
        high=high,
        relative=difference / base.rate if base.rate > 0 else None,
        p_value=None,
        chance_to_beat=chance_to_beat(arm, base),
        expected_loss=expected_loss(arm, base),
        state=_state(low, high, rule.mde),
        method="",
        confidence=level,
    )


def _of_values(
    key: str,
    arms: Mapping[str, Strata],
    rule: Rule,
    said: Difference,
    *,
    level: float,
    p_value: float | None,
    confidence: float,
) -> Comparison:
    base = total(arms.get(rule.baseline, {}))
    row = Comparison(
        arm=key,
        baseline=rule.baseline,
        difference=said.difference,
        low=said.low,
        high=said.high,
        relative=said.difference / base.mean if base.mean > 0 else None,
        p_value=p_value,
        chance_to_beat=None,
        expected_loss=None,
        state=_state(said.low, said.high, rule.mde),
        method=said.method,
        confidence=level,
    )
    return _relatively(
        row,
        lambda: relative_values(
            _pairs(key, arms, rule),
            counted_from=base.y_from,
            confidence=confidence,
            covariate=rule.covariate,
        ),
    )


def _relatively(row: Comparison, bounds: Callable[[], tuple[float, float]]) -> Comparison:
    """The row with bounds of its relative difference, where there is one and they are known."""
    if row.relative is None:
        return row
    try:
        low, high = bounds()
    except NotEnoughData:  # all did it in both: a ratio has no bounds
        return row
    # With strata or a covariate the test's own middle lies a little off what is shown.
    low, high = min(low, row.relative), max(high, row.relative)
    return replace(row, relative_low=_finite(low), relative_high=_finite(high))


def _finite(bound: float) -> float | None:
    return bound if isfinite(bound) else None


def _pairs(key: str, arms: Mapping[str, Strata], rule: Rule) -> list[tuple[Sums, Sums]]:
    """Both sides of each stratum."""
    arm, base = arms.get(key, {}), arms.get(rule.baseline, {})
    return [(sums(arm.get(one)), sums(base.get(one))) for one in sorted({*arm, *base})]


def _values(key: str, arms: Mapping[str, Strata], rule: Rule, confidence: float) -> Difference:
    pairs = _pairs(key, arms, rule)
    try:
        return compare_values(pairs, confidence=confidence, covariate=rule.covariate)
    except TooUneven as error:
        raise NotEnoughData(_uneven(error, key, rule)) from None


def _uneven(error: TooUneven, key: str, rule: Rule) -> str:
    larger, smaller = (key, rule.baseline) if error.for_arm else (rule.baseline, key)
    return (
        f"values are so uneven that with {figures.count(error.smaller)} in “{smaller}” luck favours"
        f" “{larger}”;"
        f" it takes about {figures.count(error.needed)} people, or a lower cap"
    )


def sums(matured: Matured | None) -> Sums:
    """What is known of the values of a group."""
    if matured is None:
        return Sums(0, 0.0, 0.0)
    return Sums(
        matured.people,
        matured.y,
        matured.yy,
        matured.x,
        matured.xx,
        matured.xy,
        matured.nonzero,
        matured.yyy,
    )


def _sure(critical: float) -> float:
    return min(_NEARLY_ONE, float(2 * special.ndtr(critical) - 1))


def _state(low: float, high: float, mde: float) -> State:
    if low > 0:
        return State.VALIDATED
    return State.REFUTED if high < mde else State.INCONCLUSIVE


def _inside(mde: float) -> float:
    """A rate's difference can't reach 1; a rule that asks for more is refuted by any data."""
    return min(mde, 1 - 1e-12)

"""Versions against their baseline: one row each, by the procedure that was chosen at launch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.analysis.looks import Held
from app.analysis.matured import Matured, Strata, total
from app.analysis.shapes import Comparison, Estimate, Rule, State
from app.experiments.metrics import metric_of
from app.stats.anytime import SEQUENCE, always_valid_p, asymptotic_sequence
from app.stats.bayes import chance_to_beat, expected_loss
from app.stats.checks import NotEnoughData
from app.stats.group_sequential import bounds
from app.stats.means import LEAST_NONZERO, compare_values
from app.stats.multiplicity import holm
from app.stats.one_arm import CLOPPER_PEARSON, Interval, clopper_pearson
from app.stats.sums import Sums
from app.stats.two_arm import Arm, compare
from app.stats.welch import WELCH, Difference

_NEARLY_ONE = 1 - 1e-15  # the confidence that belongs to a bound of 8


@dataclass(frozen=True, slots=True)
class Crowd:
    """Two groups as they stand, and how sure the interval must be."""

    arm: Strata
    baseline: Strata
    confidence: float


def estimates(
    arms: Mapping[str, Strata], metric: str, *, confidence: float
) -> tuple[Estimate, ...]:
    """The rate (or the value per person) of every arm with matured people."""
    return tuple(_estimate(key, total(strata), metric, confidence) for key, strata in arms.items())


def now(
    arms: Mapping[str, Strata], rule: Rule, metric: str, *, n_max: int, ended: bool
) -> tuple[Comparison, ...]:
    """Every version against the baseline, of the people whose window has closed."""
    others = _others(arms, rule)
    level = 1 - (1 - rule.confidence) / max(1, len(others))
    anytime = rule.method == "anytime"
    found = [
        _row(
            key,
            Crowd(arms[key], arms.get(rule.baseline, {}), level),
            rule,
            metric,
            told=ended or anytime,
            n_max=n_max if anytime else None,
        )
        for key in others
    ]
    return _adjusted(found)


def by_looks(
    held: Sequence[Held],
    arms: Mapping[str, Strata],
    rule: Rule,
    metric: str,
    planned: Mapping[str, int],
    *,
    ended: bool,
) -> tuple[Comparison, ...]:
    """The same by planned looks: what the first look that said yes said, else the last one."""
    others = _others(arms, rule)
    return _adjusted(
        [
            _looked(key, held, arms, rule=rule, metric=metric, planned=planned, ended=ended)
            for key in others
        ]
    )


def overall(comparisons: Sequence[Comparison], *, ended: bool) -> State:
    """Validated if any is, refuted if all are; waiting as long as one may still change."""
    states = {one.state for one in comparisons}
    if State.VALIDATED in states:
        return State.VALIDATED
    if states == {State.REFUTED}:
        return State.REFUTED
    return State.INCONCLUSIVE if ended else State.WAITING


def _others(arms: Mapping[str, Strata], rule: Rule) -> list[str]:
    """Who is compared; the holdout only ever as a baseline."""
    return [key for key in arms if key not in {rule.baseline, "holdout"}]


def _looked(
    key: str,
    held: Sequence[Held],
    arms: Mapping[str, Strata],
    *,
    rule: Rule,
    metric: str,
    planned: Mapping[str, int],
    ended: bool,
) -> Comparison:
    alpha = (1 - rule.confidence) / max(1, len(_others(arms, rule)))
    everybody = max(1, planned.get(key, 0) + planned.get(rule.baseline, 0))
    shares = _shares([_people(one.arms, key, rule.baseline) / everybody for one in held])
    if not shares:
        return _too_early(key, rule, "no look has been held yet")
    limits = bounds(shares, alpha=alpha)
    found = None
    for one, limit in zip(held, limits, strict=False):
        crowd = Crowd(one.arms.get(key, {}), one.arms.get(rule.baseline, {}), _sure(limit))
        found = _row(key, crowd, rule, metric, told=True)
        if found.state is State.VALIDATED:
            return found
    assert found is not None
    if found.state is State.INCONCLUSIVE and not ended:
        return _with_state(found, State.WAITING)
    return found


def _shares(seen: Sequence[float]) -> list[float]:
    """Rising shares of the planned people; more people than planned end at 1."""
    most = max([1.0, *seen])
    found: list[float] = []
    for share in seen:
        if share > (found[-1] * most if found else 0):
            found.append(share / most)
    return found


def _sure(limit: float) -> float:
    from scipy.special import ndtr  # noqa: PLC0415 - SciPy takes long to import

    return min(_NEARLY_ONE, float(2 * ndtr(limit) - 1))


def _people(arms: Mapping[str, Strata], *keys: str) -> int:
    return sum(total(arms.get(key, {})).people for key in keys)


def _row(
    key: str,
    crowd: Crowd,
    rule: Rule,
    metric: str,
    *,
    told: bool,
    n_max: int | None = None,
) -> Comparison:
    """One comparison; `told` where its state may be more than waiting."""
    try:
        if metric_of(metric).is_value:
            return _of_values(key, crowd, rule, told=told, n_max=n_max)
        return _of_rates(key, crowd, rule, told=told, n_max=n_max)
    except NotEnoughData as error:
        return _too_early(key, rule, str(error), ended=told and n_max is None)


def _of_rates(key: str, crowd: Crowd, rule: Rule, *, told: bool, n_max: int | None) -> Comparison:
    arm, base = (
        Arm(people=one.people, hits=one.did) for one in (total(crowd.arm), total(crowd.baseline))
    )
    said = compare(arm, base, confidence=crowd.confidence, mde=_inside(rule.mde))
    low, high, p_value, method = said.low, said.high, said.p_value, said.method
    if n_max is not None:
        error = _standard_error(arm, base)
        people = arm.people + base.people
        low, high = asymptotic_sequence(
            said.difference, error, people, n_max=n_max, alpha=1 - crowd.confidence
        )
        low, high = max(-1.0, low), min(1.0, high)
        p_value = always_valid_p(
            said.difference, error, people, n_max=n_max, alpha=1 - crowd.confidence
        )
        method = SEQUENCE.name
    return Comparison(
        arm=key,
        baseline=rule.baseline,
        difference=said.difference,
        low=low,
        high=high,
        relative=said.relative,
        p_value=p_value,
        chance_to_beat=chance_to_beat(arm, base),
        expected_loss=expected_loss(arm, base),
        state=_state(low, high, rule.mde) if told else State.WAITING,
        method=method,
        confidence=crowd.confidence,
    )


def _of_values(key: str, crowd: Crowd, rule: Rule, *, told: bool, n_max: int | None) -> Comparison:
    strata = sorted({*crowd.arm, *crowd.baseline})
    pairs = [(_sums(crowd.arm.get(one)), _sums(crowd.baseline.get(one))) for one in strata]
    said = compare_values(pairs, confidence=crowd.confidence, covariate=rule.covariate)
    low, high, p_value, method = said.low, said.high, said.p_value, said.method
    if n_max is not None:
        people = sum(arm.people + base.people for arm, base in pairs)
        low, high = asymptotic_sequence(
            said.difference, said.error, people, n_max=n_max, alpha=1 - crowd.confidence
        )
        p_value = always_valid_p(
            said.difference, said.error, people, n_max=n_max, alpha=1 - crowd.confidence
        )
        method = SEQUENCE.name
    return Comparison(
        arm=key,
        baseline=rule.baseline,
        difference=said.difference,
        low=low,
        high=high,
        relative=_relative(said, pairs),
        p_value=p_value,
        chance_to_beat=None,
        expected_loss=None,
        state=_state(low, high, rule.mde) if told else State.WAITING,
        method=method,
        confidence=crowd.confidence,
    )


def _relative(said: Difference, pairs: Sequence[tuple[Sums, Sums]]) -> float | None:
    base = sum(one.y for _, one in pairs) / max(1, sum(one.people for _, one in pairs))
    return said.difference / base if base else None


def _sums(one: Matured | None) -> Sums:
    if one is None:
        return Sums(0, 0.0, 0.0)
    return Sums(one.people, one.y, one.yy, one.x, one.xx, one.xy, one.nonzero)


def _standard_error(arm: Arm, base: Arm) -> float:
    parts = (one.rate * (1 - one.rate) / one.people for one in (arm, base))
    return float(sum(parts) ** 0.5)


def _state(low: float, high: float, mde: float) -> State:
    if low > 0:
        return State.VALIDATED
    return State.REFUTED if high < mde else State.INCONCLUSIVE


def _inside(mde: float) -> float:
    """A rate's difference can't reach 1; a rule that asks for more is refuted by any data."""
    return min(mde, 1 - 1e-12)


def _too_early(key: str, rule: Rule, why: str, *, ended: bool = False) -> Comparison:
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
        state=State.INCONCLUSIVE if ended else State.WAITING,
        method="",
        confidence=rule.confidence,
        reason=f"Too early to tell: {why.removeprefix('too early: ')}.",
    )


def _with_state(row: Comparison, state: State) -> Comparison:
    return replace(row, state=state)


def _adjusted(rows: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Holm's p beside each: what is left of it after looking at several."""
    known = [row.p_value for row in rows if row.p_value is not None]
    after = iter(holm(known))
    return tuple(
        row if row.p_value is None else replace(row, adjusted_p=next(after)) for row in rows
    )


def _estimate(key: str, one: Matured, metric: str, confidence: float) -> Estimate:
    if metric_of(metric).is_value:
        return _mean(key, one, confidence)
    hits = one.did
    interval, rate = Interval(0.0, 1.0, CLOPPER_PEARSON.name), None
    if one.people:
        interval = clopper_pearson(hits, one.people, confidence=confidence)
        rate = hits / one.people
    return _estimated(key, one.people, hits, rate=rate, interval=interval, confidence=confidence)


def _mean(key: str, one: Matured, confidence: float) -> Estimate:
    """The value per person; its interval only once enough people have one."""
    rate = one.y / one.people if one.people else None
    low = high = rate or 0.0
    if one.nonzero >= LEAST_NONZERO and rate is not None:
        from scipy.special import stdtrit  # noqa: PLC0415 - SciPy takes long to import

        half = float(stdtrit(one.people - 1, confidence)) * (
            (_sums(one).variance / one.people) ** 0.5
        )
        low, high = rate - half, rate + half
    interval = Interval(low, high, WELCH.name)
    return _estimated(
        key, one.people, one.nonzero, rate=rate, interval=interval, confidence=confidence
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
        label=f"{100 * confidence:g} % each side",
        settled=hits,
        people_open=0,
        rate_of_delivered=None,
    )

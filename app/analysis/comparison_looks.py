"""Versions against their baseline at looks: exact for rates, and for values by bounds of t."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.analysis import versus
from app.analysis.locked_rule import Rule
from app.analysis.matured import Strata, total
from app.analysis.planned_looks import Asked, Held
from app.analysis.readout_types import Comparison, State
from app.experiments.metrics import metric_of
from app.stats.checks import NotEnoughData
from app.stats.conditional import Limits, limits, looks_p
from app.stats.group_sequential import bounds, bounds_p
from app.stats.score import Pair

_Arms = Mapping[str, Strata]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A look by its place: what it saw, and the share of planned people that it had."""

    place: int
    arms: _Arms
    share: float


def asked(
    before: Sequence[Held], arms: _Arms, rule: Rule, planned: Mapping[str, int], *, whole: bool
) -> dict[str, Asked]:
    """What a look that is held now asks of every version, given how the ones before were held.

    A version of which nothing can be asked yet is left out.
    """
    course = [*((held.arms, held.whole) for held in before), (arms, whole)]
    found = {}
    for key in versus.others(arms, rule):
        seen = _seen(course, key, rule, planned)
        if seen and seen[-1].place == len(before):
            p_value = _p_value(key, seen, rule)
            found[key] = replace(_asked(key, seen, rule)[-1], p_value=p_value)
    return found


def by_looks(
    held: Sequence[Held],
    rule: Rule,
    planned: Mapping[str, int],
    keys: Sequence[str],
    *,
    ended: bool,
) -> tuple[Comparison, ...]:
    """A row for each version: what the first look that told a difference said, else the last."""
    comparisons = [_standing(key, held, rule, planned) for key in keys]
    return versus.adjusted([_ended(row) if ended else _going_on(row) for row in comparisons])


def course(
    key: str, held: Sequence[Held], rule: Rule, planned: Mapping[str, int]
) -> Iterator[tuple[Held, Comparison]]:
    """What each look said of a version, whatever others said before."""
    seen = _seen([(one.arms, one.whole) for one in held], key, rule, planned)
    kept = [held[one.place].asked.get(key) for one in seen]
    if None in kept:  # looks from before such things were kept, or with other counts than theirs
        kept = [*_asked(key, seen, rule)] if seen else []
    for one, limit in zip(seen, kept, strict=True):
        assert limit is not None
        yield held[one.place], _row(key, one.arms, limit, rule)


def _standing(key: str, held: Sequence[Held], rule: Rule, planned: Mapping[str, int]) -> Comparison:
    comparison = versus.too_early(key, rule, "no look has been held yet")
    for _, row in course(key, held, rule, planned):
        comparison = row
        if (comparison.low or 0) > 0 or (comparison.high or 0) < 0:
            break
    return comparison


def _going_on(row: Comparison) -> Comparison:
    return replace(row, state=State.WAITING) if row.state is State.INCONCLUSIVE else row


def _ended(row: Comparison) -> Comparison:
    return replace(row, state=State.INCONCLUSIVE) if row.state is State.WAITING else row


def _seen(
    course: Sequence[tuple[_Arms, bool]], key: str, rule: Rule, planned: Mapping[str, int]
) -> list[_Seen]:
    """The looks at which both sides had somebody; for values, only those with somebody new."""
    most = max(1, planned.get(key, 0) + planned.get(rule.baseline, 0))
    found: list[_Seen] = []
    for place, (arms, whole) in enumerate(course):
        sides = [total(arms.get(one, {})).people for one in (key, rule.baseline)]
        share = 1.0 if whole else min(1.0, sum(sides) / most)
        is_new = not found or share > found[-1].share
        if min(sides) and (is_new or not metric_of(rule.metric).is_value):
            found.append(_Seen(place, arms, share))
    return found


def _asked(key: str, seen: Sequence[_Seen], rule: Rule) -> Sequence[Asked]:
    alpha, shares = versus.alpha_of(rule, seen[-1].arms), [one.share for one in seen]
    if metric_of(rule.metric).is_value:
        return [Asked(critical=bound) for bound in bounds(shares, alpha=alpha)]
    pairs = [_pair(key, one.arms, rule) for one in seen]
    return [Asked(limit.above, limit.below) for limit in limits(pairs, shares, alpha=alpha)]


def _p_value(key: str, seen: Sequence[_Seen], rule: Rule) -> float:
    alpha, shares = versus.alpha_of(rule, seen[-1].arms), [one.share for one in seen]
    if metric_of(rule.metric).is_value:
        return bounds_p(shares, [_z(key, one.arms, rule) for one in seen], alpha=alpha)
    return looks_p([_pair(key, one.arms, rule) for one in seen], shares, alpha=alpha)


def _z(key: str, arms: _Arms, rule: Rule) -> float:
    """Of a look that was too early for values nothing can be said: it lies at 0."""
    try:
        return versus.value_z(key, arms, rule)
    except NotEnoughData:
        return 0.0


def _pair(key: str, arms: _Arms, rule: Rule) -> Pair:
    arm, base = (versus.rate_of(arms.get(one, {})) for one in (key, rule.baseline))
    return Pair(arm.hits, arm.people, base.hits, base.people)


def _row(key: str, arms: _Arms, kept: Asked, rule: Rule) -> Comparison:
    try:
        versus.refuse_unseen(key, arms, rule)
        if kept.critical is not None:
            return versus.of_values_at(key, arms, rule, kept.critical, p_value=kept.p_value)
        limit = Limits(kept.above, kept.below)
        return versus.of_rates_at(key, arms, rule, limit, p_value=kept.p_value)
    except NotEnoughData as error:
        return versus.too_early(key, rule, str(error))

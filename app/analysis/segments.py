"""Kinds of people, fixed at launch: what came of each. They describe and never change a call."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.analysis.locked_rule import Rule
from app.analysis.matured import Matured, Strata, total
from app.analysis.readout_types import Segment, SegmentRow
from app.stats.checks import NotEnoughData
from app.stats.differences import newcombe
from app.stats.rate_intervals import wilson
from app.stats.subgroups import subgroups
from app.stats.two_arm import Arm

OTHERS = "others"
_FEWEST = 10  # people of a kind that are shown by themselves (trust: small groups are somebody)
_MOST = 20  # kinds of a column


@dataclass(frozen=True, slots=True)
class _Kind:
    value: str
    arms: Mapping[str, Matured]

    @property
    def people(self) -> int:
        return sum(arm.people for arm in self.arms.values())


def segments_of(
    columns: Sequence[str], arms: Mapping[str, Strata], rule: Rule
) -> tuple[Segment, ...]:
    """Each column with its kinds, the largest first; nothing where nobody has matured."""
    return tuple(
        segment
        for place, column in enumerate(columns)
        if (segment := _segment(column, _kinds(arms, place), rule))
    )


def _kinds(arms: Mapping[str, Strata], place: int) -> list[_Kind]:
    """The values of one column, small ones together as others."""
    found: dict[str, dict[str, Matured]] = {}
    for key, strata in arms.items():
        for stratum, matured in strata.items():
            value = _value(stratum, place)
            held = found.setdefault(value, {})
            held[key] = held.get(key, Matured()) + matured
    kinds = sorted(
        (_Kind(value, held) for value, held in found.items()),
        key=lambda kind: (-kind.people, kind.value),
    )
    shown = [kind for kind in kinds[: _MOST - 1] if kind.people >= _FEWEST]
    rest = [kind for kind in kinds if kind not in shown]
    return [*shown, *([_together(rest)] if rest else [])]


def _value(stratum: str, place: int) -> str:
    values = json.loads(stratum) if stratum else []
    return str(values[place]).strip() if place < len(values) else ""


def _together(kinds: Sequence[_Kind]) -> _Kind:
    keys = dict.fromkeys(key for kind in kinds for key in kind.arms)
    held = {
        key: total({str(at): kind.arms.get(key, Matured()) for at, kind in enumerate(kinds)})
        for key in keys
    }
    return _Kind(OTHERS, held)


def _segment(column: str, kinds: Sequence[_Kind], rule: Rule) -> Segment | None:
    if not any(kind.people for kind in kinds):
        return None
    rows = tuple(row for kind in kinds for row in _rows(kind, len(kinds), rule))
    return Segment(column, rows, _warning(column, kinds, rule))


def _rows(kind: _Kind, kinds: int, rule: Rule) -> Iterator[SegmentRow]:
    """One line for each version; intervals as wide as so many kinds ask for."""
    level = 1 - (1 - rule.confidence) / kinds
    for key, matured in kind.arms.items():
        if not matured.people:
            continue
        hits = matured.did
        interval = wilson(hits, matured.people, confidence=level)
        difference = low = high = None
        if rule.baseline and key not in {rule.baseline, "holdout"}:
            difference, low, high = _difference(kind, key, rule, level)
        yield SegmentRow(
            value=kind.value,
            arm=key,
            people=matured.people,
            hits=hits,
            rate=hits / matured.people,
            low=interval.low,
            high=interval.high,
            value_per_person=matured.mean if rule.counts.is_value else None,
            difference=difference,
            difference_low=low,
            difference_high=high,
        )


def _difference(
    kind: _Kind, key: str, rule: Rule, level: float
) -> tuple[float | None, float | None, float | None]:
    arm, base = (_arm(kind.arms.get(one)) for one in (key, rule.baseline))
    try:
        difference = newcombe(arm, base, confidence=level)
    except NotEnoughData:
        return None, None, None
    return arm.rate - base.rate, difference.low, difference.high


def _arm(matured: Matured | None) -> Arm:
    return Arm(matured.people, matured.did) if matured else Arm(0, 0)


def _warning(column: str, kinds: Sequence[_Kind], rule: Rule) -> str:
    """Simpson's paradox, for the first version against the baseline."""
    keys = {key for kind in kinds for key in kind.arms} - {rule.baseline, "holdout"}
    if not rule.baseline:
        return ""
    turned = []
    for key in sorted(keys):
        pairs = [(_arm(kind.arms.get(key)), _arm(kind.arms.get(rule.baseline))) for kind in kinds]
        try:
            if subgroups(pairs).turned:
                turned.append(f"“{key}”")
        except NotEnoughData:
            continue
    if not turned:
        return ""
    return (
        f"Within “{column}” the difference of {', '.join(turned)} points the other way than in all"
        " together: the mix of people made it. Look at the kinds one by one."
    )

"""What an audience can show, and when: said beside the form, in the checklist and by the API."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from app.experiments import plans
from app.experiments.design_schemas import Draft
from app.experiments.leaving import AT_ONCE, Pace
from app.experiments.metrics import LEAST_WITH_VALUE
from app.experiments.plans import LOOKS_AT_ANY_TIME, Frozen, PlannedLook
from app.experiments.vocabulary import HOLDOUT, Method, RuleKind
from app.platform import figures
from app.stats.checks import NotEnoughData
from app.stats.drifts import drift_of_looks, fixed_drift
from app.stats.power import detectable_in_looks, people_needed, smallest_detectable
from app.stats.rate_power import people_for_rise, smallest_rise

POWER = 0.8  # "4 times in 5", the field's convention
_HOPED = 4 / 3  # a truth of a third above the threshold: worth knowing of, in most teams' eyes
_BASE_RATE = 0.05  # ours: of a comparison's baseline, where its author does not say it
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # what can be told depends on no date


@dataclass(frozen=True, slots=True)
class Plan:
    """Rates are shares 0..1; where there are too few people, what can't be said is None."""

    people: int
    threshold: float | None
    confidence: float
    pass_count: int | None
    pass_share: float | None
    detectable: float | None  # the true rate, or the difference, that validates 4 times in 5
    power: float
    people_needed: int | None  # for a truth of a third above the threshold, or worth having
    answer_by: datetime | None
    sentence: str
    arms: dict[str, int] = field(default_factory=dict)  # people; before the start, as expected
    waves: tuple[int, ...] = ()  # people
    last_leaves: datetime | None = None  # of its mails, at the latest; sent as fast as is expected
    looks: tuple[PlannedLook, ...] = ()


def plan(
    design: Draft,
    *,
    people: int,
    start: datetime,
    pace: Pace = AT_ONCE,
    arms: dict[str, int] | None = None,
    zones: Sequence[tzinfo] = (),
) -> Plan:
    """The pass count, what can be seen with 80 % power, and the day of the answer.

    `zones`: where its people may be; none: anywhere.
    """
    try:
        frozen = plans.freeze(
            design,
            arms or plans.expected_arms(design, people),
            start=start,
            pace=pace,
            zones=zones,
        )
        is_comparison = design.rule.kind is RuleKind.COMPARISON
        told = (_of_comparison if is_comparison else _of_threshold)(design, frozen)
        return replace(told, last_leaves=frozen.last_leaves)
    except NotEnoughData as error:
        return _impossible(design, people, error)


def detectable(design: Draft, *, people: int) -> float | None:
    """What so many people can tell, as their plan says it; None where that cannot be said.

    It works out nothing else: of several sizes, only this is asked.
    """
    try:
        arms = plans.expected_arms(design, people)
        frozen = plans.freeze(design, arms, start=_ANY_DAY)
        if design.rule.kind is RuleKind.COMPARISON:
            return _apart(design, frozen, _compared_arms(design, frozen))
        return _detectable(design, frozen)
    except NotEnoughData:
        return None


def _of_threshold(design: Draft, frozen: Frozen) -> Plan:
    people, rule = frozen.people, design.rule
    k = frozen.pass_count
    assert k is not None  # the last look of a threshold rule always has one
    seen = _detectable(design, frozen)
    when = rule.reading.promise.format(looks=len(frozen.looks))
    does = design.metric.words.do
    return Plan(
        people=people,
        threshold=rule.limit,
        confidence=rule.confidence,
        pass_count=k,
        pass_share=k / people,
        detectable=seen,
        power=POWER,
        people_needed=_needed(rule.limit, rule.confidence),
        answer_by=frozen.looks[-1].due_at,
        sentence=(
            f"With {figures.people(people)}, {figures.count(k)} ({figures.share(k / people)}) must"
            f" {does} before"
            f" we can say it is over {figures.limit(rule.limit)}. If really {figures.aim(seen)}"
            f" {does}, {when}."
        ),
        arms=frozen.arms,
        waves=frozen.waves,
        looks=frozen.looks,
    )


def _detectable(design: Draft, frozen: Frozen) -> float:
    rule = design.rule
    if rule.method is Method.CURTAILED:
        return smallest_detectable(
            frozen.people, rule.limit, confidence=rule.confidence, power=POWER
        )
    if rule.method is Method.SEQUENTIAL:
        looks = [(look.people, look.pass_count) for look in frozen.looks]
    else:
        looks = plans.anytime_looks(frozen.people, rule.limit, confidence=rule.confidence)
    return detectable_in_looks(looks, rule.limit, power=POWER)


def _of_comparison(design: Draft, frozen: Frozen) -> Plan:
    """What the smallest arm can show against the baseline."""
    compared = _compared_arms(design, frozen)
    seen = _apart(design, frozen, compared)
    needed = None if seen is None else _needed_apart(design, frozen, compared)
    return Plan(
        people=frozen.people,
        threshold=None,
        confidence=design.rule.confidence,
        pass_count=None,
        pass_share=None,
        detectable=seen,
        power=POWER,
        people_needed=needed,
        answer_by=frozen.looks[-1].due_at,
        sentence=_compared(design, frozen, compared.smallest, compared.baseline, seen)
        + _more_people(design, frozen, needed),
        arms=frozen.arms,
        waves=frozen.waves,
        looks=frozen.looks,
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """The smallest version and its baseline, and among how many versions the doubt is shared."""

    smallest: str
    baseline: str
    versions: int

    def people(self, frozen: Frozen) -> tuple[int, int]:
        return frozen.arms[self.smallest], frozen.arms[self.baseline]

    def level(self, design: Draft) -> float:
        return 1 - (1 - design.rule.confidence) / self.versions


def _compared_arms(design: Draft, frozen: Frozen) -> _Compared:
    baseline = str(design.rule.baseline)
    others = [key for key in frozen.arms if key not in {baseline, HOLDOUT}]
    if baseline not in frozen.arms or not others:
        raise NotEnoughData("a comparison needs people in two arms at least")
    smallest = min(others, key=lambda key: frozen.arms[key])
    return _Compared(smallest, baseline, len(others))


def _apart(design: Draft, frozen: Frozen, compared: _Compared) -> float | None:
    """The smallest difference that so many can show; of values, people's own decide."""
    if design.metric.row.is_value:
        return None
    level = compared.level(design)
    return smallest_rise(
        *compared.people(frozen),
        base_rate=_base_rate(design),
        confidence=level,
        power=POWER,
        times=_times(design.rule.method, frozen, confidence=level),
    )


def _needed_apart(design: Draft, frozen: Frozen, compared: _Compared) -> int | None:
    """People for the difference that is worth having."""
    level, worth = compared.level(design), float(design.rule.mde or 0)
    if _base_rate(design) + worth >= 1:
        return None
    of_each = compared.people(frozen)
    try:
        return people_for_rise(
            worth,
            (of_each[0] / frozen.people, of_each[1] / frozen.people),
            base_rate=_base_rate(design),
            confidence=level,
            power=POWER,
            times=_times(design.rule.method, frozen, confidence=level),
        )
    except NotEnoughData:
        return None


def _more_people(design: Draft, frozen: Frozen, needed: int | None) -> str:
    if needed is None or needed <= frozen.people:
        return ""
    step = 10 ** max(0, len(str(needed)) - 2)  # two digits: it is about as many
    return (
        f" To find {figures.set_points(float(design.rule.mde or 0))} in 4 experiments of 5 takes"
        f" about {figures.people(-(-needed // step) * step)}."
    )


def _base_rate(design: Draft) -> float:
    return design.rule.base_rate or _BASE_RATE


def _times(method: Method | None, frozen: Frozen, *, confidence: float) -> float:
    """How many times as far apart versions must lie as for one look."""
    if method is Method.SEQUENTIAL:
        shares = [look.people / frozen.looks[-1].people for look in frozen.looks]
    elif method is Method.ANYTIME:
        shares = [place / LOOKS_AT_ANY_TIME for place in range(1, LOOKS_AT_ANY_TIME + 1)]
    else:
        return 1.0
    asked = drift_of_looks(shares, confidence=confidence, power=POWER)
    return max(1.0, asked / fixed_drift(confidence=confidence, power=POWER))


def _compared(
    design: Draft, frozen: Frozen, smallest: str, baseline: str, seen: float | None
) -> str:
    sides = (
        f"With {figures.people(frozen.arms[smallest])} in “{smallest}” and"
        f" {figures.count(frozen.arms[baseline])} in"
        f" “{baseline}”"
    )
    if seen is None:
        return (
            f"{sides}, how small a difference can be told depends on how much values differ from"
            f" person to person; a call needs {LEAST_WITH_VALUE} people with a value in each."
        )
    assumed = "" if design.rule.base_rate else " (assumed: say the usual rate)"
    return (
        f"{sides}, if {figures.limit(_base_rate(design))} of the baseline {design.metric.words.do}"
        f"{assumed}, 4 experiments in 5 find a difference of {figures.aim_points(seen)}; worth"
        f" having: {figures.set_points(float(design.rule.mde or 0))} or more."
    )


def _impossible(design: Draft, people: int, error: NotEnoughData) -> Plan:
    rule = design.rule
    needed = None
    if rule.kind is RuleKind.THRESHOLD:
        needed = _needed(rule.limit, rule.confidence)
    return Plan(
        people=people,
        threshold=rule.threshold,
        confidence=rule.confidence,
        pass_count=None,
        pass_share=None,
        detectable=None,
        power=POWER,
        people_needed=needed,
        answer_by=None,
        sentence=f"Too few people: {error}.",
    )


def _needed(threshold: float, confidence: float) -> int | None:
    hoped = min(threshold * _HOPED, (1 + threshold) / 2)
    try:
        return people_needed(threshold, hoped, confidence=confidence, power=POWER)
    except NotEnoughData:
        return None

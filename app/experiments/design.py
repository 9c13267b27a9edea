"""What an audience can show, and when: said beside the form, in the checklist and by the API."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.experiments import drafts, eligibility
from app.experiments.eligibility import Judge
from app.experiments.models import Experiment
from app.experiments.schemas import Draft
from app.stats.checks import NotEnoughData
from app.stats.one_arm import pass_count
from app.stats.power import people_needed, smallest_detectable

POWER = 0.8  # "4 times in 5", the field's convention
_HOPED = 4 / 3  # a truth of a third above the threshold: worth knowing of, in most teams' eyes
_SENT_A_MINUTE = 1_000  # a guess for the day of the answer where no rate is set; any server does it
_DUST = 1e-9  # what floats leave behind


@dataclass(frozen=True, slots=True)
class Plan:
    """Rates are shares 0..1; where there are too few people, what can't be said is None."""

    people: int
    threshold: float
    confidence: float
    pass_count: int | None
    pass_share: float | None
    detectable: float | None  # the true rate that validates 4 times in 5
    power: float
    people_needed: int | None  # for a truth of a third above the threshold
    answer_by: datetime | None
    sentence: str


def plan_of(session: Session, experiment: Experiment, judge: Judge, *, now: datetime) -> Plan:
    """The plan of an experiment: as counted now while it is a draft, as settled once it started."""
    people = experiment.enrolled
    if people is None:
        people = eligibility.count(session, judge).eligible if judge.audience_id else 0
    return plan(
        drafts.design_of(experiment),
        people=people,
        start=experiment.started_at or experiment.scheduled_at or now,
        rate_per_minute=experiment.rate_per_minute,
    )


def plan(
    design: Draft, *, people: int, start: datetime, rate_per_minute: int | None = None
) -> Plan:
    """The pass count, what can be seen with 80 % power, and the day of the answer."""
    threshold, confidence = design.rule.threshold, design.rule.confidence
    needed = _needed(threshold, confidence)
    try:
        k = pass_count(people, threshold, confidence=confidence)
    except NotEnoughData as error:
        sentence = f"Too few people: {error}"
        return Plan(people, threshold, confidence, None, None, None, POWER, needed, None, sentence)
    seen = smallest_detectable(people, threshold, confidence=confidence, power=POWER)
    return Plan(
        people=people,
        threshold=threshold,
        confidence=confidence,
        pass_count=k,
        pass_share=k / people,
        detectable=seen,
        power=POWER,
        people_needed=needed,
        answer_by=closing(design, people=people, start=start, rate_per_minute=rate_per_minute),
        sentence=(
            f"With {people:,} people, {k:,} ({k / people:.1%}) must click before we can say it is"
            f" over {points(threshold)}; if the truth is {points(seen)}, that happens 4 times in 5."
        ).replace("%)", " %)"),
    )


def closing(
    design: Draft, *, people: int, start: datetime, rate_per_minute: int | None
) -> datetime:
    """When the last window closes, or counting stops by the stop date."""
    sending = timedelta(minutes=people / (rate_per_minute or _SENT_A_MINUTE))
    closes = start + sending + timedelta(hours=design.metric.hours)
    return closes if design.stop_at is None else min(closes, design.stop_at)


def points(share: float) -> str:
    """A share as people write it: 8 %, 10.5 %, 0.25 %."""
    percent = share * 100
    for digits in (0, 1):
        if abs(percent - round(percent, digits)) < _DUST:
            return f"{percent:.{digits}f} %"
    text = f"{percent:.1f}" if percent >= 1 else f"{percent:.2f}"
    return f"{text.removesuffix('.0')} %"


def _needed(threshold: float, confidence: float) -> int | None:
    hoped = min(threshold * _HOPED, (1 + threshold) / 2)
    try:
        return people_needed(threshold, hoped, confidence=confidence, power=POWER)
    except NotEnoughData:
        return None

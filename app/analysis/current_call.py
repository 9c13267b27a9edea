"""One look at the counters, and the call that follows from it by the rule locked at launch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from app.analysis import (
    comparison_call,
    gates,
    guardrails,
    planned_looks,
    threshold_call,
    threshold_looks,
)
from app.analysis.counts import ArmTotals
from app.analysis.gathered import Gathered, rule_of
from app.analysis.known_until import Known
from app.analysis.locked_rule import Rule
from app.analysis.look_course import Course, counts_at
from app.analysis.matured import Strata
from app.analysis.planned_looks import Held
from app.analysis.readout_types import Call, Guardrail, LookAt, State
from app.analysis.standings import standing_of
from app.analysis.threshold_call import Made, Standing
from app.experiments.models import Experiment
from app.experiments.plans import LOOKS_AT_ANY_TIME
from app.experiments.vocabulary import HOLDOUT, Method

_NOTHING = Made(
    Call(State.WAITING, False, "", (), None, None),
    (),
    (),
)


@dataclass(frozen=True, slots=True)
class Found:
    """One look at the counters, and the call that follows from it."""

    known: Known  # up to when
    rule: Rule
    totals: dict[str, ArmTotals]
    standing: Standing
    watched: tuple[Guardrail, ...]
    made: Made
    held: tuple[Held, ...] = ()
    arms: Mapping[str, Strata] = field(default_factory=dict)


def look(experiment: Experiment, gathered: Gathered, *, zone: tzinfo) -> Found:
    """What the rule says of what was counted."""
    rule, totals = rule_of(experiment), gathered.totals
    standing = standing_of(experiment, gathered)
    watched = guardrails.watch(experiment, totals)
    found = Found(gathered.known, rule, totals, standing, watched, _NOTHING)
    if rule.method == Method.CURTAILED:
        made = threshold_call.make(standing, rule, zone=zone)
    else:
        found = replace(found, held=gathered.held, arms=gathered.arms)
        made = made_of(experiment, found, zone=zone)
    breached = guardrails.breached(watched)
    if rule.method == Method.FIXED:
        made = gates.uncut(made, standing)
    allowed = gates.passed(made, experiment.design, totals, breached, over=standing.over)
    return replace(found, made=allowed)


def made_of(experiment: Experiment, found: Found, *, zone: tzinfo) -> Made:
    """What a rule says that is read more than once, or that compares."""
    rule, standing, held = found.rule, found.standing, found.held
    if rule.kind == "comparison":
        return comparison_call.make(
            dict(found.arms),
            rule,
            held=held,
            planned=(experiment.plan or {}).get("arms") or {},
            ended=standing.closed,
            answer_by=_next_answer(experiment, held, standing),
            zone=zone,
        )
    course = course_of(experiment, found.arms, held, rule, ended=standing.closed)
    read = threshold_looks.by_looks if rule.method == "sequential" else threshold_looks.at_any_time
    return read(course, rule, zone=zone)


def course_of(
    experiment: Experiment,
    arms: Mapping[str, Strata],
    held: Sequence[Held],
    rule: Rule,
    *,
    ended: bool,
) -> Course:
    """One arm on its way, for a rule that is read more than once."""
    ((key, strata),) = arms.items()
    coming = [planned for planned in all_looks(experiment, held, rule) if planned.held_at is None]
    return Course(
        key=key,
        planned=experiment.enrolled or 0,
        strata=strata,
        held=held,
        coming=() if ended else coming,
        ended=ended,
    )


def all_looks(experiment: Experiment, held: Sequence[Held], rule: Rule) -> Iterator[LookAt]:
    """Every planned look: as it was held, or as it is to come."""
    if rule.method == "anytime" and rule.kind == "threshold":
        held = ()  # it has no looks of its own; what was held is the yes
    yield from (_as_held(one, rule) for one in held)
    if held and held[-1].last:
        return
    for planned in (experiment.plan or {}).get("looks") or []:
        number = LOOKS_AT_ANY_TIME if rule.looks_by_people else planned["number"]
        if not held or number > held[-1].number:
            due_at = datetime.fromisoformat(planned["due_at"])
            needed = planned.get("pass_count")
            yield LookAt(number, due_at, None, planned["people"], None, needed)


def _as_held(held: Held, rule: Rule) -> LookAt:
    arms = [key for key in held.arms if key != HOLDOUT]
    hits = sum(counts_at(held, key)[1] for key in arms)
    needed = held.needed(arms[0]) if rule.kind == "threshold" else None
    return LookAt(held.number, held.due_at, held.at, planned_looks.people(held.arms), hits, needed)


def _next_answer(
    experiment: Experiment, held: Sequence[Held], standing: Standing
) -> datetime | None:
    coming = [
        planned
        for planned in all_looks(experiment, held, rule_of(experiment))
        if not planned.held_at
    ]
    if standing.over or not coming:
        return standing.answer_by
    return coming[0].due_at

"""Counts → estimates → a sentence: what came of an experiment, as it stands now."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, tzinfo

from sqlmodel import Session

from app.analysis import (
    counts,
    evidence,
    guardrail_sentences,
    health,
    hours,
    movements,
    novelty,
    segments,
    sentences,
    store,
    timelines,
    value_moments,
    versus,
    waiting,
)
from app.analysis.counts import ArmTotals
from app.analysis.current_call import Found, all_looks, look
from app.analysis.gathered import Gathered
from app.analysis.gathered import gather as gathered_of
from app.analysis.locked_rule import Rule
from app.analysis.matured import Strata
from app.analysis.models import Kind, Snapshot
from app.analysis.readout_json import of_json
from app.analysis.readout_types import (
    ArmCounts,
    Call,
    Readout,
    Segment,
    State,
    Timeline,
    UnknownRange,
)
from app.analysis.unknowns import range_with_unknown
from app.experiments import key_result_rules
from app.experiments.metrics import Source
from app.experiments.models import Experiment
from app.experiments.vocabulary import HOLDOUT
from app.okr.list_rows import Aim
from app.platform import figures


def readout_of(
    session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC
) -> Readout:
    """The readout that pages, API and export share. `zone` is the reader's: sentences name days.

    Once the call is final or somebody decided, its numbers are those that were frozen then.
    """
    frozen = store.frozen_of(session, experiment.id)
    return beside(session, experiment, frozen, now=now, zone=zone)


def beside(
    session: Session,
    experiment: Experiment,
    frozen: Snapshot | None,
    *,
    now: datetime,
    zone: tzinfo = UTC,
    aims: Mapping[str, Aim] | None = None,
) -> Readout:
    """The same where it is known what was frozen; `aims`, too: the key results it should move."""
    if frozen is None:
        return counted(session, experiment, now=now, zone=zone, aims=aims)
    return _as_frozen(session, experiment, frozen, now=now, zone=zone, aims=aims)


def counted(
    session: Session,
    experiment: Experiment,
    *,
    now: datetime,
    zone: tzinfo = UTC,
    aims: Mapping[str, Aim] | None = None,
) -> Readout:
    """The readout as it is counted now, whatever was frozen before."""
    gathered = gathered_of(session, experiment, now=now)
    known, found = gathered.known, look(experiment, gathered, zone=zone)
    unknown = range_with_unknown(experiment, found, zone=zone)
    made, rule = found.made, found.rule
    aims = movements.linked(session, experiment) if aims is None else aims
    course = hours.course_of(session, experiment.id)
    arms = arms_of(experiment, found)
    return Readout(
        experiment_id=experiment.id,
        status=experiment.status,
        rehearsal=experiment.rehearsal,
        as_of=now,
        rule_version=experiment.rule_version or "",
        arms=arms,
        estimates=made.estimates,
        comparisons=made.comparisons,
        health=health.health_of(session, experiment, found, unknown, zone=zone),
        guardrails=found.watched,
        call=call_of(found, unknown, zone),
        key_results=evidence.evidence_of(
            key_result_rules.bearing(experiment),
            made.estimates,
            made.comparisons,
            movements.realised(session, experiment, aims),
            units=_units(aims),
        ),
        headline=sentences.headline(arms, rule),
        rule=rule,
        range_with_unknown=unknown,
        why_not_yet=waiting.why_not_yet(made, known, zone)
        if made.call.state is State.WAITING
        else (),
        funnel=_funnel(arms, rule),
        links=counts.links(session, experiment.id),
        series=hours.series(course.points),
        looks=tuple(all_looks(experiment, found.held, rule)),
        days=hours.days({key: course.days[key] for key in course.days if key != HOLDOUT}),
        segments=_segments(experiment, rule, gathered.arms),
        timelines=_timelines(experiment, found, course.points),
        novelty=_novelty(session, experiment, found),
    )


def _timelines(
    experiment: Experiment, found: Found, by_arm: Mapping[str, Sequence[hours.Point]]
) -> tuple[Timeline, ...]:
    if found.rule.kind == "threshold" or found.rule.method == "fixed":
        return timelines.timelines_of(by_arm, found.rule)
    planned = (experiment.plan or {}).get("arms") or {}
    keys = versus.others(found.arms, found.rule)
    return timelines.of_looks(found.held, found.rule, planned, keys)


def _novelty(session: Session, experiment: Experiment, found: Found) -> str:
    """Said once, when all windows have closed; then it is frozen with the rest."""
    if not found.standing.closed or not novelty.is_told(found.rule):
        return ""
    if found.rule.counts.is_value:
        if any(row.difference is None for row in found.made.comparisons):
            return ""  # values too few or too uneven for a call are so for their trend
        event = experiment.design["metric"]["event"]
        moments = value_moments.value_moments_of(session, experiment.id, event, found.totals)
        return novelty.value_sentence(moments, found.totals, found.rule)
    hits = novelty.hours_of(session, experiment.id)
    return novelty.sentence(hits, found.totals, found.rule)


def call_now(experiment: Experiment, gathered: Gathered, *, zone: tzinfo = UTC) -> Call:
    """The call as it is counted now, whatever was frozen before."""
    call = look(experiment, gathered, zone=zone).made.call
    return waiting.told(call, gathered.known, zone)


def _segments(
    experiment: Experiment, rule: Rule, matured: Mapping[str, Strata]
) -> tuple[Segment, ...]:
    columns = experiment.design.get("segments") or []
    return segments.segments_of(columns, dict(matured), rule) if columns else ()


def _as_frozen(
    session: Session,
    experiment: Experiment,
    frozen: Snapshot,
    *,
    now: datetime,
    zone: tzinfo,
    aims: Mapping[str, Aim] | None,
) -> Readout:
    """What was frozen, with what became known since beside it: would it now be another call?"""
    kept = of_json(frozen.body)
    gathered = gathered_of(session, experiment, now=now)
    found = look(experiment, gathered, zone=zone)
    unknown = range_with_unknown(experiment, found, zone=zone)
    fresh = health.health_of(session, experiment, found, unknown, zone=zone)
    aims = movements.linked(session, experiment) if aims is None else aims
    return replace(
        kept,
        status=experiment.status,
        rehearsal=experiment.rehearsal,
        health=replace(
            fresh,  # what was lost or is silent may become known later
            sample_ratio=kept.health.sample_ratio,
            machine_share=kept.health.machine_share,
        ),
        call=kept_call(kept, frozen, found, zone),
        key_results=evidence.evidence_of(
            key_result_rules.bearing(experiment),
            kept.estimates,
            kept.comparisons,
            movements.realised(session, experiment, aims),
            units=_units(aims),
        ),
    )


def _units(aims: Mapping[str, Aim]) -> dict[str, str]:
    return {key: aim.row.unit for key, aim in aims.items()}


def call_of(found: Found, unknown: UnknownRange | None, zone: tzinfo) -> Call:
    """The call as it is counted now, with what else is known."""
    made = found.made.call
    call = replace(made, because=(*made.because, *_more_facts(found, unknown)))
    return waiting.told(call, found.known, zone)


def kept_call(kept: Readout, frozen: Snapshot, found: Found, zone: tzinfo) -> Call:
    """The call that was frozen, with what it would be now where that is another one.

    A fresh one whose time has come and that has no answer waits for clicks: they may change
    nothing.
    """
    call = replace(kept.call, final=frozen.kind == Kind.FINAL)
    fresh = waiting.told(found.made.call, found.known, zone)
    return _beside(call, fresh, now=found.known.now)


def _beside(kept: Call, fresh: Call, *, now: datetime) -> Call:
    is_due = fresh.answer_by is not None and fresh.answer_by <= now
    if fresh.state is kept.state or (fresh.state is State.WAITING and is_due):
        return kept
    said = f"Counted again now, it would be different. {fresh.sentence}"
    return replace(kept, would_now_be=fresh.state, because=(*kept.because, said))


def arms_of(experiment: Experiment, found: Found) -> tuple[ArmCounts, ...]:
    """Every arm, the group that got nothing included."""
    over = found.standing.over
    return tuple(_arm(experiment, total, over=over) for total in found.totals.values())


def _arm(experiment: Experiment, total: ArmTotals, *, over: bool) -> ArmCounts:
    names = {field.name for field in fields(ArmCounts)} - {"enrolled", "open"}
    of_arm = ((experiment.plan or {}).get("arms") or {}).get(total.key, experiment.enrolled or 0)
    may = total.released if over else max(of_arm, total.released)
    return ArmCounts(
        enrolled=of_arm,
        open=max(0, may - total.did - total.spent),
        **{name: getattr(total, name) for name in names},
    )


def _more_facts(found: Found, unknown: UnknownRange | None) -> tuple[str, ...]:
    several = len(found.totals.keys() - {HOLDOUT}) > 1
    facts = [
        guardrail_sentences.of_watched(guardrail, of_arm=guardrail.arm if several else "")
        for guardrail in found.watched
        if guardrail.people
    ]
    unsure = found.standing.arm.maybe_did
    if unknown and unsure:
        facts.append(
            f"{figures.count(unsure)} more {found.rule.words.did} and may be people or machines;"
            " with"
            f" all of them it is {figures.share(unknown.high_rate)}, and the result"
            f" {'stays the same' if unknown.survives else 'would be different'}."
        )
    return tuple(facts)


_WAY: tuple[tuple[str, str, Source | None], ...] = (
    ("Enrolled", "enrolled", None),
    ("Mailed", "released", None),
    ("Delivered", "delivered", None),
    ("Opened, a person", "human_openers", Source.OPEN),
    ("Clicked, a person", "human_clickers", Source.CLICK),
)


def _funnel(arms: tuple[ArmCounts, ...], rule: Rule) -> tuple[tuple[str, int], ...]:
    """From the list to what the metric counts, which ends it under its own name."""
    mailed = [arm for arm in arms if arm.key != HOLDOUT]  # the others get nothing
    steps = {label: name for label, name, source in _WAY if rule.counts.comes_after(source)}
    told = {label: sum(getattr(arm, name) for arm in mailed) for label, name in steps.items()}
    did = sum(arm.did for arm in mailed)
    if rule.link or not rule.counts.is_judged or did != list(told.values())[-1]:
        told[_own_step(rule)] = did
    return tuple(told.items())


def _own_step(rule: Rule) -> str:
    """`Converted`, `Clicked “policies”`, or `Clicked the first link` where there are several."""
    is_first = rule.counts.source is Source.CLICK and not rule.link
    did = f"{rule.words.did} the first link" if is_first else rule.words.did
    return did[:1].upper() + did[1:]

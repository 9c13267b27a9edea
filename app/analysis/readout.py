"""Counts → estimates → a sentence: what came of an experiment, as it stands now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, tzinfo

from sqlmodel import Session

from app.analysis import (
    counts,
    evidence,
    hours,
    movements,
    novelty,
    segments,
    sentences,
    splits,
    store,
    timelines,
    value_moments,
    versus,
    waiting,
)
from app.analysis.counts import ArmTotals
from app.analysis.gathered import Gathered
from app.analysis.gathered import of as gathered_of
from app.analysis.looking import Found, look, plan_and_looks
from app.analysis.matured import Strata
from app.analysis.models import Kind, Snapshot
from app.analysis.shapes import (
    ArmCounts,
    Call,
    Health,
    Readout,
    Rule,
    Segment,
    State,
    Timeline,
    UnknownRange,
    of_json,
)
from app.analysis.unknowns import range_with_unknown
from app.experiments.metrics import Source
from app.experiments.models import Experiment
from app.experiments.terms import HOLDOUT
from app.platform import figures
from app.tracking import store as tracking


def of(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC) -> Readout:
    """The readout that pages, API and export share. `zone` is the reader's: sentences name days.

    Once the call is final or somebody decided, its numbers are those that were frozen then.
    """
    frozen = store.frozen_of(session, experiment.id)
    if frozen is None:
        return counted(session, experiment, now=now, zone=zone)
    return _as_frozen(session, experiment, frozen, now=now, zone=zone)


def counted(
    session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC
) -> Readout:
    """The readout as it is counted now, whatever was frozen before."""
    gathered = gathered_of(session, experiment, now=now)
    known, found = gathered.known, look(experiment, gathered, zone=zone)
    unknown = range_with_unknown(experiment, found, zone=zone)
    made, rule = found.made, found.rule
    call = replace(made.call, because=(*made.call.because, *_more_facts(found, unknown)))
    key_results = movements.linked(session, experiment)
    by_day = hours.days_by_arm(session, experiment.id)
    by_arm = hours.series_by_arm(session, experiment.id)
    arms = tuple(
        _arm(experiment, total, over=found.standing.over) for total in found.totals.values()
    )
    return Readout(
        experiment_id=experiment.id,
        status=experiment.status,
        as_of=now,
        rule_version=experiment.rule_version or "",
        arms=arms,
        estimates=made.estimates,
        comparisons=made.comparisons,
        health=_health(session, experiment, found, unknown, zone=zone),
        guardrails=found.watched,
        call=waiting.told(call, known, zone),
        key_results=evidence.of(
            experiment.design,
            made.estimates,
            made.comparisons,
            movements.realised(session, experiment, key_results),
            units={row.id: row.unit for row in key_results},
        ),
        headline=sentences.headline(arms, rule),
        rule=rule,
        range_with_unknown=unknown,
        why_not_yet=waiting.why_not_yet(made, known, zone)
        if made.call.state is State.WAITING
        else (),
        funnel=_funnel(arms, rule),
        links=counts.links(session, experiment.id),
        series=hours.series(by_arm),
        looks=tuple(plan_and_looks(experiment, found.held, rule)),
        days=hours.days(by_day),
        segments=_segments(experiment, rule, gathered.arms),
        timelines=_timelines(experiment, found, by_arm),
        novelty=_novelty(session, experiment, found),
    )


def _timelines(
    experiment: Experiment, found: Found, by_arm: Mapping[str, Sequence[hours.Point]]
) -> tuple[Timeline, ...]:
    if found.rule.kind == "threshold" or found.rule.method == "fixed":
        return timelines.of(by_arm, found.rule)
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
        moments = value_moments.of(session, experiment.id, event, found.totals)
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
    return segments.of(columns, dict(matured), rule) if columns else ()


def _as_frozen(
    session: Session, experiment: Experiment, frozen: Snapshot, *, now: datetime, zone: tzinfo
) -> Readout:
    """What was frozen, with what became known since beside it: would it now be another call?"""
    kept = of_json(frozen.body)
    gathered = gathered_of(session, experiment, now=now)
    found = look(experiment, gathered, zone=zone)
    unknown = range_with_unknown(experiment, found, zone=zone)
    health = _health(session, experiment, found, unknown, zone=zone)
    key_results = movements.linked(session, experiment)
    return replace(
        kept,
        status=experiment.status,
        health=replace(
            health,  # what was lost or is silent may become known later
            sample_ratio=kept.health.sample_ratio,
            machine_share=kept.health.machine_share,
        ),
        call=_beside(
            replace(kept.call, final=frozen.kind == Kind.FINAL),
            waiting.told(found.made.call, gathered.known, zone),
            now=now,
        ),
        key_results=evidence.of(
            experiment.design,
            kept.estimates,
            kept.comparisons,
            movements.realised(session, experiment, key_results),
            units={row.id: row.unit for row in key_results},
        ),
    )


def _beside(kept: Call, fresh: Call, *, now: datetime) -> Call:
    """The call that was frozen, with what it would be now where that is another one.

    A fresh one whose time has come and that has no answer waits for clicks: they may change
    nothing.
    """
    is_due = fresh.answer_by is not None and fresh.answer_by <= now
    if fresh.state is kept.state or (fresh.state is State.WAITING and is_due):
        return kept
    said = f"Counted again now, it would be different. {fresh.sentence}"
    return replace(kept, would_now_be=fresh.state, because=(*kept.because, said))


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
    facts = [
        f"{guardrail.metric.replace('_', ' ').capitalize()}: {sentences.of_guardrail(guardrail)}"
        f" ({sentences.PROVEN[guardrail.state]})."
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


def _health(
    session: Session,
    experiment: Experiment,
    found: Found,
    unknown: UnknownRange | None,
    *,
    zone: tzinfo,
) -> Health:
    known, arms = found.known, found.totals.values()
    ends_at = found.standing.answer_by or known.now
    counted = tracking.only_counted(session, experiment.id)
    lost = waiting.lost_of(session, experiment, until=min(ends_at, known.now))
    late = () if known.covers(ends_at) else waiting.for_whom(known, zone)
    ratio = splits.check(experiment.design, found.totals, over=found.standing.over)
    machines = sum(arm.machine_clickers for arm in arms)
    everybody = machines + sum(arm.human_clickers + arm.unknown_clickers for arm in arms)
    return Health(
        sample_ratio=ratio,
        machine_share=machines / everybody if everybody else 0.0,
        warnings=(
            *late,
            *([] if ratio.ok else [sentences.raised(splits.WRONG)]),
            *_warnings(arms, unknown),
            *waiting.of_counted(counted),
            *waiting.of_lost(session, lost, zone),
        ),
        ingested_until=known.ingested_until,
        lag_seconds=known.lag_seconds,
        counted_only=counted,
        lost_clicks=sum(one.hits or 0 for one in lost),
    )


def _warnings(arms: Collection[ArmTotals], unknown: UnknownRange | None) -> list[str]:
    warnings = []
    if uncertain := sum(arm.uncertain for arm in arms):
        mails = figures.plural(uncertain, "mail")
        each = "It counts" if uncertain == 1 else "Each counts"
        warnings.append(f"{mails} may or may not have left: the connection broke. {each}.")
    if lost := sum(arm.failed + arm.bounced for arm in arms):
        whose = "its person counts" if lost == 1 else "their people count"
        warnings.append(f"{figures.plural(lost, 'mail')} did not arrive; {whose} all the same.")
    if untracked := sum(arm.untracked for arm in arms):
        whom = figures.plural(untracked, "person", "people")
        warnings.append(
            f"{whom} refused to be tracked after the start: counted among everybody mailed, with"
            " clicks that count for nobody."
        )
    if unknown and not unknown.survives:
        warnings.append("The result depends on people who may be machines.")
    return warnings


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
    if rule.link or rule.counts.is_reported or did != list(told.values())[-1]:
        told[_own_step(rule)] = did
    return tuple(told.items())


def _own_step(rule: Rule) -> str:
    """`Converted`, `Clicked “policies”`, or `Clicked the first link` where there are several."""
    is_first = rule.counts.source is Source.CLICK and not rule.link
    did = f"{rule.words.did} the first link" if is_first else rule.words.did
    return did[:1].upper() + did[1:]

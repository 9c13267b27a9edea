"""Counts → estimates → a sentence: what came of an experiment, as it stands now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlmodel import Session

from app.analysis import (
    counts,
    evidence,
    hours,
    looks,
    movements,
    novelty,
    segments,
    sentences,
    splits,
    store,
    timelines,
    versus,
    waiting,
)
from app.analysis.counts import ArmTotals
from app.analysis.known import Known
from app.analysis.known import of as known_of
from app.analysis.looking import Found, look, plan_and_looks
from app.analysis.models import Kind, Snapshot
from app.analysis.shapes import (
    ArmCounts,
    Call,
    Comparison,
    Estimate,
    Health,
    Readout,
    Rule,
    Segment,
    State,
    Timeline,
    UnknownRange,
)
from app.analysis.unknowns import range_with_unknown
from app.experiments.models import Experiment
from app.experiments.terms import HOLDOUT


def of(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC) -> Readout:
    """The readout that pages, API and export share. `zone` is the reader's: sentences name days."""
    known = known_of(session, experiment, now=now)
    found = look(session, experiment, known=known, zone=zone)
    unknown = range_with_unknown(experiment, found, zone=zone)
    call, estimates, comparisons = _as_stored(
        session, experiment, found, _more_facts(found, unknown), zone=zone
    )
    by_day = hours.days_by_arm(session, experiment.id)
    by_arm = hours.series_by_arm(session, experiment.id)
    arms = tuple(_arm(experiment, total) for total in found.totals.values())
    return Readout(
        experiment_id=experiment.id,
        status=experiment.status,
        as_of=now,
        rule_version=experiment.rule_version or "",
        arms=arms,
        estimates=estimates,
        comparisons=comparisons,
        health=_health(session, experiment, found, unknown, zone=zone),
        guardrails=found.watched,
        call=call,
        key_results=evidence.of(
            experiment.design, estimates, comparisons, movements.realised(session, experiment)
        ),
        headline=sentences.headline(arms),
        rule=found.rule,
        range_with_unknown=unknown,
        why_not_yet=waiting.why_not_yet(found.made, known, zone)
        if call.state is State.WAITING
        else (),
        funnel=_funnel(arms),
        links=counts.links(session, experiment.id),
        series=hours.series(by_arm),
        looks=tuple(plan_and_looks(experiment, found.held, found.rule)),
        days=hours.days(by_day),
        segments=_segments(session, experiment, found.rule, known=known),
        timelines=_timelines(experiment, found, by_arm),
        novelty=novelty.sentence(by_day, found.totals, found.rule),
    )


def _timelines(
    experiment: Experiment, found: Found, by_arm: Mapping[str, Sequence[hours.Point]]
) -> tuple[Timeline, ...]:
    if found.rule.kind == "threshold" or found.rule.method == "fixed":
        return timelines.of(by_arm, found.rule)
    planned = (experiment.plan or {}).get("arms") or {}
    keys = versus.others(found.arms, found.rule)
    return timelines.of_looks(found.held, found.rule, planned, keys)


def call_of(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC) -> Call:
    """The call alone, for lists: without links and the course over time."""
    known = known_of(session, experiment, now=now)
    found = look(session, experiment, known=known, zone=zone)
    return _as_stored(session, experiment, found, (), zone=zone)[0]


def _segments(
    session: Session, experiment: Experiment, rule: Rule, *, known: Known
) -> tuple[Segment, ...]:
    columns = experiment.design.get("segments") or []
    if not columns:
        return ()
    return segments.of(columns, looks.matured_now(session, experiment, known=known), rule)


def _as_stored(
    session: Session,
    experiment: Experiment,
    found: Found,
    more: tuple[str, ...],
    *,
    zone: tzinfo,
) -> tuple[Call, tuple[Estimate, ...], tuple[Comparison, ...]]:
    """The final call as it was stored, if it was: nothing that comes later alters it."""
    fresh = replace(found.made.call, because=(*found.made.call.because, *more))
    fresh = waiting.told(fresh, found.known, zone)
    final = store.snapshot_of(session, experiment.id, Kind.FINAL)
    if final is None:
        return fresh, found.made.estimates, found.made.comparisons
    call = _stored_call(final)
    if fresh.state is not call.state:
        call = replace(
            call,
            would_now_be=fresh.state,
            because=(*call.because, f"Counted again now, it would be different. {fresh.sentence}"),
        )
    estimates = tuple(_as_known(Estimate, row) for row in final.body["estimates"])
    return call, estimates, tuple(_compared(row) for row in final.body["comparisons"])


def _compared(stored: dict[str, Any]) -> Comparison:
    row: Comparison = _as_known(Comparison, stored)
    return replace(row, state=State(row.state))


def _stored_call(snapshot: Snapshot) -> Call:
    call: Call = _as_known(Call, snapshot.body["call"])
    return replace(
        call,
        state=State(call.state),
        because=tuple(call.because),
        answer_by=datetime.fromisoformat(str(call.answer_by)) if call.answer_by else None,
        final=True,
    )


def _as_known(shape: Any, stored: dict[str, Any]) -> Any:
    """A stored shape; what another version of this code stored beside it is passed over."""
    names = {field.name for field in fields(shape)}
    return shape(**{name: value for name, value in stored.items() if name in names})


def _arm(experiment: Experiment, total: ArmTotals) -> ArmCounts:
    names = {field.name for field in fields(ArmCounts)} - {"enrolled"}
    of_arm = ((experiment.plan or {}).get("arms") or {}).get(total.key, experiment.enrolled or 0)
    return ArmCounts(enrolled=of_arm, **{name: getattr(total, name) for name in names})


def _more_facts(found: Found, unknown: UnknownRange | None) -> tuple[str, ...]:
    facts = [
        f"{guardrail.metric.replace('_', ' ').capitalize()}: {sentences.of_guardrail(guardrail)}"
        f" ({guardrail.state})."
        for guardrail in found.watched
        if guardrail.people
    ]
    unsure = found.standing.arm.unknown_clickers
    if unknown and unsure:
        facts.append(
            f"{unsure:,} more clicked and may be people or machines; with"
            f" all of them it is {sentences.share(unknown.high_rate)}, and the result"
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
    lost = waiting.lost_of(session, experiment, until=min(ends_at, known.now))
    late = () if known.covers(ends_at) else waiting.for_whom(known, zone)
    ratio = splits.check(experiment.design, found.totals)
    machines = sum(arm.machine_clickers for arm in arms)
    everybody = machines + sum(arm.human_clickers + arm.unknown_clickers for arm in arms)
    return Health(
        sample_ratio=ratio,
        machine_share=machines / everybody if everybody else 0.0,
        warnings=(
            *late,
            *([] if ratio.ok else [splits.WRONG]),
            *_warnings(arms, unknown),
            *waiting.of_lost(session, lost, zone),
        ),
        ingested_until=known.ingested_until,
        lost_clicks=sum(one.hits or 0 for one in lost),
    )


def _warnings(arms: Collection[ArmTotals], unknown: UnknownRange | None) -> list[str]:
    warnings = []
    if uncertain := sum(arm.uncertain for arm in arms):
        warnings.append(
            f"{uncertain:,} mails may or may not have left: the connection broke. Each counts."
        )
    if lost := sum(arm.failed + arm.bounced for arm in arms):
        warnings.append(f"{lost:,} mails did not arrive; their people count all the same.")
    if unknown and not unknown.survives:
        warnings.append("The result depends on clicks that may be people or machines.")
    return warnings


def _funnel(arms: tuple[ArmCounts, ...]) -> tuple[tuple[str, int], ...]:
    steps = (
        ("Enrolled", "enrolled"),
        ("Mailed", "released"),
        ("Delivered", "delivered"),
        ("Opened, a person", "human_openers"),
        ("Clicked, a person", "human_clickers"),
    )
    mailed = [arm for arm in arms if arm.key != HOLDOUT]  # the others get nothing
    return tuple((label, sum(getattr(arm, name) for arm in mailed)) for label, name in steps)

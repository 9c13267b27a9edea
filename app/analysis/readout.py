"""Counts → estimates → a sentence: what came of an experiment, as it stands now."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlmodel import Session

from app.analysis import calls, counts, evidence, guardrails, movements, sentences, store
from app.analysis.calls import Made, Standing
from app.analysis.counts import ArmTotals
from app.analysis.models import Kind, Snapshot
from app.analysis.shapes import (
    ArmCounts,
    Call,
    Estimate,
    Guardrail,
    Health,
    Readout,
    Rule,
    SampleRatio,
    State,
    UnknownRange,
)
from app.experiments.models import Experiment, Status

_RELEASES_NOBODY = (Status.MEASURING, Status.DECIDED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class _Found:
    """One look at the counters, and the call that follows from it."""

    rule: Rule
    totals: dict[str, ArmTotals]
    standing: Standing
    watched: tuple[Guardrail, ...]
    made: Made


def of(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC) -> Readout:
    """The readout that pages, API and export share. `zone` is the reader's: sentences name days."""
    found = _look(session, experiment, now=now, zone=zone)
    unknown = _range_with_unknown(found.standing, found.rule)
    call, estimates = _as_stored(session, experiment, found, _more_facts(found, unknown))
    arms = tuple(_arm(experiment, total) for total in found.totals.values())
    return Readout(
        experiment_id=experiment.id,
        status=experiment.status,
        as_of=now,
        rule_version=experiment.rule_version or "",
        arms=arms,
        estimates=estimates,
        comparisons=(),
        health=_health(arms, unknown),
        guardrails=found.watched,
        call=call,
        key_results=evidence.of(
            experiment.design, estimates, (), movements.realised(session, experiment)
        ),
        headline=" ".join(sentences.headline(arm) for arm in arms[:1]),
        rule=found.rule,
        range_with_unknown=unknown,
        why_not_yet=found.made.missing if call.state is State.WAITING else (),
        funnel=_funnel(arms),
        links=counts.links(session, experiment.id),
        series=counts.series(session, experiment.id),
    )


def call_of(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC) -> Call:
    """The call alone, for lists: without links and the course over time."""
    return _as_stored(session, experiment, _look(session, experiment, now=now, zone=zone), ())[0]


def has_closed(session: Session, experiment: Experiment, *, now: datetime) -> bool:
    """Every window has closed and the last clicks have settled: the call can be final."""
    return standing_of(experiment, totals_of(session, experiment, now=now), now=now).closed


def rule_of(experiment: Experiment) -> Rule:
    """The rule as it was locked at launch."""
    rule, metric = experiment.design["rule"], experiment.design["metric"]
    return Rule(
        kind=rule["kind"],
        threshold=rule["threshold"],
        confidence=rule.get("confidence", 0.95),
        method=rule.get("method", "curtailed"),
        window_hours=metric.get("window_hours") or 72,
    )


def totals_of(session: Session, experiment: Experiment, *, now: datetime) -> dict[str, ArmTotals]:
    """What every arm has come to, arms without released people included, in the design's order."""
    found = counts.totals(
        session,
        experiment.id,
        window=timedelta(hours=rule_of(experiment).window_hours),
        stop_at=_stop_at(experiment),
        now=now,
    )
    keys = [arm["key"] for arm in experiment.design["arms"]]
    return {key: found.get(key, ArmTotals(key)) for key in keys}


def standing_of(experiment: Experiment, totals: dict[str, ArmTotals], *, now: datetime) -> Standing:
    """Where a one-arm experiment stands between launch and its last window."""
    (total,) = totals.values()
    planned = experiment.enrolled or 0
    over = experiment.status in _RELEASES_NOBODY or bool(planned and total.released >= planned)
    ends_at = _ends_at(experiment, total, now=now, over=over)
    return Standing(
        arm=total,
        planned=planned,
        pass_count=experiment.pass_count,
        over=over,
        ended=experiment.status in (Status.DECIDED, Status.CANCELLED),
        closed=over and total.released > 0 and ends_at is not None and ends_at <= now,
        answer_by=ends_at,
    )


def _ends_at(
    experiment: Experiment, total: ArmTotals, *, now: datetime, over: bool
) -> datetime | None:
    """When the last window has closed and its clicks have settled."""
    if not experiment.started_at:
        return None
    window = timedelta(hours=rule_of(experiment).window_hours)
    last = total.last_release if over else now + _still_to_send(experiment, total)
    if last is None:
        return None
    stop_at = _stop_at(experiment)
    closes = min(last + window, stop_at) if stop_at else last + window
    return closes + counts.SETTLES_AFTER


def _still_to_send(experiment: Experiment, total: ArmTotals) -> timedelta:
    left = (experiment.enrolled or 0) - total.released
    rate = experiment.rate_per_minute
    return timedelta(minutes=left / rate) if rate else timedelta(0)


def _stop_at(experiment: Experiment) -> datetime | None:
    written = experiment.design.get("stop_at")
    return datetime.fromisoformat(written) if written else None


def _look(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo) -> _Found:
    rule = rule_of(experiment)
    totals = totals_of(session, experiment, now=now)
    standing = standing_of(experiment, totals, now=now)
    watched = guardrails.watch(experiment.design, totals)
    made = calls.make(standing, rule, breached=guardrails.breached(watched), zone=zone)
    return _Found(rule, totals, standing, watched, made)


def _as_stored(
    session: Session, experiment: Experiment, found: _Found, more: tuple[str, ...]
) -> tuple[Call, tuple[Estimate, ...]]:
    """The final call as it was stored, if it was: nothing that comes later alters it."""
    fresh = replace(found.made.call, because=(*found.made.call.because, *more))
    final = store.snapshot_of(session, experiment.id, Kind.FINAL)
    if final is None:
        return fresh, (found.made.estimate,)
    call = _stored_call(final)
    if fresh.state is not call.state:
        call = replace(
            call,
            would_now_be=fresh.state,
            because=(*call.because, f"Counted again now, it would be different. {fresh.sentence}"),
        )
    return call, tuple(_known(Estimate, row) for row in final.body["estimates"])


def _stored_call(snapshot: Snapshot) -> Call:
    call: Call = _known(Call, snapshot.body["call"])
    return replace(
        call,
        state=State(call.state),
        because=tuple(call.because),
        answer_by=datetime.fromisoformat(str(call.answer_by)) if call.answer_by else None,
        final=True,
    )


def _known(shape: Any, stored: dict[str, Any]) -> Any:
    """A stored shape; what another version of this code stored beside it is passed over."""
    names = {field.name for field in fields(shape)}
    return shape(**{name: value for name, value in stored.items() if name in names})


def _arm(experiment: Experiment, total: ArmTotals) -> ArmCounts:
    names = {field.name for field in fields(ArmCounts)} - {"enrolled"}
    return ArmCounts(
        enrolled=experiment.enrolled or 0, **{name: getattr(total, name) for name in names}
    )


def _range_with_unknown(standing: Standing, rule: Rule) -> UnknownRange | None:
    """The rate with people of unknown kind all out and all in, and whether the call survives it."""
    released, human = standing.arm.released, standing.arm.human_clickers
    if not released:
        return None
    unknown = standing.arm.unknown_clickers
    counted = calls.make(standing.with_unknown(), rule, breached=()).call.state
    alone = calls.make(standing, rule, breached=()).call.state
    return UnknownRange(
        low_rate=human / released,
        high_rate=(human + unknown) / released,
        survives=counted is alone,
    )


def _more_facts(found: _Found, unknown: UnknownRange | None) -> tuple[str, ...]:
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


def _health(arms: tuple[ArmCounts, ...], unknown: UnknownRange | None) -> Health:
    machines = sum(arm.machine_clickers for arm in arms)
    everybody = machines + sum(arm.human_clickers + arm.unknown_clickers for arm in arms)
    return Health(
        sample_ratio=SampleRatio(p_value=None, ok=True),
        machine_share=machines / everybody if everybody else 0.0,
        warnings=tuple(_warnings(arms, unknown)),
    )


def _warnings(arms: tuple[ArmCounts, ...], unknown: UnknownRange | None) -> list[str]:
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
    return tuple((label, sum(getattr(arm, name) for arm in arms)) for label, name in steps)

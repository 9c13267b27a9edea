"""Counts → estimates → a sentence: what came of an experiment, as it stands now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlmodel import Session

from app.analysis import (
    calls,
    compared,
    counts,
    evidence,
    guardrails,
    looks,
    movements,
    repeated,
    sentences,
    splits,
    store,
)
from app.analysis.calls import Made, Standing
from app.analysis.counts import ArmTotals, together
from app.analysis.looks import Held
from app.analysis.matured import Strata
from app.analysis.models import Kind, Snapshot
from app.analysis.repeated import Course
from app.analysis.shapes import (
    ArmCounts,
    Call,
    Comparison,
    Estimate,
    Guardrail,
    Health,
    LookAt,
    Readout,
    Rule,
    State,
    UnknownRange,
)
from app.experiments.models import Experiment, Status
from app.experiments.terms import HOLDOUT

_RELEASES_NOBODY = (Status.MEASURING, Status.DECIDED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class _Found:
    """One look at the counters, and the call that follows from it."""

    rule: Rule
    totals: dict[str, ArmTotals]
    standing: Standing
    watched: tuple[Guardrail, ...]
    made: Made
    held: tuple[Held, ...] = ()


def of(session: Session, experiment: Experiment, *, now: datetime, zone: tzinfo = UTC) -> Readout:
    """The readout that pages, API and export share. `zone` is the reader's: sentences name days."""
    found = _look(session, experiment, now=now, zone=zone)
    unknown = _range_with_unknown(found.standing, found.rule)
    call, estimates, comparisons = _as_stored(
        session, experiment, found, _more_facts(found, unknown)
    )
    arms = tuple(_arm(experiment, total) for total in found.totals.values())
    return Readout(
        experiment_id=experiment.id,
        status=experiment.status,
        as_of=now,
        rule_version=experiment.rule_version or "",
        arms=arms,
        estimates=estimates,
        comparisons=comparisons,
        health=_health(experiment, arms, unknown),
        guardrails=found.watched,
        call=call,
        key_results=evidence.of(
            experiment.design, estimates, comparisons, movements.realised(session, experiment)
        ),
        headline=sentences.headline(arms),
        rule=found.rule,
        range_with_unknown=unknown,
        why_not_yet=found.made.missing if call.state is State.WAITING else (),
        funnel=_funnel(arms),
        links=counts.links(session, experiment.id),
        series=counts.series(session, experiment.id),
        looks=tuple(plan_and_looks(experiment, found.held, found.rule)),
        days=counts.days(session, experiment.id),
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
        threshold=rule.get("threshold"),
        confidence=rule.get("confidence", 0.95),
        method=rule.get("method") or "curtailed",
        window_hours=metric.get("window_hours") or 72,
        baseline=rule.get("baseline") or "",
        mde=rule.get("mde") or 0.0,
        metric=metric["kind"],
        covariate=bool(metric.get("covariate")),
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
    if experiment.design.get("holdout"):
        keys.append(HOLDOUT)
    return {key: found.get(key, ArmTotals(key)) for key in keys}


def standing_of(experiment: Experiment, totals: dict[str, ArmTotals], *, now: datetime) -> Standing:
    """Where an experiment stands between launch and its last window, all arms together."""
    total = together(totals.values())
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
    breached = guardrails.breached(watched)
    if rule.method == "curtailed":
        made = calls.make(standing, rule, breached=breached, zone=zone)
        return _Found(rule, totals, standing, watched, made)
    held = tuple(looks.held(session, experiment.id))
    arms = looks.matured_now(session, experiment, now=now)
    if rule.kind == "comparison":
        made = compared.make(
            dict(arms),
            rule,
            held=held,
            planned=(experiment.plan or {}).get("arms") or {},
            ended=standing.closed,
            breached=breached,
            answer_by=_next_answer(experiment, held, standing),
            zone=zone,
        )
    else:
        course = course_of(experiment, arms, held, rule, ended=standing.closed)
        read = repeated.by_looks if rule.method == "sequential" else repeated.at_any_time
        made = read(course, rule, breached=breached, zone=zone)
    return _Found(rule, totals, standing, watched, _if_split(experiment, totals, made), held)


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
    coming = [one for one in plan_and_looks(experiment, held, rule) if one.held_at is None]
    return Course(
        key=key,
        planned=experiment.enrolled or 0,
        strata=strata,
        held=held,
        coming=() if ended else coming,
        ended=ended,
    )


def plan_and_looks(experiment: Experiment, held: Sequence[Held], rule: Rule) -> Iterator[LookAt]:
    """Every planned look: as it was held, or as it is to come."""
    if rule.method != "sequential":
        held = ()
    done = {one.number: one for one in held}
    over = bool(held and held[-1].last)
    for planned in (experiment.plan or {}).get("looks") or []:
        one = done.get(planned["number"])
        if one is not None:
            people = looks.people(one.arms)
            hits = sum(repeated.counts_at(one, key, rule)[1] for key in one.arms if key != HOLDOUT)
            yield LookAt(one.number, one.due_at, one.at, people, hits, one.boundary)
        elif not over and planned["number"] > max(done, default=0):
            due_at = datetime.fromisoformat(planned["due_at"])
            needed = planned.get("pass_count")
            yield LookAt(planned["number"], due_at, None, planned["people"], None, needed)


def _next_answer(
    experiment: Experiment, held: Sequence[Held], standing: Standing
) -> datetime | None:
    coming = [
        one for one in plan_and_looks(experiment, held, rule_of(experiment)) if not one.held_at
    ]
    if standing.over or not coming:
        return standing.answer_by
    return coming[0].due_at


def _if_split(experiment: Experiment, totals: dict[str, ArmTotals], made: Made) -> Made:
    """A result of groups that were not drawn as planned is none."""
    ratio = splits.check(experiment.design, totals)
    if ratio.ok or made.call.state not in {State.VALIDATED, State.REFUTED}:
        return made
    sentence = f"Inconclusive: {splits.WRONG} Without that it would read: {made.call.sentence}"
    return replace(made, call=replace(made.call, state=State.INCONCLUSIVE, sentence=sentence))


def _as_stored(
    session: Session, experiment: Experiment, found: _Found, more: tuple[str, ...]
) -> tuple[Call, tuple[Estimate, ...], tuple[Comparison, ...]]:
    """The final call as it was stored, if it was: nothing that comes later alters it."""
    fresh = replace(found.made.call, because=(*found.made.call.because, *more))
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
    estimates = tuple(_known(Estimate, row) for row in final.body["estimates"])
    return call, estimates, tuple(_compared(row) for row in final.body["comparisons"])


def _compared(stored: dict[str, Any]) -> Comparison:
    row: Comparison = _known(Comparison, stored)
    return replace(row, state=State(row.state))


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
    of_arm = ((experiment.plan or {}).get("arms") or {}).get(total.key, experiment.enrolled or 0)
    return ArmCounts(enrolled=of_arm, **{name: getattr(total, name) for name in names})


def _range_with_unknown(standing: Standing, rule: Rule) -> UnknownRange | None:
    """The rate with people of unknown kind all out and all in, and whether the call survives it."""
    released, human = standing.arm.released, standing.arm.human_clickers
    if not released or rule.method != "curtailed":
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


def _health(
    experiment: Experiment, arms: tuple[ArmCounts, ...], unknown: UnknownRange | None
) -> Health:
    ratio = splits.check(experiment.design, {arm.key: arm for arm in arms})
    machines = sum(arm.machine_clickers for arm in arms)
    everybody = machines + sum(arm.human_clickers + arm.unknown_clickers for arm in arms)
    return Health(
        sample_ratio=ratio,
        machine_share=machines / everybody if everybody else 0.0,
        warnings=(*([] if ratio.ok else [splits.WRONG]), *_warnings(arms, unknown)),
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

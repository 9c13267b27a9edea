"""What a result does to a key result, once its windows have closed: added, or written as a run.

A contribution wants a decision, too: it is posted with whichever of the two comes last.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlmodel import Session

from app.analysis import gates, snapshots
from app.analysis import readout as readouts
from app.analysis import store as analysis
from app.analysis.evidence import increment_of
from app.analysis.readout_types import Estimate, Readout
from app.experiments import key_result_rules
from app.experiments import store as experiments
from app.experiments.models import Experiment
from app.experiments.vocabulary import HOLDOUT, Mode
from app.okr import exact, ledger, runs, store
from app.okr.ledger import Entry
from app.okr.overlap import Group
from app.okr.runs import Run
from app.platform import events, figures
from app.platform.db import Database
from app.platform.duties import Duty
from app.platform.errors import Conflict, Invalid
from app.platform.put_off import Work
from app.review import store as review

NOT_MOVED = "key_result.not_moved"
_NOBODY = "Nobody was reached: every mail came back or was refused, so nothing was measured."
_PERCENT = 100  # a key result in percent holds what people type


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to one linked key result. `warning` says why not, or why not all of it."""

    key_result_id: str
    amount: float | None
    warning: str | None


def decided(
    session: Session,
    experiment: Experiment,
    readout: Readout,
    *,
    by: str,
    zone: tzinfo,
    now: datetime,
) -> tuple[Moved, ...]:
    """At the decision: add what was measured, or leave it to be added when the windows close."""
    released = any(arm.released for arm in readout.arms)
    if released and not snapshots.is_over(session, experiment, now=now):
        return ()
    return post(session, experiment, readout, by=by, zone=zone, now=now)


def post(
    session: Session,
    experiment: Experiment,
    readout: Readout,
    *,
    by: str,
    zone: tzinfo,
    now: datetime,
) -> tuple[Moved, ...]:
    """Put the measured increment into the ledger of each contribution's number.

    A number that cannot take it (its cycle was closed, its source changed) stops no decision; what
    was not posted is told, with the reason.
    """
    return tuple(
        _posted(session, experiment, readout, link["key_result_id"], by=by, zone=zone, now=now)
        for link in _links(experiment, Mode.CONTRIBUTION)
    )


def duty(database: Database, *, zone: tzinfo) -> Duty:
    """Freeze each result that has closed, and write it to the numbers that it moves."""

    def is_due(session: Session, experiment_id: str, now: datetime) -> bool:
        experiment = experiments.experiment_of(session, experiment_id)
        return snapshots.may_be_final(session, experiment, now=now)

    def write(experiment_id: str, now: datetime) -> int:
        with database.write() as session:
            experiment = experiments.locked(session, experiment_id)
            return write_final(session, experiment, zone=zone, now=now)

    return Duty(
        work=Work.FREEZE,
        items=lambda session, _now: [one.id for one in analysis.without_final(session)],
        is_due=is_due,
        do=write,
    )


def write_final(session: Session, experiment: Experiment, *, zone: tzinfo, now: datetime) -> bool:
    """Freeze the last call, and write it to the numbers that it moves; False where it was."""
    if snapshots.latest_final(session, experiment.id) is not None:
        return False
    snapshots.freeze_final(session, experiment, now=now)
    write_run(session, experiment, zone=zone, now=now)
    _post_decided(session, experiment, zone=zone, now=now)
    return True


def write_run(
    session: Session, experiment: Experiment, *, zone: tzinfo, now: datetime
) -> tuple[Moved, ...]:
    """The value of a run whose windows have closed. Where nobody matured, nothing is written."""
    links = _links(experiment, Mode.DIRECT)
    if not links:
        return ()
    readout = readouts.readout_of(session, experiment, now=now)
    estimate = _measured(experiment, readout)
    if estimate is None:
        return ()
    if estimate.arm in gates.unreached(readout.arms):
        return tuple(
            _told(session, experiment, Moved(link["key_result_id"], None, _NOBODY), now=now)
            for link in links
        )
    return tuple(
        _written(session, experiment, estimate, link["key_result_id"], zone=zone, now=now)
        for link in links
    )


def _post_decided(session: Session, experiment: Experiment, *, zone: tzinfo, now: datetime) -> None:
    """What was decided before its windows closed, and therefore not added then."""
    decision = review.decision_of(session, experiment.id)
    links = [
        link
        for link in _links(experiment, Mode.CONTRIBUTION)
        if store.contribution_of(session, link["key_result_id"], experiment.id) is None
    ]
    if decision is None or not links:
        return
    readout = readouts.readout_of(session, experiment, now=now)
    for link in links:
        _posted(
            session, experiment, readout, link["key_result_id"], by=decision.decided_by, zone=zone,
            now=now,
        )  # fmt: skip


def _posted(
    session: Session,
    experiment: Experiment,
    readout: Readout,
    key_result_id: str,
    *,
    by: str,
    zone: tzinfo,
    now: datetime,
) -> Moved:
    increment = increment_of(readout)
    if increment is None:
        why = _nothing_to_add(experiment)
        return _told(session, experiment, Moved(key_result_id, None, why), now=now)
    entry = Entry(
        experiment_id=experiment.id,
        date=now.astimezone(zone).date(),
        amount=increment.amount,
        low=increment.low,
        high=increment.high,
        people=increment.people,
        event=_event(experiment),
    )
    try:
        with session.begin_nested():
            ledger.post(session, key_result_id, entry, sharing=_sharing(session), by=by, now=now)
    except (Conflict, Invalid) as error:
        return _told(session, experiment, Moved(key_result_id, None, str(error)), now=now)
    return Moved(key_result_id, increment.amount, _shared(session, experiment, key_result_id))


def _written(
    session: Session,
    experiment: Experiment,
    estimate: Estimate,
    key_result_id: str,
    *,
    zone: tzinfo,
    now: datetime,
) -> Moved:
    factor = _PERCENT if store.key_result_of(session, key_result_id).unit == "percent" else 1
    assert estimate.rate is not None
    run = Run(
        experiment_id=experiment.id,
        date=now.astimezone(zone).date(),
        value=exact.times(estimate.rate, factor),
        low=exact.times(estimate.low, factor),
        high=exact.times(estimate.high, factor),
        observed=estimate.people,
    )
    try:
        with session.begin_nested():
            runs.write(session, key_result_id, run, now=now)
    except (Conflict, Invalid) as error:
        return _told(session, experiment, Moved(key_result_id, None, str(error)), now=now)
    return Moved(key_result_id, run.value, None)


def _told(session: Session, experiment: Experiment, moved: Moved, *, now: datetime) -> Moved:
    facts = {"experiment_id": experiment.id, "reason": moved.warning}
    events.record(session, NOT_MOVED, subject=moved.key_result_id, now=now, facts=facts)
    return moved


def reasons_why_not(session: Session, key_result_id: str) -> dict[str, str]:
    """Why results last did not move a key result, by experiment."""
    told = events.of_kind(session, NOT_MOVED, subject=key_result_id)
    return {event.facts["experiment_id"]: str(event.facts["reason"]) for event in told}


def _links(experiment: Experiment, mode: Mode) -> list[Mapping[str, Any]]:
    links = key_result_rules.bearing(experiment).get("key_results") or []
    return [link for link in links if link.get("mode") == mode]


def _measured(experiment: Experiment, readout: Readout) -> Estimate | None:
    """The estimate of the arm that got something, once somebody has matured."""
    baseline = experiment.design["rule"].get("baseline")
    estimates = [
        estimate
        for estimate in readout.estimates
        if estimate.arm != baseline and estimate.rate is not None and estimate.people
    ]
    return estimates[0] if len(estimates) == 1 else None


def _event(experiment: Experiment) -> str:
    metric = experiment.design["metric"]
    return str(metric.get("event") or metric["kind"])


def _nothing_to_add(experiment: Experiment) -> str:
    if experiment.design["rule"].get("baseline"):
        return (
            "Too few people were measured in one of the groups to tell what came on top, so"
            " nothing is added."
        )
    return "Nothing was compared with a group that got nothing, so nothing is added."


def _sharing(session: Session) -> ledger.Sharing:
    """Who else measured an experiment's people while it did, leaving out who got nothing."""

    def found(experiment_id: str, others: Collection[str]) -> Sequence[Group]:
        controls = {one: _control(session, one) for one in (experiment_id, *others)}
        groups = analysis.shared_groups(session, experiment_id, others, controls=controls)
        return [Group(people, ids) for ids, people in groups.items()]

    return found


def _control(session: Session, experiment_id: str) -> str:
    design = experiments.experiment_of(session, experiment_id).design
    return design["rule"].get("baseline") or HOLDOUT


def _shared(session: Session, experiment: Experiment, key_result_id: str) -> str | None:
    """What this one costs, or is cost by, the others."""
    lines = {line.row.experiment_id: line for line in ledger.lines(session, key_result_id)}
    people = sum(group.people for group in lines[experiment.id].groups)
    if not people:
        return None
    were = f"{figures.count(people)} {'person was' if people == 1 else 'people were'}"
    return (
        f"{were} counted in another contribution with the same event at the same time: they are"
        " added once, with the larger of the two."
    )

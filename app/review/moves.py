"""What a result does to a key result: posted at the decision, or written when a run has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlmodel import Session

from app.analysis import readout as readouts
from app.analysis import snapshots
from app.analysis import store as analysis
from app.analysis.evidence import increment_of
from app.analysis.models import Kind
from app.analysis.shapes import Estimate, Readout
from app.experiments.models import Experiment
from app.experiments.terms import MetricKind, Mode
from app.okr import ledger, runs, store
from app.okr.ledger import Entry
from app.okr.runs import Run
from app.platform import events
from app.platform.errors import Conflict, Invalid

NOT_MOVED = "key_result.not_moved"
_PERCENT = 100  # a key result in percent holds what people type


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to one linked key result. `warning` says why not, or why not all of it."""

    key_result_id: str
    amount: float | None
    warning: str | None


def post(
    session: Session,
    experiment: Experiment,
    readout: Readout,
    *,
    by: str,
    zone: tzinfo,
    now: datetime,
) -> tuple[Moved, ...]:
    """At the decision: put the measured increment into the ledger of each contribution's number.

    A number that cannot take it (its cycle was closed, its source changed) stops no decision; what
    was not posted is told, with the reason.
    """
    return tuple(
        _posted(session, experiment, readout, link["key_result_id"], by=by, zone=zone, now=now)
        for link in _links(experiment, Mode.CONTRIBUTION)
    )


def write_due(session: Session, *, zone: tzinfo, now: datetime) -> int:
    """Freeze what has closed, and write the runs that have ended to the numbers they are."""
    ending = analysis.without_final(session)
    frozen = snapshots.freeze_due(session, now)
    if frozen:
        for experiment in ending:
            if analysis.snapshot_of(session, experiment.id, Kind.FINAL) is not None:
                write_run(session, experiment, zone=zone, now=now)
    return frozen


def write_run(
    session: Session, experiment: Experiment, *, zone: tzinfo, now: datetime
) -> tuple[Moved, ...]:
    """The value of a run whose windows have closed. Where nobody matured, nothing is written."""
    links = _links(experiment, Mode.DIRECT)
    if not links:
        return ()
    estimate = _measured(experiment, readouts.of(session, experiment, now=now))
    if estimate is None:
        return ()
    return tuple(
        _written(session, experiment, estimate, link["key_result_id"], zone=zone, now=now)
        for link in links
    )


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
    found = increment_of(readout)
    if found is None:
        why = "Nothing was compared with a group that got nothing, so nothing is added."
        return _told(session, experiment, Moved(key_result_id, None, why), now=now)
    entry = Entry(
        experiment_id=experiment.id,
        date=now.astimezone(zone).date(),
        amount=found.amount,
        low=found.low,
        high=found.high,
        people=found.people,
        event=_event(experiment),
    )
    store.claimed(session, key_result_id)  # of two decided at once, the second sees the first
    overlaps = _overlaps(session, experiment, key_result_id)
    try:
        with session.begin_nested():
            ledger.post(session, key_result_id, entry, overlaps=overlaps, by=by, now=now)
    except (Conflict, Invalid) as error:
        return _told(session, experiment, Moved(key_result_id, None, str(error)), now=now)
    return Moved(key_result_id, found.amount, _shared(session, experiment, overlaps))


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
        value=factor * estimate.rate,
        low=factor * estimate.low,
        high=factor * estimate.high,
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


def why_not(session: Session, experiment_id: str, key_result_id: str) -> str:
    """Why a result last did not move a key result, or nothing."""
    told = events.of_kind(session, NOT_MOVED, subject=key_result_id)
    reasons = [one.facts["reason"] for one in told if one.facts["experiment_id"] == experiment_id]
    return str(reasons[-1]) if reasons else ""


def _links(experiment: Experiment, mode: Mode) -> list[Mapping[str, Any]]:
    links: list[Mapping[str, Any]] = experiment.design.get("key_results") or []
    return [link for link in links if link.get("mode") == mode]


def _measured(experiment: Experiment, readout: Readout) -> Estimate | None:
    """The estimate of the arm that got something, once somebody has matured."""
    baseline = experiment.design["rule"].get("baseline")
    found = [
        one
        for one in readout.estimates
        if one.arm != baseline and one.rate is not None and one.people
    ]
    return found[0] if len(found) == 1 else None


def _event(experiment: Experiment) -> str:
    metric = experiment.design["metric"]
    return str(metric.get("event") or MetricKind(metric["kind"]))


def _overlaps(session: Session, experiment: Experiment, key_result_id: str) -> list[str]:
    """Experiments of the same ledger that released some of the same people."""
    return [
        line.row.experiment_id
        for line in ledger.lines(session, key_result_id)
        if line.row.event == _event(experiment)
        and analysis.shared_people(session, experiment.id, line.row.experiment_id)
    ]


def _shared(session: Session, experiment: Experiment, overlaps: list[str]) -> str | None:
    if not overlaps:
        return None
    people = sum(analysis.shared_people(session, experiment.id, one) for one in overlaps)
    were = f"{people:,} {'person was' if people == 1 else 'people were'}"
    return (
        f"{were} counted in another contribution with the same event: only the larger of the two"
        " is added."
    )

"""Freeze readouts: when every window has closed, and when somebody decides."""

from datetime import UTC, datetime

from sqlmodel import Session

from app.analysis import gathered, look_worker, standings, store, verdicts
from app.analysis import readout as readouts
from app.analysis.models import Kind, Snapshot
from app.analysis.readout_json import as_json
from app.analysis.readout_types import Readout
from app.experiments.models import Experiment, Status
from app.platform import events


def freeze_due(session: Session, now: datetime) -> int:
    """Store the final call of every experiment whose windows have all closed. How many."""
    closed = [
        experiment
        for experiment in store.without_final(session)
        if may_be_final(session, experiment, now=now)
    ]
    for experiment in closed:
        freeze_final(session, experiment, now=now)
    return len(closed)


def freeze_final(session: Session, experiment: Experiment, *, now: datetime) -> None:
    """Store the final call of one experiment, and tell it."""
    final = freeze(session, experiment, Kind.FINAL, now=now)
    events.record(
        session,
        "readout.final",
        subject=experiment.id,
        now=now,
        facts={"call": final.call, "hits": final.hits, "people": final.people},
    )
    if experiment.status != Status.DECIDED:  # whoever decided knows
        verdicts.tell(session, experiment, zone=UTC, now=now)


def is_over(session: Session, experiment: Experiment, *, now: datetime) -> bool:
    """Whether what an experiment measured changes no more: its last call is final, or may be."""
    return latest_final(session, experiment.id) is not None or may_be_final(
        session, experiment, now=now
    )


def freeze(session: Session, experiment: Experiment, kind: Kind, *, now: datetime) -> Snapshot:
    """Keep the readout as it stands: k, n and the version of the verdict rules with it."""
    read = readouts.counted if kind is Kind.FINAL else readouts.readout_of
    snapshot = _snapshot(read(session, experiment, now=now), kind)
    session.add(snapshot)
    session.flush()
    return snapshot


def latest_final(session: Session, experiment_id: str) -> Snapshot | None:
    """The final call, once there is one."""
    return store.snapshot_of(session, experiment_id, Kind.FINAL)


def may_be_final(session: Session, experiment: Experiment, *, now: datetime) -> bool:
    """Whether its windows have closed, every click is in, and its last look is over."""
    found = gathered.gather(session, experiment, now=now)
    is_closed = standings.standing_of(experiment, found).closed
    return is_closed and look_worker.is_complete(experiment, found.held)


def _snapshot(readout: Readout, kind: Kind) -> Snapshot:
    return Snapshot(
        experiment_id=readout.experiment_id,
        at=readout.as_of,
        kind=kind,
        rule_version=readout.rule_version,
        call=readout.call.state,
        hits=sum(estimate.settled for estimate in readout.estimates),
        people=sum(estimate.people for estimate in readout.estimates),
        body=as_json(readout),
    )

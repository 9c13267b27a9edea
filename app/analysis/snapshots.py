"""Freeze readouts: when every window has closed, and when somebody decides."""

from datetime import datetime

from sqlmodel import Session

from app.analysis import holding, standings, store
from app.analysis import readout as readouts
from app.analysis.known import of as known_of
from app.analysis.models import Kind, Snapshot
from app.analysis.shapes import Readout, as_json
from app.experiments.models import Experiment
from app.platform import events


def freeze_due(session: Session, now: datetime) -> int:
    """Store the final call of every experiment whose windows have all closed. How many."""
    closed = closing(session, now)
    for experiment in closed:
        final = freeze(session, experiment, Kind.FINAL, now=now)
        events.record(
            session,
            "readout.final",
            subject=experiment.id,
            now=now,
            facts={"call": final.call, "hits": final.hits, "people": final.people},
        )
    return len(closed)


def closing(session: Session, now: datetime) -> list[Experiment]:
    """Experiments whose windows have closed, every click in, and whose last look is over."""
    return [
        experiment
        for experiment in store.without_final(session)
        if _may_be_final(session, experiment, now=now)
    ]


def is_over(session: Session, experiment: Experiment, *, now: datetime) -> bool:
    """Whether what an experiment measured changes no more: its last call is final, or may be."""
    return latest_final(session, experiment.id) is not None or _may_be_final(
        session, experiment, now=now
    )


def freeze(session: Session, experiment: Experiment, kind: Kind, *, now: datetime) -> Snapshot:
    """Keep the readout as it stands: k, n and the version of the verdict rules with it."""
    read = readouts.counted if kind is Kind.FINAL else readouts.of
    snapshot = _snapshot(read(session, experiment, now=now), kind)
    session.add(snapshot)
    session.flush()
    return snapshot


def latest_final(session: Session, experiment_id: str) -> Snapshot | None:
    """The final call, once there is one."""
    return store.snapshot_of(session, experiment_id, Kind.FINAL)


def _may_be_final(session: Session, experiment: Experiment, *, now: datetime) -> bool:
    known = known_of(session, experiment, now=now)
    return standings.has_closed(session, experiment, known=known) and holding.is_complete(
        session, experiment
    )


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

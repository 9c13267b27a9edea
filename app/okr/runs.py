"""A key result that IS an experiment's metric: one value per run, when its windows have closed."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from sqlmodel import Session

from app.okr import exact, provenance, series, store, telling
from app.okr.ledger import refuse_other_sources
from app.okr.models import CheckIn, KeyResult


@dataclass(frozen=True, slots=True)
class Run:
    """What one run measured, in the key result's unit, with its interval."""

    experiment_id: str
    date: Date
    value: float
    low: float
    high: float
    observed: int


def write(session: Session, key_result_id: str, run: Run, *, now: datetime) -> CheckIn:
    """Put the value of a run, once; again changes nothing. What was put that day stays beside."""
    row = store.claimed(session, key_result_id)
    refuse_other_sources(row)
    provenance.refuse_undone(session, key_result_id, run.experiment_id)
    provenance.refuse_ended(session, row, run.date)
    held = store.written_by(session, key_result_id, run.experiment_id)
    if held is not None:
        return held
    written = _measured(row, run, now=now)
    with telling.changes(session, row, now=now):
        session.add(written)
    return written


def take_back(session: Session, row: KeyResult, written: CheckIn, *, now: datetime) -> None:
    """Retire what a run wrote; what stood without it stands again."""
    with telling.changes(session, row, comment="Taken back", now=now):
        written.replaced_at = now
        session.add(written)


def _measured(row: KeyResult, run: Run, *, now: datetime) -> CheckIn:
    return CheckIn(
        key_result_id=row.id,
        date=run.date,
        value=exact.checked(run.value),
        source=series.DERIVED,
        recorded_at=now,
        recorded_by="the experiment",
        experiment_id=run.experiment_id,
        observed=run.observed,
        estimate=run.value,
        low=exact.checked(run.low),
        high=exact.checked(run.high),
    )

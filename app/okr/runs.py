"""A key result that IS an experiment's metric: one value per run, when its windows have closed."""

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from sqlmodel import Session

from app.okr import provenance, store
from app.okr.ledger import refuse_other_sources
from app.okr.models import CheckIn
from app.okr.provenance import Origin


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
    """Put the value of a run, once; again changes nothing."""
    row = store.claimed(session, key_result_id)
    refuse_other_sources(row)
    provenance.refuse_undone(session, key_result_id, run.experiment_id)
    written = store.written_by(session, key_result_id, run.experiment_id)
    if written:
        return written[-1]
    held = store.value_on(session, key_result_id, run.date)
    origin = Origin(
        run.experiment_id, run.observed, run.value, run.low, run.high, by="the experiment"
    )
    return provenance.write(session, row.id, run.date, run.value, origin, held=held, now=now)


def take_back(session: Session, key_result_id: str, experiment_id: str, *, now: datetime) -> None:
    """Retire what a run wrote; later confirmations follow the run before it, or go with it."""
    store.claimed(session, key_result_id)
    before: CheckIn | None = None
    for held in store.values(session, key_result_id):
        if held.experiment_id == experiment_id:
            provenance.retire(session, held, now=now)
        elif held.experiment_id is not None:
            before = held
        elif before is None:
            provenance.retire(session, held, now=now)
        else:
            provenance.write(
                session, key_result_id, held.date, before.value, provenance.NONE, held=held, now=now
            )

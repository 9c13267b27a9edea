"""From its first reservation a person counts, whatever follows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from app.audience.columns import Columns
from app.delivery import person_store
from app.delivery.settling import Reserved
from app.experiments import cell_types
from app.experiments.models import Experiment
from app.tally import store as tally
from app.tally.sent import Released

_STRATUM_CHARS = 60  # of each segment's value; longer ones are cut


class _Traits(NamedTuple):
    stratum: str = ""
    covariate: float | None = None


_NONE = _Traits()


def release(session: Session, experiment: Experiment, people: Iterable[Reserved]) -> None:
    """Count people in their arm, each with the moment at which their window closes."""
    people = list(people)
    window = timedelta(hours=float(experiment.design["metric"]["window_hours"]))
    stop = stop_of(experiment)
    traits = _traits(session, experiment, people, cell_types.columns_of(session, experiment))
    tally.release(
        session,
        [
            Released(
                send_id=person.send_id,
                experiment_id=person.experiment_id,
                arm=person.arm,
                stratum=traits.get(person.send_id, _NONE).stratum,
                released_at=person.released_at,
                closes_at=_closing(person.released_at + window, stop),
                covariate=traits.get(person.send_id, _NONE).covariate,
            )
            for person in people
        ],
    )


def _traits(
    session: Session, experiment: Experiment, people: Sequence[Reserved], columns: Columns
) -> dict[int, _Traits]:
    """The stratum and the covariate of each, as they were frozen; nothing where none is named."""
    segments = experiment.design.get("segments") or []
    covariate = experiment.design["metric"].get("covariate")
    if not segments and not covariate:
        return {}
    frozen = person_store.frozen_of(session, [person.send_id for person in people])
    return {
        send_id: _Traits(
            json.dumps([_kind(name, row, columns) for name in segments]) if segments else "",
            columns.number(covariate, row) if covariate else None,
        )
        for send_id, row in frozen.items()
    }


def _kind(name: str, row: Mapping[str, object], columns: Columns) -> str:
    """Which kind of people somebody belongs to: 1,200 and 1200 are one where both are numbers."""
    return columns.said(name, row)[:_STRATUM_CHARS]


def stop_of(experiment: Experiment) -> datetime | None:
    """When counting ends for everybody, if the design says so."""
    stop = experiment.design.get("stop_at")
    return datetime.fromisoformat(str(stop)) if stop else None


def _closing(end_of_window: datetime, stop: datetime | None) -> datetime:
    return end_of_window if stop is None else min(end_of_window, stop)

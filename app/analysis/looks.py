"""Planned looks: held on their dates, with the counts of that moment, and never changed after."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.analysis import matured, store
from app.analysis.known import Known
from app.analysis.matured import Matured, Strata, total
from app.analysis.models import Look
from app.experiments.models import Experiment, Status
from app.experiments.plans import SETTLES_AFTER

_ENDED = (Status.MEASURING, Status.DECIDED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Held:
    """A look as it was held."""

    number: int
    due_at: datetime
    at: datetime
    arms: Mapping[str, Strata]
    last: bool
    boundary: int | None = None  # clicks needed at it, of a threshold rule


def held(session: Session, experiment_id: str) -> list[Held]:
    """The looks so far, in order."""
    return [_read(row) for row in store.looks_of(session, experiment_id)]


def matured_now(
    session: Session, experiment: Experiment, *, known: Known
) -> dict[str, dict[str, Matured]]:
    """Everybody whose window has closed and whose clicks are in and settled, every arm named."""
    design = experiment.design
    stop = design.get("stop_at")
    found = matured.by_arm(
        session,
        experiment.id,
        window=timedelta(hours=float(design["metric"]["window_hours"])),
        stop_at=datetime.fromisoformat(str(stop)) if stop else None,
        now=known.until - SETTLES_AFTER,
    )
    keys = [arm["key"] for arm in design["arms"]] + (["holdout"] if design.get("holdout") else [])
    return {key: found.get(key, {}) for key in keys}


def due(
    experiment: Experiment, before: Sequence[Held], *, closed: bool, known: Known
) -> dict[str, Any] | None:
    """The planned look whose turn it is, if its day has come; the last one waits for everybody."""
    if before and before[-1].last:
        return None
    planned = (experiment.plan or {}).get("looks") or []
    coming = [one for one in planned if one["number"] > (before[-1].number if before else 0)]
    if not coming:
        return None
    if closed:  # cancelled or decided early: nothing else will come
        return {**coming[-1], "last": True}
    ripe = [one for one in coming[:-1] if known.covers(datetime.fromisoformat(one["due_at"]))]
    return {**ripe[-1], "last": False} if ripe else None


def keep(
    session: Session,
    experiment: Experiment,
    look: Mapping[str, Any],
    arms: Mapping[str, Strata],
    *,
    boundary: int | None,
    now: datetime,
) -> Held:
    """Store a look."""
    body = {
        "arms": {
            key: {name: asdict(one) for name, one in strata.items()} for key, strata in arms.items()
        },
        "last": look["last"],
        "boundary": boundary,
    }
    row = Look(
        experiment_id=experiment.id,
        number=look["number"],
        due_at=datetime.fromisoformat(look["due_at"]),
        at=now,
        body=body,
    )
    session.add(row)
    session.flush()
    return _read(row)


def people(arms: Mapping[str, Strata]) -> int:
    """Everybody in all arms."""
    return sum(total(strata).people for strata in arms.values())


def _read(row: Look) -> Held:
    arms = {
        key: {name: Matured(**one) for name, one in strata.items()}
        for key, strata in row.body["arms"].items()
    }
    return Held(row.number, row.due_at, row.at, arms, row.body["last"], row.body.get("boundary"))

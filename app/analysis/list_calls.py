"""What many experiments say, for lists: the call of each, and what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from app.analysis import gathered, planned_looks, store, waiting
from app.analysis.current_call import look
from app.analysis.known_until import Knowing
from app.analysis.models import Kind
from app.analysis.planned_looks import Held
from app.analysis.readout_json import without_verdict
from app.analysis.readout_types import Call, Comparison, Estimate, State
from app.experiments.models import Experiment
from app.platform import garbled


@dataclass(frozen=True, slots=True)
class Told:
    """A readout without links and the course over time."""

    call: Call
    estimates: tuple[Estimate, ...]
    comparisons: tuple[Comparison, ...]
    frozen: str | None = None  # why it was frozen, if it was
    is_garbled: bool = False  # nothing of it can be read


_GARBLED = Told(
    Call(State.WAITING, False, garbled.CANNOT_BE_READ, (), None, None), (), (), is_garbled=True
)
_CALL: TypeAdapter[Call] = TypeAdapter(Call)
_ESTIMATES: TypeAdapter[tuple[Estimate, ...]] = TypeAdapter(tuple[Estimate, ...])
_COMPARISONS: TypeAdapter[tuple[Comparison, ...]] = TypeAdapter(tuple[Comparison, ...])


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was frozen of experiments, and the looks at those that are open: by id.

    Those with a look that cannot be read are in neither.
    """

    frozen: Mapping[str, Any]
    held: Mapping[str, Sequence[Held]]


def calls_of_many(
    session: Session,
    experiments: Sequence[Experiment],
    *,
    now: datetime,
    zone: tzinfo = UTC,
    knowing: Knowing | None = None,
) -> dict[str, Told]:
    """By id: as it was frozen, or as it is counted now. `knowing` spares asking for it."""
    if not experiments:
        return {}
    kept = _kept(session, experiments)
    open_ones = [
        experiment
        for experiment in experiments
        if experiment.id in kept.held and gathered.can_be_read(experiment)
    ]
    counted = gathered.gather_many(session, open_ones, now=now, knowing=knowing, held=kept.held)
    found = {key: garbled.read(_as_frozen, row) for key, row in kept.frozen.items()}
    found |= {
        open_one.id: garbled.read(_as_counted, open_one, counted[open_one.id], zone)
        for open_one in open_ones
    }
    return {experiment.id: found.get(experiment.id) or _GARBLED for experiment in experiments}


def finals_of(session: Session, experiments: Sequence[Experiment]) -> dict[str, Told]:
    """What was final of each, by id; those that are open still are left out."""
    frozen = _kept(session, experiments).frozen
    found = {
        key: garbled.read(_as_frozen, row) for key, row in frozen.items() if row.kind == Kind.FINAL
    }
    return {key: told for key, told in found.items() if told is not None}


def _kept(session: Session, experiments: Sequence[Experiment]) -> _Kept:
    frozen: dict[str, Any] = {}
    held: dict[str, list[Held | None]] = {experiment.id: [] for experiment in experiments}
    for row in store.kept_of(session, list(held)):
        if row.kind is not None:
            frozen[row.id] = row
        elif row.Look is not None:
            held[row.id].append(garbled.read(planned_looks.read, row.Look))
    readable = {
        key: [one for one in found if one is not None]
        for key, found in held.items()
        if key not in frozen and None not in found
    }
    return _Kept(frozen, readable)


def calls_of(
    session: Session,
    experiments: Sequence[Experiment],
    *,
    now: datetime,
    zone: tzinfo = UTC,
    knowing: Knowing | None = None,
) -> dict[str, Call]:
    """The calls alone, by id."""
    told = calls_of_many(session, experiments, now=now, zone=zone, knowing=knowing)
    return {key: one.call for key, one in told.items()}


def _as_frozen(row: Any) -> Told:
    call = replace(_CALL.validate_python(row.call), final=row.kind == Kind.FINAL)
    return Told(
        call,
        _ESTIMATES.validate_python(row.estimates),
        tuple(map(without_verdict, _COMPARISONS.validate_python(row.comparisons))),
        frozen=row.kind,
    )


def _as_counted(experiment: Experiment, found: gathered.Gathered, zone: tzinfo) -> Told:
    made = look(experiment, found, zone=zone).made
    return Told(waiting.told(made.call, found.known, zone), made.estimates, made.comparisons)

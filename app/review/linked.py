"""What experiments say of one key result: all of them, in as many questions as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from sqlmodel import Session

from app.analysis import evidence, list_calls, movements
from app.analysis.list_calls import Told
from app.analysis.models import Kind
from app.analysis.movements import Course
from app.analysis.readout_types import Evidence
from app.experiments import key_result_rules as links
from app.experiments.models import Experiment, Status
from app.experiments.vocabulary import Mode
from app.okr.models import KeyResult
from app.okr.series import Stored
from app.review import result_effects, store
from app.review.models import Decision
from app.review.store import ToMove


@dataclass(frozen=True, slots=True)
class Linked:
    """One experiment that should move it. `told` and `says` are None before it started.

    wrote: a value or a line of the ledger holds. undone: what it wrote was taken back. why_not:
    why nothing was written. is_due: a decided contribution only waits for its last windows.
    """

    experiment: Experiment
    mode: Mode
    told: Told | None
    says: Evidence | None
    decision: Decision | None
    wrote: bool
    undone: bool
    why_not: str
    is_due: bool
    linked_at: datetime | None  # where that was after the launch


def linked_experiments(
    session: Session, row: KeyResult, stored: Stored, *, now: datetime, zone: tzinfo = UTC
) -> Sequence[Linked]:
    """Every linked experiment, newest first. `stored` is what the key result's values rest on."""
    every = store.to_move(session, row.id)
    begun = [to_move.experiment for to_move in every if to_move.experiment.started_at is not None]
    known = list_calls.calls_of_many(session, begun, now=now, zone=zone)
    course = movements.course_of(stored)
    reasons = result_effects.reasons_why_not(session, row.id)
    wrote = {
        *course.lines,
        *(entry.experiment_id for entry in stored.entries if entry.experiment_id),
    }
    return [
        _linked(
            move,
            row,
            known.get(move.experiment.id),
            course,
            wrote=move.experiment.id in wrote,
            why_not=reasons.get(move.experiment.id, ""),
        )
        for move in every
    ]


def _linked(
    to_move: ToMove,
    row: KeyResult,
    known: Told | None,
    course: Course,
    *,
    wrote: bool,
    why_not: str,
) -> Linked:
    experiment = to_move.experiment
    mode = links.mode_of(experiment, row.id) or Mode.EVIDENCE
    is_due = (
        mode is Mode.CONTRIBUTION
        and experiment.status == Status.DECIDED
        and not (known is not None and known.frozen == Kind.FINAL)
        and experiment.id not in course.lines
        and not why_not
    )
    return Linked(
        experiment=experiment,
        mode=mode,
        told=known,
        says=_says(experiment, row, known, course) if known else None,
        decision=to_move.decision,
        wrote=wrote,
        undone=to_move.undone,
        why_not=why_not,
        is_due=is_due,
        linked_at=links.linked_at(experiment, row.id),
    )


def _says(experiment: Experiment, row: KeyResult, known: Told, course: Course) -> Evidence | None:
    moved = movements.moved(course, experiment)
    said = evidence.evidence_of(
        links.bearing(experiment),
        known.estimates,
        known.comparisons,
        {row.id: moved} if moved else {},
        units={row.id: row.unit},
    )
    return next((one for one in said if one.key_result_id == row.id), None)

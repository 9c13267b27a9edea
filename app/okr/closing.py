"""Close a cycle: every key result gets its score, and the numbers stay as they were scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.okr import closed, list_rows, series, store
from app.okr import progress as measures
from app.okr.models import Cycle, KeyResult
from app.okr.schemas import CloseDraft, ScoreDraft
from app.okr.series import Value
from app.okr.views import goal_of
from app.platform import events
from app.platform.errors import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Ended:
    """What a key result came to. `suggested` is its progress, 0..1; `score` once it is given."""

    row: KeyResult
    current: float | None
    suggested: float
    score: float | None


def ended(session: Session, cycle: Cycle) -> tuple[Ended, ...]:
    """Every key result of a cycle as it stood on the last day."""
    objectives = [objective.id for objective in store.objectives(session, cycle_id=cycle.id)]
    found = list_rows.by_objective(session, objectives)
    rows = [row for objective in objectives for row in found[objective]]
    values = series.recent_of(
        session,
        rows,
        since=cycle.starts,
        ends={row.id: cycle.ends for row in rows},
        suffice=lambda _row, found: bool(found),
    )
    return tuple(_ended(row, values[row.id]) for row in rows)


def close(session: Session, cycle: Cycle, draft: CloseDraft, *, by: str, now: datetime) -> None:
    """Score every key result; a score that isn't sent is its progress."""
    store.claimed_cycle(session, cycle.id)
    closed.refuse(session, cycles=(cycle.id,))
    found = ended(session, cycle)
    unknown = set(draft.scores) - {one.row.id for one in found}
    if unknown:
        raise Invalid.at("scores", f"Not key results of “{cycle.name}”: {', '.join(unknown)}.")
    for one in found:
        given = draft.scores.get(one.row.id, ScoreDraft())
        one.row.score = one.suggested if given.score is None else given.score
        one.row.score_comment = given.comment
        session.add(one.row)
    cycle.closed_at, cycle.closed_by = now, by
    session.add(cycle)
    session.flush()
    events.record(session, "cycle.closed", subject=cycle.id, now=now, facts={"name": cycle.name})


def reopen(session: Session, cycle: Cycle) -> None:
    """Let values be changed again; the scores are asked for anew."""
    store.claimed_cycle(session, cycle.id)
    if cycle.closed_at is None:
        raise Conflict(f"“{cycle.name}” is open already.")
    cycle.closed_at, cycle.closed_by = None, ""
    session.add(cycle)
    session.flush()
    for one in ended(session, cycle):
        one.row.score, one.row.score_comment = None, ""
        session.add(one.row)
    session.flush()


def mean(rows: Iterable[KeyResult]) -> float | None:
    """The weighted mean of the scores; between 0.6 and 0.7 is where ambition and truth meet."""
    return measures.rolled_up([(row.weight, row.score) for row in rows if row.score is not None])


def _ended(row: KeyResult, values: Sequence[Value]) -> Ended:
    last = values[-1].value if values else None
    done = measures.progress(goal_of(row), last) if last is not None else 0.0
    return Ended(row, last, measures.clamped(done), row.score)
